"""The end of the daemon and what comes after it."""
import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time

from cases import case, until, until_left_alone
from harness import resp
from harness.resp import Closed, ProtocolError, Timeout
from harness.server import Server


@case()
def test_sigterm_and_sigint_end_cleanly(server):
    for number in (signal.SIGTERM, signal.SIGINT):
        s = Server(server, pidfile="pid.file")
        c = s.connect()
        c.call("SET", "k", "v")
        os.kill(s.pid, number)
        assert s.process.wait(10) == 0, (number, s.output())
        c.wait_closed()
        assert not os.path.exists(os.path.join(s.folder, "pid.file"))
        s.stop()


@case(ours=True)
def test_a_second_sigint_ends_a_server_that_is_busy(server):
    s = Server(server, enable_debug_command="yes")
    try:
        with s.connect() as c:
            c.send("DEBUG", "SLEEP", "60")
            until(lambda: not alive(s), what="the sleep")
            os.kill(s.pid, signal.SIGTERM)
            time.sleep(0.1)
            assert s.process.poll() is None
            os.kill(s.pid, signal.SIGINT)
            assert s.process.wait(30) == 1
            assert "You insist... exiting now." in s.output()
    finally:
        s.kill()
        shutil.rmtree(s.folder, ignore_errors=True)


