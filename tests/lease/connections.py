"""What happens to connections that wait: closed halves, the end of the server, readers that do not read."""
import socket
import time

from harness.resp import Closed
from harness.server import Server


def waiting(server, count):
    """Returns once so many callers wait."""
    deadline = time.monotonic() + 60
    while int(server.info("leases")["leases_waiting"]) != count:
        assert time.monotonic() < deadline, "%s callers wait, not %d" % (server.info("leases")["leases_waiting"], count)
        time.sleep(0.01)


def answered(connections):
    """The first of these that has an answer, once one has."""
    deadline = time.monotonic() + 60
    while True:
        for connection in connections:
            if not connection.silent(0):
                return connection
        assert time.monotonic() < deadline, "nobody is answered"
        time.sleep(0.001)


def lease(connection, key="k"):
    return connection.call("GETLEASE", key, "LEASE", 60000)[1][2][1]


def wait(server, count, key="k"):
    connections = [server.connect(timeout=60) for _ in range(count)]
    for connection in connections:
        connection.send("GETLEASE", key, "WAIT", 60000)
    waiting(server, count)
    return connections


def closed(connection):
    try:
        while True:
            connection.receive_more()
    except Closed:
        return True


def test_a_half_closed_connection_waits_no_more(command):
    for threads in (1, 3):
        with Server(command, threads=threads) as server, server.connect() as leader:
            token = lease(leader)
            half, *others = wait(server, 3)
            half.socket.shutdown(socket.SHUT_WR)
            waiting(server, 2)
            assert closed(half)
            assert leader.call("SETLEASE", "k", token, "v") == (":", b"1")
            for other in others:
                assert other.read_frame()[0][1][1] == ("$", b"v")
                other.close()


def test_a_half_closed_leader_leaves_its_lease(command):
    with Server(command) as server:
        leader = server.connect()
        leader.send("GETLEASE", "k")
        leader.socket.shutdown(socket.SHUT_WR)
        token = leader.read_frame()[0][1][2][1]
        assert closed(leader)
        # Nobody waited when its connection closed: the token is good for whoever has it, until the lease ends.
        with server.connect() as other:
            assert other.call("GETLEASE", "k", "WAIT", 300)[1][0] == ("$", b"BUSY")
            assert other.call("SETLEASE", "k", token, "v") == (":", b"1")
        leader.close()


def test_the_server_ends_while_callers_wait(command):
    for threads in (1, 3):
        for words in (["SHUTDOWN", "NOSAVE"], None):  # None: SIGTERM, by the harness
            with Server(command, threads=threads) as server:
                leader = server.connect()
                lease(leader)
                waiters = wait(server, 50) + wait_for_other(server, leader)
                if words:
                    leader.send(*words)
                    server.process.wait(20)
                    assert server.process.returncode == 0
                    assert all(closed(waiter) for waiter in waiters)


def wait_for_other(server, leader):
    """Waiters of a lease that one waiter of another lease leads: chains of promotions at the end."""
    lease(leader, "other")
    connections = [server.connect() for _ in range(10)]
    for connection in connections:
        connection.send("GETLEASE", "other", "WAIT", 60000)
    waiting(server, 60)
    return connections


def test_who_does_not_read_delays_nobody(command):
    with Server(command, client_output_buffer_limit="normal 1000000 0 0") as server, server.connect() as leader:
        token = lease(leader)
        first, *others = wait(server, 20)
        value = b"v" * 8_000_000
        assert leader.call("SETLEASE", "k", token, value) == (":", b"1")
        # The value alone is beyond the limit of what a connection may be owed.
        deadline = time.monotonic() + 20
        while int(server.info("clients")["connected_clients"]) > 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert leader.call("STRLEN", "k") == (":", b"%d" % len(value))
        for connection in [first, *others]:
            connection.close()


def test_one_copy_for_all(command):
    count, size = 60, 4_000_000
    with Server(command) as server, server.connect() as leader:
        token = lease(leader)
        waiters = wait(server, count)
        before = int(server.info("memory")["used_memory"])
        assert leader.call("SETLEASE", "k", token, b"v" * size) == (":", b"1")
        waiting(server, 0)
        time.sleep(0.2)
        assert int(server.info("memory")["used_memory"]) - before < 5 * size
        for waiter in waiters:
            assert len(waiter.read_frame()[0][1][1][1]) == size
            waiter.close()


def test_waiters_beyond_the_limits_are_busy(command):
    with Server(command, threads=2, lease_max_waiters_per_key=30, lease_max_waiters=50) as server, server.connect() as leader:
        tokens = {key: lease(leader, key) for key in ("a", "b")}
        connections = {key: [server.connect() for _ in range(100)] for key in tokens}
        for key in tokens:
            for connection in connections[key]:
                connection.send("GETLEASE", key, "WAIT", 60000)
            waiting(server, {"a": 30, "b": 50}[key])
        answered = {key: [c for c in connections[key] if not c.silent(0)] for key in tokens}
        deadline = time.monotonic() + 60
        while [len(answered[key]) for key in "ab"] != [70, 80] and time.monotonic() < deadline:
            answered = {key: [c for c in connections[key] if not c.silent(0)] for key in tokens}
        assert [len(answered[key]) for key in "ab"] == [70, 80]
        for key in tokens:
            assert all(c.read_frame()[0][1][0] == ("$", b"BUSY") for c in answered[key])
            assert leader.call("SETLEASE", key, tokens[key], "v") == (":", b"1")
            for connection in connections[key]:
                assert connection in answered[key] or connection.read_frame()[0][1][1] == ("$", b"v")
                connection.close()


def test_a_wait_longer_than_timeout_is_no_idle_time(command):
    with Server(command, timeout=1) as server, server.connect() as leader, server.connect() as caller:
        lease(leader)
        caller.send("GETLEASE", "k", "WAIT", 2500)
        while caller.silent(0.1):
            leader.call("PING")
        assert caller.read_frame()[0][1][0] == ("$", b"BUSY")
        # The answer counts as well: the connection has its second from here on.
        ended = time.monotonic()
        while time.monotonic() < ended + 0.6:
            leader.call("PING")
            time.sleep(0.1)
        assert caller.call("PING") == ("+", b"PONG")
