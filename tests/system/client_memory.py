"""What connections may hold: maxmemory-clients, and replies over the output limit."""
import time

from cases import case, until
from harness import resp
from harness.resp import Closed, Connection
from harness.server import Server


def lines(control):
    """CLIENT LIST as a list of dictionaries."""
    return [dict(field.split("=", 1) for field in line.split(" ")) for line in control.text("CLIENT", "LIST").splitlines()]


def named(control, name):
    return [line for line in lines(control) if line["name"] == name]


def holding(server, name, size):
    """A connection whose request of `size` bytes and a few more never ends."""
    connection = server.connect()
    connection.call("CLIENT", "SETNAME", name)
    connection.send_raw(b"*2\r\n$%d\r\n" % (size + 1000) + b"v" * size)
    return connection


@case()
def test_the_largest_connections_go_first(server):
    sizes = {"small": 300000, "middle": 1000000, "large": 3000000}
    with Server(server) as s, s.connect() as control:
        control.call("CLIENT", "NO-EVICT", "on")
        held = [holding(s, name, size) for name, size in sizes.items() for _ in range(2)]
        for name, size in sizes.items():
            until(lambda: [int(line["qbuf"]) >= size for line in named(control, name)] == [True, True], what=name)
        gone = 0
        for name in ("large", "middle", "small"):
            total = sum(int(line["tot-mem"]) for line in lines(control))
            own = sum(int(line["tot-mem"]) for line in named(control, name))
            # Room for what is left without one of the two.
            assert control.call("CONFIG", "SET", "maxmemory-clients", max(131072, total - own + 65536)) == ("+", b"OK")
            gone += 2
            until(lambda: not named(control, name), what="the end of " + name)
            assert sum(line["name"] in sizes for line in lines(control)) == len(held) - gone, "others went too"
            assert s.info("stats")["evicted_clients"] == str(gone)
        for connection in held:
            connection.close()


@case()
def test_qbuf_is_what_was_not_taken_apart_yet(server):
    with Server(server) as s, s.connect() as control:
        for size in (1000, 40000, 3000000):
            with s.connect() as c:
                c.call("CLIENT", "SETNAME", "half")
                c.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n" % size + b"v" * (size - 10))
                until(lambda: int(named(control, "half")[0]["qbuf"]) == size - 10, what="%d bytes" % size)
                if "corral" in server:
                    assert named(control, "half")[0]["argv-mem"] == "6"
                c.send_raw(b"v" * 10 + b"\r\n")
                assert c.read_frame()[0] == ("+", b"OK")
                assert named(control, "half")[0]["qbuf"] == "0"
            until(lambda: not named(control, "half"), what="the end")


@case()
def test_a_share_of_maxmemory_and_no_evict(server):
    with Server(server, maxmemory="50mb", maxmemory_clients="4%") as s, s.connect() as control:
        control.call("CLIENT", "NO-EVICT", "on")
        kept = s.connect()
        kept.call("CLIENT", "NO-EVICT", "on")
        kept.call("CLIENT", "SETNAME", "kept")
        kept.send_raw(b"*2\r\n$8000000\r\n" + b"v" * 3000000)
        until(lambda: int(named(control, "kept")[0]["qbuf"]) >= 3000000, what="the request")
        # It is over the limit by itself: everybody else goes, as often as they come.
        with s.connect() as other:
            try:
                for _ in range(100):
                    other.call("PING")
                    time.sleep(0.02)
                raise AssertionError("the other connection was not closed")
            except (Closed, OSError):
                pass
        assert named(control, "kept") and control.call("PING") == ("+", b"PONG")
        kept.close()
        until(lambda: not named(control, "kept"), what="the end of the large one")
        with s.connect() as other:
            for _ in range(10):
                assert other.call("PING") == ("+", b"PONG")
                time.sleep(0.02)


