"""Collections of every type and encoding: copied and moved, measured, evicted, freed, and told of to who has them in a cache."""
import threading
import time

from cases import case, until
from harness import resp
from harness.server import Server

TEXT = b"v" * 20
# By type: the command that adds elements, and the words of the element with a number.
KINDS = {
    "hash": ("HSET", lambda number: [b"field:%d" % number, TEXT]),
    "set": ("SADD", lambda number: [b"member:%d" % number]),
    "intset": ("SADD", lambda number: [b"%d" % number]),
    "zset": ("ZADD", lambda number: [b"%d" % number, b"member:%d" % number]),
    "list": ("RPUSH", lambda number: [b"element:%d" % number]),
}


def add(connection, kind, key, count, first=0):
    """So many elements, a thousand to a request."""
    command, words_of = KINDS[kind]
    requests = [resp.encode([command, key] + [word for number in range(at, min(at + 1000, first + count)) for word in words_of(number)])
                for at in range(first, first + count, 1000)]
    for at in range(0, len(requests), 50):
        connection.send_raw(b"".join(requests[at:at + 50]))
        for _ in requests[at:at + 50]:
            assert connection.read_frame()[0][0] == ":"


def used_memory(server):
    return int(server.info("memory")["used_memory"])


@case()
def test_a_copied_renamed_or_moved_collection_is_the_same(server):
    with Server(server) as s, s.connect() as c:
        for kind in KINDS:
            for count in (1, 50, 3000):
                add(c, kind, "from", count)
                c.call("EXPIRE", "from", 1000)
                known = [c.call("DEBUG", "DIGEST-VALUE", "from"), c.call("OBJECT", "ENCODING", "from")]
                assert c.call("COPY", "from", "copy") == (":", b"1")
                assert c.call("RENAME", "from", "renamed") == ("+", b"OK")
                assert c.call("MOVE", "renamed", 1) == (":", b"1")
                assert c.call("EXISTS", "from", "renamed") == (":", b"0")
                for database, key in ((0, "copy"), (1, "renamed")):
                    c.call("SELECT", database)
                    assert [c.call("DEBUG", "DIGEST-VALUE", key), c.call("OBJECT", "ENCODING", key)] == known, (kind, count, key)
                    assert 990 < int(c.call("TTL", key)[1]) <= 1000, (kind, count, key)
                # A copy has elements of its own.
                add(c, kind, "renamed", 1, first=count)
                c.call("SELECT", 0)
                assert c.call("DEBUG", "DIGEST-VALUE", "copy") == known[0], (kind, count)
                c.call("FLUSHALL")


@case(ours=True, measures=True)  # Redis estimates from a few elements
def test_memory_usage_is_what_used_memory_grows_by(server):
    with Server(server) as s, s.connect() as c:
        for kind in KINDS:
            before = used_memory(s)
            add(c, kind, "k", 100_000)
            grown = used_memory(s) - before
            told = int(c.call("MEMORY", "USAGE", "k", "SAMPLES", 0)[1])
            assert abs(told - grown) < 0.1 * grown + 4096, (kind, told, grown)
            c.call("FLUSHALL")


@case(measures=True)
def test_collections_are_evicted_until_the_limit_is_kept(server):
    limit = 30 * 1024 * 1024
    with Server(server, maxmemory=limit, maxmemory_policy="allkeys-lru") as s, s.connect() as c:
        for number in range(3000):
            kind = list(KINDS)[number % len(KINDS)]
            add(c, kind, "%s:%d" % (kind, number), 20_000 if number % 100 < len(KINDS) else 200)
            if number % 250 == 0:
                assert used_memory(s) < 1.05 * limit, (number, used_memory(s))
        assert int(s.info("stats")["evicted_keys"]) > 0
        left = {bytes(key[1]).split(b":")[0].decode() for key in c.call("KEYS", "*")[1]}
        assert left == set(KINDS), left


@case(measures=True)
def test_an_unlinked_million_of_elements_stops_nobody(server):
    with Server(server) as s, s.connect() as c, s.connect() as other:
        for kind in KINDS:
            before = used_memory(s)
            add(c, kind, "k", 1_000_000)
            late, ends = [], threading.Event()

            def ask():
                while not ends.is_set():
                    start = time.monotonic()
                    other.call("PING")
                    late.append(time.monotonic() - start)
            asking = threading.Thread(target=ask)
            asking.start()
            assert c.call("UNLINK", "k") == (":", b"1")
            until(lambda: used_memory(s) - before < 4_000_000, what="the end of a %s" % kind)
            ends.set()
            asking.join()
            # In one go it takes hundreds of milliseconds (redis-server's DEL: 340 to 930, a list aside).
            assert max(late) < 0.15, (kind, max(late))


@case()
def test_a_change_of_a_collection_invalidates_it(server):
    with Server(server) as s, s.connect(3) as reader, s.connect() as writer:
        reader.call("CLIENT", "TRACKING", "ON")
        for read, changes in (
                (["HGET", "h", "a"], (["HSET", "h", "a", "1"], ["HINCRBY", "h", "a", "1"], ["HDEL", "h", "a"])),
                (["SISMEMBER", "s", "a"], (["SADD", "s", "a", "b"], ["SREM", "s", "a"], ["SPOP", "s"])),
                (["ZSCORE", "z", "a"], (["ZADD", "z", "1", "a"], ["ZINCRBY", "z", "1", "a"], ["ZPOPMIN", "z"])),
                (["LRANGE", "l", "0", "-1"], (["RPUSH", "l", "a", "b"], ["LSET", "l", "0", "c"], ["LTRIM", "l", "0", "0"], ["LPOP", "l"]))):
            for change in changes:
                reader.call(*read)
                assert writer.call(*change)[0] != "-", change
                kind, items = reader.read_frame()[0]
                assert kind == ">" and items[0][1] == b"invalidate" and items[1][1] == [("$", change[1].encode())], (change, items)
