"""What a process without memory says, and a log that cannot be written or that strangers want to fill."""
import os
import re
import resource
import shlex
import signal
import socket
import subprocess
import tempfile
import time

from cases import case, run, until
from harness.resp import Connection
from harness.server import Server, free_port

LIMIT_BYTES = 300 << 20


def starved(server, port):
    """A server that gets no more address space than LIMIT_BYTES."""
    folder = tempfile.mkdtemp(prefix="corral-test-")
    output = os.path.join(folder, "output")
    with open(output, "wb") as file:
        process = subprocess.Popen(
            shlex.split(server) + ["--port", str(port), "--save", "", "--dir", folder, "--enable-debug-command", "yes"], stdin=subprocess.DEVNULL, stdout=file,
            stderr=subprocess.STDOUT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES)))
    connection = until(lambda: attempt(port), what="the server")
    return process, connection, output


def attempt(port):
    try:
        return socket.create_connection(("127.0.0.1", port), 20)
    except OSError:
        return None


def feed_until_closed(connection, pieces):
    """Sends until the peer is gone; replies are not read."""
    try:
        for piece in pieces:
            connection.sendall(piece)
    except OSError:
        pass


def read_what_comes(connection, pieces):
    try:
        for piece, replies in pieces:
            connection.sendall(piece)
            got = 0
            while got < replies:
                data = connection.recv(1 << 16)
                if not data:
                    return
                got += len(data)
    except OSError:
        pass


def ends_with_one_line(process, output):
    assert process.wait(60) == -signal.SIGABRT
    text = open(output, errors="replace").read()
    lines = re.findall(r"^\d+:M .* # Out Of Memory allocating \d+ bytes!$", text, re.M)
    assert len(lines) == 1, text[-3000:]
    assert "terminate called" not in text, text[-3000:]


@case(ours=True, measures=True)
def test_out_of_memory_in_replies(server):
    """Redis says the same line, but its report then wants memory itself and repeats it until the stack is full."""
    process, connection, output = starved(server, free_port())
    echo = b"*2\r\n$4\r\nECHO\r\n$10000\r\n" + b"x" * 10000 + b"\r\n"
    feed_until_closed(connection, (echo * 20 for _ in range(10000)))
    ends_with_one_line(process, output)


@case(ours=True, measures=True)
def test_out_of_memory_in_small_keys(server):
    process, connection, output = starved(server, free_port())

    def pieces():
        for first in range(0, 10 ** 8, 10000):
            yield b"".join(b"*3\r\n$3\r\nSET\r\n$12\r\n%012d\r\n$200\r\n%0200d\r\n" % (n, n) for n in range(first, first + 10000)), 50000
    read_what_comes(connection, pieces())
    ends_with_one_line(process, output)


@case(ours=True)
def test_debug_oom_says_the_line(server):
    s = Server(server)
    try:
        with s.connect() as c:
            c.send("DEBUG", "OOM")
            assert s.process.wait(20) == -signal.SIGABRT
        assert re.search(r"# Out Of Memory allocating \d+ bytes!", s.output()), s.output()
    finally:
        s.kill()


def post(port):
    with socket.create_connection(("127.0.0.1", port), 20) as stranger:
        stranger.sendall(b"POST / HTTP/1.1\r\n\r\n")
        try:
            while stranger.recv(100):
                pass
        except ConnectionResetError:
            pass


@case()
def test_a_stranger_gets_one_line_a_minute(server):
    with Server(server) as s:
        for _ in range(50):
            post(s.port)
        until(lambda: "SECURITY ATTACK" in s.output(), what="the line")
        assert s.output().count("SECURITY ATTACK") == 1


@case(ours=True)
def test_lines_left_out_are_counted(server):
    """Redis does not limit this one."""
    with Server(server, client_output_buffer_limit=["normal", "1000", "0", "0"]) as s, s.connect() as c:
        c.call("SET", "k", "x" * 5000000)
        for _ in range(25):
            with s.connect() as victim:
                victim.send("GET", "k")
                victim.wait_closed()
        until(lambda: re.search(r"# 15 more lines about clients that overcame output buffer limits were left out\.", s.output()), what="the count")
        assert s.output().count("scheduled to be closed ASAP") == 10


@case(ours=True)
def test_a_log_that_nobody_reads_stops_nobody(server):
    """Redis stands still."""
    port = free_port()
    process = subprocess.Popen(shlex.split(server) + ["--port", str(port), "--save", "", "--enable-debug-command", "yes"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        until(lambda: attempt(port), what="the server").close()
        with Connection(("127.0.0.1", port), 20.0) as c:
            for _ in range(3000):
                assert c.call("DEBUG", "LOG", "x" * 900) == ("+", b"OK")
        lines = []
        for line in process.stdout:
            lines.append(line)
            if b"lines were lost because the log could not be written" in line:
                break
        lost = int(re.search(rb"# (\d+) lines were lost", lines[-1]).group(1))
        logged = sum(b"DEBUG LOG" in line for line in lines)
        assert lost + logged == 3000 and 1000 < logged < 2000, (lost, logged)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stdout.close()


@case(ours=True)
def test_a_pipe_that_nobody_reads_keeps_no_process_alive(server):
    """Neither one that ends, nor one that crashes, waits for its log."""
    for command, status in (("SHUTDOWN", 0), ("DEBUG SEGFAULT", -signal.SIGSEGV), ("DEBUG OOM", -signal.SIGABRT)):
        port = free_port()
        process = subprocess.Popen(shlex.split(server) + ["--port", str(port), "--save", "", "--enable-debug-command", "yes"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            until(lambda: attempt(port), what="the server").close()
            with Connection(("127.0.0.1", port), 20.0) as c:
                for _ in range(200):
                    c.call("DEBUG", "LOG", "x" * 900)
                c.send(*command.split())
                assert process.wait(20) == status, command
        finally:
            process.kill()
            process.stdout.close()


@case(ours=True)
def test_a_full_disk_is_told_of_when_it_is_over(server):
    """Redis drops the lines in silence."""
    with Server(server, logfile="log") as s, s.connect() as c:
        path = os.path.join(s.folder, "log")
        until(lambda: "Ready to accept" in open(path).read(), what="the start's lines")
        os.rename(path, path + ".1")
        os.symlink("/dev/full", path)
        for _ in range(5):
            c.call("DEBUG", "LOG", "lost")
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            c.call("PING")
        os.unlink(path)
        c.call("DEBUG", "LOG", "kept")
        text = until(lambda: os.path.exists(path) and "kept" in open(path).read() and open(path).read(), what="the line")
        assert re.search(r"# 5 lines were lost because the log could not be written\.\n.*DEBUG LOG: kept\n", text), text


@case(ours=True)
def test_a_log_file_that_is_a_pipe_without_reader_is_named(server):
    with tempfile.TemporaryDirectory() as folder:
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe)
        status, text = run(server, "--port", free_port(), "--logfile", pipe)
        assert status == 1 and "nobody reads" in text, (status, text)


@case()
def test_signals_between_start_and_end_end_cleanly(server):
    """A SIGTERM that comes while the first one is being obeyed changes nothing."""
    for _ in range(10):
        s = Server(server)
        try:
            with s.connect() as c:
                c.call("DEBUG", "POPULATE", "20000")
            while s.process.poll() is None:
                try:
                    os.kill(s.pid, signal.SIGTERM)
                except ProcessLookupError:
                    break
                time.sleep(0.001)
            assert s.process.wait(20) == 0, s.output()
        finally:
            s.stop()