@case()
def test_what_a_slow_reader_is_owed_counts(server):
    with Server(server, maxmemory_clients="3mb") as s, s.connect() as control:
        control.call("SETRANGE", "k", 200000, "v")
        with s.connect() as reader, s.connect() as slow:
            slow.call("CLIENT", "SETNAME", "slow")
            # At the reader's pace any amount passes.
            for _ in range(50):
                assert len(reader.call("GET", "k")[1]) == 200001
            for _ in range(400):
                try:
                    slow.send_raw(resp.encode(["GET", "k"]))
                except OSError:
                    break
                left = named(control, "slow")
                if not left:
                    break
                # Of what one turn adds, some may be seen before it is judged.
                assert int(left[0]["tot-mem"]) < 6 << 20
            until(lambda: not named(control, "slow"), what="the end of the slow one")
            assert reader.call("PING") == ("+", b"PONG")


@case()
def test_subscriptions_and_prefixes_count(server):
    with Server(server, maxmemory_clients="200000") as s, s.connect() as control:
        control.call("CLIENT", "NO-EVICT", "on")
        for command in (("SUBSCRIBE",), ("PSUBSCRIBE",), ("SSUBSCRIBE",), ("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX")):
            with Connection(s.address) as greedy:
                greedy.hello(3)
                try:
                    for i in range(200000):
                        greedy.send(*command, "%012d" % i)
                        if i % 100 == 0:
                            greedy.call("PING") if command[0] == "CLIENT" else greedy.receive_more()
                    raise AssertionError("%s: not closed" % (command,))
                except (Closed, OSError):
                    pass
        assert control.call("PING") == ("+", b"PONG")


@case()
def test_a_reply_over_the_hard_limit_is_not_sent(server):
    with Server(server, client_output_buffer_limit=["normal", "100000", "0", "0"]) as s, s.connect() as control:
        control.call("DEBUG", "POPULATE", 1000, "k" * 100)
        with s.connect() as c:
            c.send("KEYS", "*")
            assert c.wait_closed() == b""
        control.call("SET", "big", "x" * 10000)
        with s.connect() as c:
            c.send_raw(resp.encode(["GET", "big"]) * 15)
            assert c.wait_closed() == b""
        assert control.call("PING") == ("+", b"PONG")


@case(measures=True)
def test_requests_that_never_end_make_keys_go(server):
    with Server(server, maxmemory="20mb", maxmemory_policy="allkeys-lru") as s, s.connect() as control:
        control.call("DEBUG", "POPULATE", 100, "key", 100000)
        assert control.call("DBSIZE") == (":", b"100")
        held = [holding(s, "request", 400000) for _ in range(25)]
        until(lambda: [int(line["qbuf"]) >= 400000 for line in named(control, "request")] == [True] * 25, what="requests")
        memory = s.info("memory")
        assert int(memory["used_memory"]) <= 20 << 20, memory["used_memory"]
        assert 20 < int(control.call("DBSIZE")[1]) < 95
        for connection in held:
            connection.close()


@case()
def test_telling_of_what_goes_makes_no_more_keys_go(server):
    with Server(server, maxmemory_policy="allkeys-lru", latency_tracking="no") as s, s.connect() as control:
        caches = [s.connect(3) for _ in range(10)]
        for cache in caches:
            cache.call("CLIENT", "TRACKING", "ON")
        for i in range(300):
            key = "%d" % i + "x" * 1000
            control.call("SET", key, "x")
            for cache in caches:
                cache.call("GET", key)
        time.sleep(1.2)  # buffers of the idle shrink
        used = int(s.info("memory")["used_memory"])
        control.call("CONFIG", "SET", "maxmemory", used - 40000)
        until(lambda: int(s.info("stats")["evicted_keys"]) >= 10, seconds=30, what="the eviction")
        time.sleep(0.6)
        keys, evicted = int(control.call("DBSIZE")[1]), int(s.info("stats")["evicted_keys"])
        # 40 would do; messages that are still on their way when the next turn looks cost some more, but not one after the other all.
        assert 100 <= keys < 300 and 10 <= evicted <= 200, "%d keys are left, %d went" % (keys, evicted)
        for cache in caches:
            cache.read_frame()
            cache.close()
