#!/usr/bin/python3
"""Single flight through real sockets: one fetch whatever the number of callers, promotion, memory, fencing under load.

run.py --server COMMAND [--sanitized] [names]; --sanitized leaves out what measures time or memory.
"""
import argparse
import pathlib
import random
import resource
import sys
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import arguments  # noqa: E402
import connections as waiting_connections  # noqa: E402
from connections import answered, waiting  # noqa: E402
from harness.server import Server  # noqa: E402

STRESS_SECONDS = 8


def measures(function):
    function.measures = True
    return function


def connect(server, count):
    return [server.connect(timeout=60) for _ in range(count)]


def close(connections):
    for connection in connections:
        connection.close()


def token_of(reply):
    return reply[1][2][1]


def one_fetch(server, callers):
    connections = connect(server, callers)
    try:
        for connection in connections:
            connection.send("GETLEASE", "k", "WAIT", 60000)
        waiting(server, callers - 1)
        leader = answered(connections)
        token = token_of(leader.read_frame()[0])
        value = b"v" * 1024
        assert leader.call("SETLEASE", "k", token, value, "EX", 100) == (":", b"1")
        for connection in connections:
            if connection is leader:
                continue
            status, got, none, _ = connection.read_frame()[0][1]
            assert (status, got, none[0]) == (("$", b"HIT"), ("$", value), "nil")
        figures = server.info("leases")
        assert int(figures["leases_granted"]) == 1 and int(figures["leases_coalesced"]) == callers - 1
        assert int(figures["leases_active"]) == 0 and int(figures["leases_waiting"]) == 0
    finally:
        close(connections)


def test_one_fetch_for_100(command):
    for threads in (1, 3):
        with Server(command, threads=threads) as server:
            one_fetch(server, 100)


@measures
def test_one_fetch_for_1000(command):
    with Server(command, threads=2) as server:
        one_fetch(server, 1000)


@measures
def test_one_fetch_for_10000(command):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    with Server(command, maxclients=12000) as server:
        one_fetch(server, 10000)


def promotions(command, threads):
    """Seconds from the leader's end to the next one's lease, of several rounds."""
    seconds = []
    with Server(command, threads=threads) as server:
        for round in range(10):
            leader, *others = connect(server, 5)
            key = "k%d" % round
            leader.call("GETLEASE", key)
            for other in others:
                other.send("GETLEASE", key, "WAIT", 60000)
            waiting(server, len(others))
            started = time.monotonic()
            leader.close()
            second = answered(others)
            seconds.append(time.monotonic() - started)
            assert second.call("SETLEASE", key, token_of(second.read_frame()[0]), "v") == (":", b"1")
            for other in others:
                assert other is second or other.read_frame()[0][1][0] == ("$", b"HIT")
            close(others)
        assert int(server.info("leases")["leases_granted"]) == 20
    return seconds


def test_a_dead_leader_costs_one_fetch_more(command):
    for threads in (1, 3):
        promotions(command, threads)


def test_promotion_does_not_wait_for_the_end_of_the_lease(command):
    assert min(promotions(command, 2)) < 5  # of 10


def test_closing_waiters_leave_no_trace(command):
    for threads in (1, 3):
        with Server(command, threads=threads) as server:
            leader = server.connect()
            token = token_of(leader.call("GETLEASE", "k"))
            waiters = connect(server, 60)
            for waiter in waiters:
                waiter.send("GETLEASE", "k", "WAIT", 60000)
            waiting(server, 60)
            close(waiters[::2])
            waiting(server, 30)
            assert leader.call("SETLEASE", "k", token, "v") == (":", b"1")
            for waiter in waiters[1::2]:
                assert waiter.read_frame()[0][1][1] == ("$", b"v")
            close(waiters[1::2] + [leader])


@measures
def test_waiting_takes_no_cpu_and_little_memory(command):
    count = 4000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    with Server(command) as server:
        leader = server.connect()
        waiters = connect(server, count)
        for waiter in waiters:  # what a connection keeps after its first command is not the waiting's
            waiter.call("GETLEASE", "other", "NOWAIT")
        leader.call("GETLEASE", "k")
        time.sleep(0.3)
        idle = int(server.info("memory")["used_memory"])
        for waiter in waiters:
            waiter.send("GETLEASE", "k", "WAIT", 60000)
        waiting(server, count)
        time.sleep(0.3)
        each = (int(server.info("memory")["used_memory"]) - idle) / count
        assert each <= 256, "%d bytes for a waiter" % each
        used = cpu_seconds(server)
        time.sleep(1)
        assert cpu_seconds(server) - used < 0.1
        close(waiters + [leader])


