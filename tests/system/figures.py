"""Figures of INFO and MEMORY STATS that only a fresh process of its own shows."""
import time

from cases import case, until
from harness.server import ORACLE, Server

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


# They tell of inner workings that Corral does not have (README, "INFO").
ABSENT = {"redis_build_id", "lru_clock", "reply_buffer_shrinks", "reply_buffer_expands"}


@case(ours=True)
def test_every_line_of_info_that_redis_has(server):
    with Server(ORACLE) as redis, Server(server) as s:
        assert set(redis.info("everything")) - set(s.info("everything")) == ABSENT


@case(ours=True)
def test_keys_whose_time_is_over_and_that_are_still_there(server):
    """Redis keeps an average of what its cycles met."""
    with Server(server) as s, s.connect() as c:
        c.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        for i in range(300):
            c.call("SET", "lives:%d" % i, "v", "EX", 1000)
        assert s.info("stats")["expired_stale_perc"] == "0.00"
        for i in range(100):
            c.call("SET", "ends:%d" % i, "v", "PX", 1)
        until(lambda: 10 < float(s.info("stats")["expired_stale_perc"]) < 40, what="a quarter of the keys")
        c.call("DEBUG", "SET-ACTIVE-EXPIRE", "1")
        until(lambda: s.info("stats")["expired_stale_perc"] == "0.00", what="the end of the keys")


@case(ours=True, measures=True)
def test_reads_of_other_threads_and_time_of_the_first(server):
    with Server(server + " --threads 2") as s:
        clients = [s.connect() for _ in range(8)]
        for _ in range(200):
            for c in clients:
                c.call("PING")
        stats = s.info("stats")
        for what in ("reads", "writes"):
            other, every = int(stats["io_threaded_%s_processed" % what]), int(stats["total_%s_processed" % what])
            assert 600 <= other <= every - 600, (what, other, every)
        cpu = s.info("cpu")
        for what in ("sys", "user"):
            assert 0 <= float(cpu["used_cpu_%s_main_thread" % what]) <= float(cpu["used_cpu_" + what]) + 0.02
        for c in clients:
            c.close()


@case(ours=True)
def test_time_over_a_limit_that_nothing_can_keep(server):
    with Server(server) as s, s.connect() as c:
        c.call("SET", "k", "x" * 1000000)
        assert s.info("stats")["total_eviction_exceeded_time"] == "0"
        c.call("CONFIG", "SET", "maxmemory", "100000")
        until(lambda: int(s.info("stats")["current_eviction_exceeded_time"]) > 0, what="the time")
        c.call("CONFIG", "SET", "maxmemory", "0")
        until(lambda: int(s.info("stats")["current_eviction_exceeded_time"]) == 0, what="its end")
        assert int(s.info("stats")["total_eviction_exceeded_time"]) > 0


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
