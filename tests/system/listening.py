"""Where the daemon listens.

Protected mode refuses addresses that are not loopback, and no test may contact another address; here only its setting is
read and loopback is shown to pass. The refusal itself is a unit test's.
"""
import os
import socket
import stat
import tempfile

from cases import Skip, case, run, until
from harness import resp
from harness.resp import Connection
from harness.server import Server


@case()
def test_several_addresses_and_ipv6(server):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        raise Skip("no IPv6 loopback here")
    with Server(server, bind=["127.0.0.1", "127.0.0.2", "::1"]) as s:
        for host in ("127.0.0.1", "127.0.0.2", "::1"):
            with Connection((host, s.port)) as c:
                assert c.call("PING") == ("+", b"PONG"), host
        with Connection(("::1", s.port)) as c:
            assert "addr=[::1]:" in c.text("CLIENT", "INFO")


@case()
def test_optional_address(server):
    with Server(server, bind=["127.0.0.1", "-192.0.2.1"]) as s, s.connect() as c:
        assert c.call("PING") == ("+", b"PONG")


@case()
def test_an_address_that_is_refused_changes_nothing(server):
    with Server(server) as s, s.connect() as c, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        failed = "ERR CONFIG SET failed (possibly related to argument '%s') - %s"
        assert c.call("CONFIG", "SET", "port", taken.getsockname()[1]) == (
            "-", (failed % ("port", "Unable to listen on this port. Check server logs.")).encode())
        assert c.call("CONFIG", "SET", "bind", "999.999.999.999") == (
            "-", (failed % ("bind", "Failed to bind to specified addresses.")).encode())
        with s.connect() as again:
            assert again.call("CONFIG", "GET", "port")[1][1][1] == str(s.port).encode()
            assert again.call("CONFIG", "GET", "bind")[1][1][1] == b"127.0.0.1"


@case()
def test_addresses_that_change_twice_in_one_packet(server):
    with Server(server) as s, s.connect() as c:
        for bind in (["127.0.0.1 127.0.0.2", "127.0.0.1"], ["127.0.0.1 127.0.0.2", "999.999.999.999"]):
            c.send_raw(b"".join(resp.encode(["CONFIG", "SET", "bind", addresses]) for addresses in bind))
            first, second = c.read_frame()[0], c.read_frame()[0]
            refused = bind[1].startswith("999")
            assert first == ("+", b"OK") and (second == ("+", b"OK")) == (not refused), (first, second)
            for host in ["127.0.0.1"] + (["127.0.0.2"] if refused else []):
                with Connection((host, s.port)) as again:
                    assert again.call("PING") == ("+", b"PONG"), host


@case()
def test_unix_socket_with_permissions(server):
    path = os.path.join(tempfile.mkdtemp(), "corral.sock")
    with Server(server, unixsocket=path, unixsocketperm=700) as s:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        with Connection(path) as c:
            assert c.call("SET", "k", "v") == ("+", b"OK")
            assert "addr=%s:0 " % path in c.text("CLIENT", "INFO")
            assert " flags=U " in c.text("CLIENT", "INFO")
        with s.connect() as c:
            assert c.call("GET", "k") == ("$", b"v")
    assert not os.path.exists(path), "the socket file is still there"


@case(ours=True)  # Redis takes the path in silence, and the first unlinks what the second has there
def test_two_servers_on_one_unix_socket(server):
    path = os.path.join(tempfile.mkdtemp(), "corral.sock")
    with Server(server, unixsocket=path) as first:
        status, output = run(server, "--port", 0, "--unixsocket", path, "--save", "")
        assert status == 1 and "Failed opening Unix socket %s: Address already in use" % path in output, output
        with Connection(path) as c:
            assert c.call("PING") == ("+", b"PONG")
        os.unlink(path)
        with Server(server, unixsocket=path) as second:
            first.process.terminate()
            assert first.process.wait(20) == 0
            with Connection(path) as c:
                assert c.call("PING") == ("+", b"PONG")
            second.process.kill()
            second.process.wait()
    with Server(server, unixsocket=path), Connection(path) as c:  # what a killed one left is replaced
        assert c.call("PING") == ("+", b"PONG")


@case()
def test_unix_socket_alone(server):
    path = os.path.join(tempfile.mkdtemp(), "corral.sock")
    s = Server(server, wait=False, unixsocket=path, port=0)
    try:
        def served():
            try:
                with Connection(path) as c:
                    return c.call("PING") == ("+", b"PONG")
            except OSError:  # not there, or not listening yet
                return False

        until(served, what="the socket")
    finally:
        s.stop()


@case()
def test_protected_mode_lets_loopback_pass(server):
    with Server(server, protected_mode="yes", bind=["*"]) as s, s.connect() as c:
        assert c.call("CONFIG", "GET", "protected-mode")[1][1][1] == b"yes"
        assert c.call("PING") == ("+", b"PONG")
