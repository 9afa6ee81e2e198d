"""Configuration and start: mistakes name themselves and nothing starts half."""
import os
import pathlib
import socket
import stat
import tempfile
import threading

from cases import case, run, until
from harness.resp import Connection
from harness.server import ORACLE, Server, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]


def file_with(text):
    handle, path = tempfile.mkstemp(suffix=".conf")
    os.write(handle, text.encode())
    os.close(handle)
    return path


def refused(command, *arguments, naming=()):
    """The server ends with status 1 and an output that names each of the words."""
    status, output = run(command, *arguments)
    assert status == 1, "exit status %d\n%s" % (status, output)
    for word in naming:
        assert str(word) in output, "%r is not in: %s" % (word, output)
    return output


@case()
def test_unknown_directive_names_file_line_and_text(server):
    path = file_with("# a comment\nport 0\n\nnosuchdirective yes\n")
    output = refused(server, path, naming=["4", "nosuchdirective yes"])
    assert "port 0" not in output


@case(ours=True)
def test_mistake_names_the_file(server):
    path = file_with("port 0\nmaxmemory 10xyz\n")
    refused(server, path, naming=[path, "2", "maxmemory"])


@case()
def test_value_out_of_bounds(server):
    refused(server, file_with("port 70000\n"), naming=["port 70000", "65535"])


@case()
def test_unbalanced_quotes(server):
    refused(server, file_with('port 0\nlogfile "open\n'), naming=["2"])


@case()
def test_unknown_directive_on_the_command_line(server):
    refused(server, "--nosuchdirective", "yes", naming=["nosuchdirective"])


@case(ours=True)
def test_what_redis_does_beside_serving_is_refused_in_a_word(server):
    """Redis checks the system, tests the memory, or becomes a sentinel."""
    for arguments in (["--check-system"], ["--test-memory", "1"], ["/tmp/x.conf", "--sentinel"]):
        status, text = run(server, *arguments)
        assert status == 1 and text.startswith("Corral has no ") and len(text.splitlines()) == 1, text


@case(ours=True)
def test_more_databases_than_memory_is_one_clear_line(server):
    """Redis asks the system for them and dies of it."""
    status, text = run(server, "--databases", 2147483647, "--port", free_port())
    assert status == 1 and "databases 2147483647 takes" in text, text


@case(ours=True)
def test_a_rewrite_puts_no_file_in_the_place_of_a_pipe_or_device(server):
    """Redis puts one there."""
    with tempfile.TemporaryDirectory() as folder:
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe)
        writer = threading.Thread(target=lambda: open(pipe, "w").write("maxclients 77\n"))
        writer.start()
        with Server(server, pipe) as s, s.connect() as c:
            writer.join()
            assert c.call("CONFIG", "GET", "maxclients")[1][1][1] == b"77"
            assert b"standard input, a pipe or a device" in c.call("CONFIG", "REWRITE")[1]
        assert stat.S_ISFIFO(os.stat(pipe).st_mode)
    with Server(server, "/dev/null") as s, s.connect() as c:
        assert b"standard input, a pipe or a device" in c.call("CONFIG", "REWRITE")[1]


@case(ours=True)
def test_a_pipe_that_nobody_fills_does_not_hold_up_the_start_for_ever(server):
    with tempfile.TemporaryDirectory() as folder:
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe)
        status, text = run(server, pipe)
        assert status == 1 and "Connection timed out" in text, text


@case()
def test_a_file_that_redis_rewrote_starts_again(server):
    """With the `user` line that CONFIG REWRITE of Redis writes, without and with a password, and after a second rewrite."""
    for lines, password in ("", None), ("requirepass secret\n", "secret"):
        name = file_with("save \"\"\n" + lines)
        for command in (ORACLE, server, server):
            with Server(command, name, save=None, dir=tempfile.gettempdir(), wait=False) as s, until(lambda: attempt(s), what="the server") as c:
                if password:
                    assert c.call("AUTH", password) == ("+", b"OK")
                assert c.call("CONFIG", "REWRITE") == ("+", b"OK")
            assert "user default on" in open(name).read()
        os.unlink(name)


def attempt(s):
    try:
        return s.connect()
    except OSError:
        return None


@case()
def test_unreadable_file(server):
    refused(server, "/nonexistent/corral.conf", naming=["/nonexistent/corral.conf"])


@case(ours=True)
def test_missing_include_is_named(server):
    refused(server, file_with("port 0\ninclude /nonexistent/more.conf\n"), naming=["/nonexistent/more.conf"])


@case()
def test_bad_address(server):
    output = refused(server, "--bind", "256.1.2.3", "--port", free_port(), naming=["256.1.2.3"])
    assert "Ready to accept" not in output