def alive(s):
    """Whether a new connection is answered within half a second, on each of the threads."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(s.connect()) for _ in range(4)]
        for c in connections:
            c.send("PING")
        return not any(c.silent(0.5) for c in connections)


@case()
def test_the_title_follows_its_template(server):
    with Server(server) as s, s.connect() as c:
        assert c.call("CONFIG", "SET", "proc-title-template", "of {port} at {listen-addr}") == ("+", b"OK")
        with open("/proc/%d/cmdline" % s.pid) as file:
            assert file.read().split("\0")[0] == "of %d at 127.0.0.1:%d" % (s.port, s.port)


@case(ours=True)
def test_a_crash_on_any_worker_leaves_its_report(server):
    for worker in range(2):
        s = Server(server + " --threads 2")
        connections = [s.connect() for _ in range(4)]
        for c in connections:
            c.call("PING")
        connections[worker].send("DEBUG", "SEGFAULT")
        try:
            assert s.process.wait(20) == -signal.SIGSEGV
            assert "crashed by signal: SIGSEGV" in s.output() and "STACK TRACE" in s.output()
        finally:
            s.kill()
            shutil.rmtree(s.folder, ignore_errors=True)
            for c in connections:
                c.close()


@case()
def test_a_shutdown_by_signal_can_be_aborted_while_the_cron_pauses(server):
    with Server(server, enable_debug_command="yes") as s, s.connect() as c:
        assert c.call("DEBUG", "PAUSE-CRON", "1") == ("+", b"OK")
        os.kill(s.pid, signal.SIGTERM)
        until(lambda: "scheduling shutdown" in s.output(), what="the signal")
        assert c.call("SHUTDOWN", "ABORT") == ("+", b"OK")
        assert c.call("SHUTDOWN", "ABORT") == ("-", b"ERR No shutdown in progress.")
        assert c.call("DEBUG", "PAUSE-CRON", "0") == ("+", b"OK")
        time.sleep(0.6)
        assert c.call("PING") == ("+", b"PONG")
        assert c.call("DEBUG", "PAUSE-CRON", "1") == ("+", b"OK")
        os.kill(s.pid, signal.SIGTERM)
        time.sleep(0.6)
        assert c.call("PING") == ("+", b"PONG")
        assert c.call("DEBUG", "PAUSE-CRON", "0") == ("+", b"OK")
        c.wait_closed()
        assert s.process.wait(10) == 0


@case()
def test_sigterm_under_load(server):
    s = Server(server)
    stop = threading.Event()

    def load():
        try:
            with s.connect() as c:
                while not stop.is_set():
                    c.send_raw(resp.encode(["INCR", "n"]) * 100)
                    for _ in range(100):
                        c.read_frame()
        except (OSError, Closed, Timeout, ProtocolError):
            pass

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    os.kill(s.pid, signal.SIGTERM)
    assert s.process.wait(10) == 0, s.output()
    stop.set()
    for thread in threads:
        thread.join()
    s.stop()


@case()
def test_shutdown_command(server):
    for words in (["SHUTDOWN"], ["SHUTDOWN", "NOSAVE"], ["SHUTDOWN", "NOSAVE", "NOW"], ["shutdown", "nosave", "force"]):
        s = Server(server)
        with s.connect() as c:
            c.send(*words)
            assert c.wait_closed() == b""
        assert s.process.wait(10) == 0, (words, s.output())
        s.stop()


@case()
def test_kill_in_the_middle_then_restart_on_the_same_port(server):
    s = Server(server)
    clients = [s.connect() for _ in range(20)]
    for c in clients:
        c.send_raw(resp.encode(["SET", "k", "v" * 1000]) * 50)
    s.kill()
    for c in clients:
        c.wait_closed()
        c.close()
    s.start()  # a second bind to the port must not wait for TIME_WAIT
    with s.connect() as c:
        assert c.call("GET", "k") == ("nil", None)
        assert c.call("SET", "k", "w") == ("+", b"OK")
    s.stop()


@case()
def test_clients_that_vanish(server):
    with Server(server) as s, s.connect() as control:
        for round_ in range(200):
            c = s.connect()
            c.send_raw([b"*3\r\n$3\r\nSET\r\n$1", resp.encode(["GET", "k"]) * 100, b"PING", b""][round_ % 4])
            c.close()
        until(lambda: len(control.text("CLIENT", "LIST").splitlines()) == 1, what="the end of the dead connections")


@case()
def test_due_keys_go_in_an_idle_daemon(server):
    """More keys are due at once than one turn removes, and nobody sends anything that would bring about another turn."""
    count = 100_000
    for seconds_to_live in (4, 16, 64):
        with Server(server) as s, s.connect() as c:
            deadline = time.time() + seconds_to_live
            for first in range(0, count, 1000):
                c.send_raw(b"".join(resp.encode(["SET", "key:%d" % number, "x", "PXAT", int(deadline * 1000)])
                                    for number in range(first, first + 1000)))
                assert [c.read_frame()[0] for _ in range(1000)] == [("+", b"OK")] * 1000
            if time.time() > deadline:
                continue  # too slow a machine: they are to be due together
            time.sleep(max(0, deadline - time.time()))
            until_left_alone(lambda: "\r\nexpired_keys:%d\r\n" % count in c.text("INFO", "stats"), "the end of all keys")
            return
    raise AssertionError("%d keys take longer than %d s" % (count, seconds_to_live))


@case()
def test_bulk_input_of_redis_cli(server):
    """redis-cli --pipe with a million commands, in step to the end."""
    with Server(server) as s:
        data = b"".join(resp.encode(["SET", "key:%d" % i, "value:%d" % i]) for i in range(100000)) + resp.encode(["INCR", "n"]) * 900000
        done = subprocess.run(["redis-cli", "-h", s.host, "-p", str(s.port), "--pipe"], input=data, capture_output=True, timeout=300)
        assert b"errors: 0, replies: 1000000" in done.stdout, done.stdout + done.stderr
        with s.connect() as c:
            assert c.call("GET", "n") == ("$", b"900000")
            assert c.call("DBSIZE") == (":", b"100001")


@case()
def test_log_file_is_opened_again_after_rotation(server):
    """As with Redis, whose log file is opened for each line: a moved file is followed by a new one."""
    s = Server(server, logfile="server.log")
    path = os.path.join(s.folder, "server.log")
    until(lambda: os.path.exists(path), what="the log file")
    os.rename(path, path + ".1")
    os.kill(s.pid, signal.SIGTERM)
    s.process.wait(10)
    text = open(path).read() if os.path.exists(path) else ""
    s.stop()
    assert text.strip(), "nothing was logged to the new file"


@case()
def test_log_level_and_line_form(server):
    with Server(server, loglevel="notice", logfile="server.log") as s:
        line = until(lambda: os.path.exists(os.path.join(s.folder, "server.log")) and open(os.path.join(s.folder, "server.log")).readline(), what="a log line")
        assert line.split(":")[0] == str(s.pid), line


@case()
def test_changed_directory_does_not_matter_to_a_relative_file(server):
    with Server(server) as s, s.connect() as c:
        assert c.call("CONFIG", "GET", "dir")[1][1][1].decode() == os.path.realpath(s.folder)
