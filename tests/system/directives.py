"""What directives do from the start on, as they do after CONFIG SET; and what files may hold."""
import contextlib
import os
import pathlib
import re
import signal
import tempfile

from cases import Skip, case, run, stopped, until
from harness.server import ORACLE, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
STOCK = pathlib.Path("/etc/redis/redis.conf")  # of Debian's package
# Lines of it that name folders of the installed daemon.
OF_THE_MACHINE = {"daemonize", "dir", "logfile", "pidfile"}
# What conf/corral.conf has under "Refused".
REFUSED = {"aclfile", "appendonly", "auto-failover-on-shutdown", "cluster-enabled", "import-mode", "min-replicas-to-write", "rdma-bind",
           "rdma-port", "replicaof", "tls-auth-clients-user", "tls-cluster", "tls-port", "tls-replication", "unixsocketgroup"}
CAP_SYS_RESOURCE = 24
SIGSEGV = 11


def score(pid):
    with open("/proc/%d/oom_score_adj" % pid) as file:
        return int(file.read())


def status_bits(pid, field):
    """A hexadecimal field of /proc/PID/status: a set of signals or capabilities."""
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1], 16) for line in file if line.startswith(field + ":"))


@case()
def test_oom_score_is_adjusted_from_the_start(server):
    own = score(os.getpid())
    if not 0 <= own <= 500:
        raise Skip("the tests run with oom_score_adj %d, which leaves no room above it" % own)
    for adjust, value, wanted in (("absolute", own + 300, own + 300), ("relative", 200, own + 200), ("yes", 100, own + 100),
                                  ("absolute", 2000, 1000), ("no", 300, own)):
        with Server(server, oom_score_adj=adjust, oom_score_adj_values=[value, value, value]) as s, s.connect() as c:
            until(lambda: score(s.pid) == wanted, what="%s %d: %d" % (adjust, value, wanted))
            assert c.call("CONFIG", "SET", "oom-score-adj", "no") == ("+", b"OK")
            assert score(s.pid) == own, "not restored"


@case()
def test_an_oom_score_that_is_refused_is_logged(server):
    if status_bits(os.getpid(), "CapEff") >> CAP_SYS_RESOURCE & 1:
        raise Skip("this process may set any score")
    own = score(os.getpid())
    if own <= -999:
        raise Skip("there is no lower score")
    with Server(server, oom_score_adj="absolute", oom_score_adj_values=[-1000, 0, 0]) as s, s.connect() as c:
        until(lambda: "oom_score_adj: Permission denied" in s.output(), what="the line in the log")
        assert score(s.pid) == own
        assert c.call("CONFIG", "SET", "oom-score-adj-values", "-999 0 0") == ("-", (
            b"ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - "
            b"Failed to set current oom_score_adj. Check server logs."))
        assert c.call("CONFIG", "GET", "oom-score-adj-values")[1][1][1] == b"-1000 0 0"
        assert c.call("PING") == ("+", b"PONG")


@case(measures=True)
def test_crash_reports_and_the_log_level_hold_from_the_start(server):
    for enabled in (True, False):
        with Server(server, crash_log_enabled="yes" if enabled else "no", loglevel="warning") as s:
            assert bool(status_bits(s.pid, "SigCgt") >> (SIGSEGV - 1) & 1) == enabled
            assert "eady to accept" not in s.output()


def fewest_clients_seen(s, count):
    """Of what each of so many connections is told that come while the server stands still."""
    with contextlib.ExitStack() as stack:
        stopped(s.pid)
        try:
            clients = [stack.enter_context(s.connect()) for _ in range(count)]
            for c in clients:
                c.send("CLIENT", "LIST")
        finally:
            os.kill(s.pid, signal.SIGCONT)
        return min(c.read_frame()[0][1].count(b"\n") for c in clients) - 1


@case(ours=True)
def test_connections_accepted_in_a_turn(server):
    """The first to be served sees how many were accepted before it."""
    with Server(server, "--threads", "1", max_new_connections_per_cycle=2) as s, s.connect() as control:
        assert fewest_clients_seen(s, 40) <= 10
        assert control.call("CONFIG", "SET", "max-new-connections-per-cycle", "1000") == ("+", b"OK")
        until(lambda: len(control.text("CLIENT", "LIST").splitlines()) == 1, what="the end of the first ones")
        assert fewest_clients_seen(s, 40) >= 40


def stock_lines():
    try:
        return STOCK.read_text().splitlines()
    except OSError as error:
        raise Skip("no file of Redis to load: %s" % error)


def complaint(command, line):
    """What the server has against a line, or None: a second line that nobody takes ends it before it starts."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(line + "\nnosuchdirective 1\n")
        file.flush()
        status, output = run(command, file.name)
    assert status == 1, output
    return None if ">>> 'nosuchdirective 1'" in output else output


@case()
def test_the_file_of_debians_redis_is_served(server):
    lines = [line for line in stock_lines() if line.split() and line.split()[0] not in OF_THE_MACHINE]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        with Server(server, file.name) as s, s.connect() as c:
            assert c.call("PING") == ("+", b"PONG")
            assert "have no effect" not in s.output(), s.output()


@case()
def test_every_line_that_files_suggest_is_taken(server):
    """Lines in comments too, one by one, unless redis-server has something against them as well."""
    with Server(server) as s, s.connect() as c:
        names = {name.decode() for _, name in c.call("CONFIG", "GET", "*")[1][::2]}
    suggested = stock_lines() + (ROOT / "conf" / "corral.conf").read_text().splitlines()
    lines = dict.fromkeys(match[1] for match in (re.fullmatch(r"#? ?(([a-z_-]+) .*)", line) for line in suggested)
                          if match and match[2] in names | {"rename-command"} and match[2] != "dir")
    assert len(lines) > 150
    for line in lines:
        wrong = complaint(server, line)
        if wrong and line.split()[0] not in REFUSED:
            assert complaint(ORACLE, line), wrong