def cpu_seconds(server):
    fields = pathlib.Path("/proc/%d/stat" % server.pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Stress:
    """Clients fetch a number that only grows and fill the cache with it; one client, the judge, lets it grow and
    invalidates the key: what is read afterwards is never older than that."""

    def __init__(self, server, seed):
        self.server, self.seed = server, seed
        self.numbers = {key: 0 for key in ("a", "b", "c")}  # only the judge changes them
        self.until = time.monotonic() + STRESS_SECONDS
        self.at_most = self.until + 10 * STRESS_SECONDS  # on a machine so slow that little happens
        self.failures, self.fills, self.refused = [], 0, 0

    def threads(self):
        return [threading.Thread(target=self.client, args=(self.judge if n == 0 else self.call, n)) for n in range(8)]

    def client(self, work, number):
        chance = random.Random(self.seed + number)
        connection = self.server.connect()
        try:
            while not self.over():
                connection = work(connection, chance, chance.choice(list(self.numbers)))
        except Exception:
            self.failures.append(traceback.format_exc())
        connection.close()

    def over(self):
        enough = self.fills > 20 and self.refused > 0
        return bool(self.failures) or time.monotonic() > (self.until if enough else self.at_most)

    def judge(self, connection, chance, key):
        self.numbers[key] += 1
        connection.call(*chance.choice((("DEL", key), ("UNLINK", key), ("FLUSHDB",), ("FLUSHALL",), ("SET", key, self.numbers[key]))))
        for _ in range(5):
            value = connection.call("GET", key)[1]
            if value is not None and int(value) < self.numbers[key]:
                self.failures.append("%s is %s after an invalidation at %d (seed %d)" % (key, value, self.numbers[key], self.seed))
            time.sleep(0.001)
        return connection

    def call(self, connection, chance, key):
        choice = chance.random()
        if choice < 0.1:
            if choice < 0.05:
                connection.send("GETLEASE", key, "WAIT", 1000)  # closes as a waiter, or as a leader
            connection.close()
            return self.server.connect()
        if choice < 0.15:
            connection.call("SOFTDEL", key)
        reply = connection.call("GETLEASE", key, "LEASE", chance.choice((5, 1000)), "WAIT", chance.choice((5, 500)))
        token = reply[1][2][1]
        if token is None:
            return connection
        number = self.numbers[key]
        time.sleep(chance.choice((0, 0.0005, 0.003)))
        if chance.random() < 0.1:
            connection.call("DELLEASE", key, token, *chance.choice(((), ("PX", 3, "no"))))
        elif connection.call("SETLEASE", key, token, number, "PX", 20, "PSWR", 20)[1] == b"1":
            self.fills += 1
        else:
            self.refused += 1
        return connection


def test_nothing_stale_is_stored(command):
    with Server(command, threads=4) as server:
        stress = Stress(server, random.randrange(1 << 32))
        threads = stress.threads()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not stress.failures, stress.failures[0]
        assert stress.fills > 20 and stress.refused > 0, (stress.fills, stress.refused)
        waiting(server, 0)  # their connections are closed; the server may have yet to see it


def main():
    parser = argparse.ArgumentParser(description="Single flight through real sockets.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("names", nargs="*", help="tests whose name contains one of these")
    options = parser.parse_args()
    passed = failed = 0
    for name, test in [*globals().items(), *vars(arguments).items(), *vars(waiting_connections).items()]:
        if not name.startswith("test_") or (options.names and not any(n in name for n in options.names)):
            continue
        if options.sanitized and hasattr(test, "measures"):
            continue
        started = time.monotonic()
        try:
            test(options.server)
            passed, outcome = passed + 1, "passed"
        except Exception:
            failed, outcome = failed + 1, "FAILED\n" + traceback.format_exc()
        print("%-52s %5.1f s  %s" % (name[5:], time.monotonic() - started, outcome), flush=True)
    print("lease: %d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
