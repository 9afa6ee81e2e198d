"""Figures of INFO and MEMORY STATS that only a fresh process of its own shows."""
import time

from cases import case
from harness.server import Server

# What clients changed, by command; the keys are there from the line before.
CHANGES = [
    ("SET a b EX 100", 1), ("SETEX a 100 b", 1), ("PSETEX a 100000 b", 1), ("GETEX a EX 50", 1), ("PERSIST a", 1),
    ("RENAME a b", 1), ("COPY b c", 1), ("MOVE b 1", 1), ("MSET k 1 l 2", 2), ("APPEND k 1", 1), ("SETNX k 1", 0),
    ("EXPIRE k 100", 1), ("EXPIRE k -1", 1), ("DEL k l nothing", 1), ("SWAPDB 2 3", 1), ("FLUSHALL", 2), ("FLUSHALL", 0),
    ("SET a b PX 10", 1), ("PING", 0), ("GET a", 0), ("MSET k 1 l 2", 2), ("FLUSHDB", 2),
]


@case()
def test_each_change_is_counted_once(server):
    with Server(server) as s, s.connect() as c:
        def dirty():
            return int(s.info("persistence")["rdb_changes_since_last_save"])
        for command, changes in CHANGES:
            before = dirty()
            c.call(*command.split())
            time.sleep(0.03)  # an expiry counts as nobody's change
            assert dirty() - before == changes, "%s: %d and not %d" % (command, dirty() - before, changes)


@case()
def test_memory_stats_by_database(server):
    with Server(server) as s, s.connect(3) as c:
        def fields(flat):
            return {name[1]: value for name, value in zip(flat[::2], flat[1::2])}

        def stats():
            return fields(c.call("MEMORY", "STATS")[1])
        assert not [name for name in stats() if name.startswith(b"db.")]
        c.call("SELECT", 9)
        for i in range(2000):
            c.call("SET", "key:%d" % i, "v", "EX", 1000)
        found = stats()
        assert [name for name in found if name.startswith(b"db.")] == [b"db.9"]
        part = {name: int(value[1]) for name, value in fields(found[b"db.9"][1]).items()}
        assert part[b"overhead.hashtable.main"] > 10000 and part[b"overhead.hashtable.expires"] > 1000
        assert int(found[b"overhead.total"][1]) >= sum(part.values()) + int(found[b"startup.allocated"][1])
        memory = s.info("memory")
        used, overhead, dataset = (int(memory["used_memory" + name]) for name in ("", "_overhead", "_dataset"))
        assert overhead + dataset == used


@case(ours=True)
def test_a_burst_of_connections_keeps_maxclients(server):
    with Server(server + " --threads 4", maxclients=20) as s:
        held = [s.connect() for _ in range(200)]
        for c in held:
            c.send("PING")
        served = 0
        for c in held:
            try:
                served += c.read_frame()[0] == ("+", b"PONG")
            except Exception:  # refused or reset
                pass
        assert served == 20, "%d connections were served" % served
        for c in held:
            c.close()