@case(ours=True)
def test_port_in_use_is_one_clear_line(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        output = refused(server, "--bind", "127.0.0.1", "--port", port, naming=[port, "in use"])
        assert len([line for line in output.splitlines() if "in use" in line]) == 1, output


@case()
def test_port_in_use_ends_with_status_1(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused(server, "--bind", "127.0.0.1", "--port", taken.getsockname()[1])


@case()
def test_version_and_help(server):
    for option in ("--version", "-v", "--help", "-h"):
        status, output = run(server, option)
        assert status in (0, 1) and output.strip(), (option, status, output)
    assert "v=" in run(server, "--version")[1] or "version" in run(server, "--version")[1].lower()


@case(ours=True)
def test_version_and_help_end_with_status_0(server):
    for option in ("--version", "--help"):
        assert run(server, option)[0] == 0, option


@case()
def test_file_include_quotes_and_sizes(server):
    more = file_with("maxmemory 100mb\n")
    path = file_with('# redis.conf as it is\r\ntimeout 33\n\n  maxmemory-policy   "allkeys-lru"  \ninclude %s\nslowlog-max-len 7\n' % more)
    with Server(server, path) as s, s.connect() as c:
        got = [c.call("CONFIG", "GET", name)[1][1][1] for name in ("timeout", "maxmemory", "maxmemory-policy", "slowlog-max-len")]
        assert got == [b"33", b"104857600", b"allkeys-lru", b"7"], got
        assert s.info("server")["config_file"] == path


@case()
def test_command_line_wins_over_the_file(server):
    with Server(server, file_with("timeout 33\n"), timeout=44) as s, s.connect() as c:
        assert c.call("CONFIG", "GET", "timeout")[1][1][1] == b"44"


@case()
def test_rewrite_keeps_comments_and_changes_values(server):
    path = file_with("# my comment\ntimeout 33\n")
    with Server(server, path) as s, s.connect() as c:
        c.call("CONFIG", "SET", "timeout", "55", "maxmemory", "10mb")
        assert c.call("CONFIG", "REWRITE") == ("+", b"OK")
    text = pathlib.Path(path).read_text()
    assert "# my comment\n" in text and "timeout 55" in text and "maxmemory 10" in text and "timeout 33" not in text, text


@case()
def test_the_log_tells_pid_and_port(server):
    with Server(server, always_show_logo="yes") as s:
        assert " PID: %d\n" % s.pid in s.output() and "Port: %d\n" % s.port in s.output()
        until(lambda: "Ready to accept connections" in s.output(), what="the last line of the start")
    with Server(server) as s:
        assert " PID: " not in s.output() and "Running mode=standalone, port=%d." % s.port in s.output()


@case()
def test_a_port_in_use_is_named_for_those_who_wait(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(server, "--bind", "127.0.0.1", "--port", port, naming=["Failed listening on port %d" % port, "already in use"])


@case()
def test_rewrite_of_everything_loads_again(server):
    path = file_with("# kept\nmaxmemory 100mb\n")
    with Server(server, path) as s:
        with s.connect() as c:
            before = sorted(c.call("CONFIG", "GET", "*")[1])
            assert c.call("DEBUG", "CONFIG-REWRITE-FORCE-ALL") == ("+", b"OK")
        text = pathlib.Path(path).read_text()
        assert text.startswith("# kept\n") and "\nhash-max-listpack-entries " in text and "\ntimeout 0\n" in text
        s.process.terminate()
        s.process.wait()
        s.start()
        with s.connect() as again:
            assert sorted(again.call("CONFIG", "GET", "*")[1]) == before
    os.unlink(path)


@case(ours=True)
def test_the_configurations_we_ship(server):
    for name in ("corral.conf", "cache.conf"):
        with Server(server, str(ROOT / "conf" / name)) as s, s.connect() as c:
            assert c.call("PING") == ("+", b"PONG"), name


@case()
def test_daemonize_and_pidfile(server):
    folder = tempfile.mkdtemp()
    pidfile, log, port = os.path.join(folder, "pid"), os.path.join(folder, "log"), free_port()
    status, output = run(server, "--port", port, "--bind", "127.0.0.1", "--daemonize", "yes", "--pidfile", pidfile, "--logfile", log, "--dir", folder, "--save", "")
    assert status == 0, output
    pid = int(until(lambda: os.path.exists(pidfile) and open(pidfile).read().strip(), what="the pid file"))

    def ready():
        try:
            with Connection(("127.0.0.1", port)) as c:
                return c.call("PING") == ("+", b"PONG")
        except OSError:
            return False

    until(ready, what="the daemon")
    os.kill(pid, 15)
    until(lambda: not os.path.exists("/proc/%d" % pid) or open("/proc/%d/stat" % pid).read().split(") ")[1][0] == "Z", what="the end of the daemon")
    assert not os.path.exists(pidfile), "the pid file is still there"
    assert os.path.getsize(log) > 0
