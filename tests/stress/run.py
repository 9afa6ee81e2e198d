#!/usr/bin/python3
"""Many connections at once, each with its own seeded random commands: for the sanitizers, and for order and loss of replies.

Every worker of the daemon is busy with writes, expiring keys, eviction, leases, messages, tracking, whole-keyspace commands, slow readers and
connections that come and go; it is then stopped in the middle of it. A connection's commands end with an ECHO that nobody else sends: the echo must come back, in place.
run.py --server COMMAND [--seed N] [--seconds N]
"""
import argparse
import pathlib
import random
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "differential")]
from generator import Generator  # noqa: E402
from harness import resp  # noqa: E402
from harness.resp import Closed  # noqa: E402
from harness.server import Server  # noqa: E402

BATCH = 40
FORBIDDEN = {b"SHUTDOWN", b"MONITOR", b"DEBUG", b"CONFIG", b"CLIENT"}  # would end the run, or the order of replies


def words(args):
    return [a if isinstance(a, bytes) else str(a).encode() for a in args]


class Actor(threading.Thread):
    """One connection after the other, until the time is over; `error` is what went wrong."""

    def __init__(self, server, seed, deadline):
        super().__init__()
        self.server, self.random, self.deadline = server, random.Random(seed), deadline
        self.generator = Generator(self.random, 2)
        self.commands = 0
        self.error = None

    def run(self):
        try:
            while time.monotonic() < self.deadline:
                try:
                    with self.server.connect(protocol=self.random.choice([2, 3])) as connection:
                        self.play(connection)
                except (Closed, OSError):
                    # CLIENT KILL of the administrator's, or the end of the daemon. A death before its time shows when it is stopped.
                    time.sleep(0.001)
        except Exception as error:  # told to the main thread, which prints it
            self.error = error

    def batch(self, connection, requests):
        """Sends all at once; the replies, without pushed messages."""
        mark = b"mark-%d-%d" % (id(self), self.commands)
        requests = [words(r) for r in requests] + [[b"ECHO", mark]]
        connection.send_raw(b"".join(resp.encode(r) for r in requests))
        self.commands += len(requests)
        replies = []
        while len(replies) < len(requests):
            node, _ = connection.read_frame()
            if node[0] != ">":
                replies.append(node)
        if replies[-1][1] != mark:
            raise AssertionError("replies are out of step: %r instead of %r" % (replies[-1], mark))
        return replies[:-1]


class Writer(Actor):
    """Random commands of all families, keys that expire soon, big values."""

    def play(self, connection):
        for _ in range(self.random.randint(1, 12)):
            requests = []
            while len(requests) < BATCH:
                for args, kind in self.generator.commands():
                    if kind == "none" or words(args)[0].upper() in FORBIDDEN or kind == "hello" or words(args)[0] == b"RESET":
                        continue
                    requests.append(args)
            key = b"key:%d" % self.random.randint(0, 29)
            requests.append(["SET", key, b"v" * self.random.choice([0, 10, 70000]), "PX", self.random.randint(1, 40)])
            requests.append(["SETRANGE", b"grow:%d" % self.random.randint(0, 400), self.random.randint(0, 3000), b"x"])
            self.batch(connection, requests)


class Caller(Actor):
    """Takes leases, waits for others', fills and aborts them."""

    def play(self, connection):
        for _ in range(20):
            key = b"key:%d" % self.random.randint(0, 5)
            reply = connection.call("GETLEASE", key, "LEASE", self.random.choice([5, 1000]), "WAIT", self.random.randint(1, 30))
            self.commands += 1
            token = reply[1][2][1] if reply[0] == "*" else None
            if not token:
                continue
            connection.send_raw(resp.encode(words(self.random.choice([
                ["SETLEASE", key, token, b"filled", "PX", 20], ["DELLEASE", key, token], ["DELLEASE", key, token, "PX", 5, "no"],
                ["TOUCHLEASE", key, token, 50], ["SOFTDEL", key]]))))
            if self.random.random() < 0.1:
                return  # the leader goes
            connection.read_frame()


class Listener(Actor):
    """Subscribed to messages and events, or tracking what it reads."""

    def play(self, connection):
        if connection.protocol == 3:
            self.batch(connection, [self.random.choice([["CLIENT", "TRACKING", "ON"], ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "key:"]])])
            for _ in range(20):
                self.batch(connection, [["GET", b"key:%d" % i] for i in range(30)] + [["PUBLISH", "news", b"n" * self.random.choice([5, 40000])]])
        else:
            connection.send("PSUBSCRIBE", "__key*__:*", "news")
            for _ in range(500):
                connection.read_frame()


class Administrator(Actor):
    """What asks for everything, stops everything or ends connections."""

    def play(self, connection):
        for _ in range(30):
            time.sleep(0.005)
            self.batch(connection, [self.random.choice([
                ["INFO", "everything"], ["CLIENT", "LIST"], ["FLUSHALL", "ASYNC"], ["FLUSHDB"], ["SWAPDB", 0, 1], ["SCAN", 0, "COUNT", 1000], ["KEYS", "*"],
                ["CONFIG", "SET", "maxmemory-policy", self.random.choice(["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "volatile-lru"])],
                ["CONFIG", "SET", "notify-keyspace-events", self.random.choice(["KEA", "", "KEAmn"])], ["CONFIG", "RESETSTAT"], ["MEMORY", "STATS"],
                ["CONFIG", "SET", "slowlog-log-slower-than", self.random.choice(["0", "10000"])], ["SLOWLOG", "GET", "-1"], ["LATENCY", "HISTOGRAM"],
                ["LEASE", "LIST"], ["CLIENT", "PAUSE", 5, "WRITE"], ["CLIENT", "NO-EVICT", "on"], ["PUBSUB", "CHANNELS"], ["COMMAND", "COUNT"],
                ["CONFIG", "SET", "tracking-table-max-keys", self.random.choice(["5", "1000000"])], ["CONFIG", "SET", "maxmemory", self.random.choice(["0", "40mb"])],
                ["CLIENT", "KILL", "TYPE", self.random.choice(["normal", "pubsub"]), "SKIPME", "yes"]])])


class SlowReader(Actor):
    """Asks for more than its socket takes, and reads it late or not at all."""

    def play(self, connection):
        connection.send("SETRANGE", b"big", 300000, b"x")
        connection.read_frame()
        for _ in range(10):
            count = self.random.randint(1, 30)
            connection.send_raw(resp.encode([b"GET", b"big"]) * count)
            self.commands += count
            time.sleep(self.random.choice([0, 0.005, 0.02]))
            if self.random.random() < 0.2:
                return
            for _ in range(count):
                connection.read_frame()


class Watcher(Actor):
    """A connection in MONITOR that comes and goes."""

    def play(self, connection):
        connection.send("MONITOR")
        for _ in range(300):
            connection.read_frame()


def main():
    parser = argparse.ArgumentParser(description="Random commands on many connections at once.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    print("seed %d" % options.seed)
    with Server(options.server, maxmemory="60mb", maxmemory_policy="allkeys-lru", notify_keyspace_events="KEA") as server:
        deadline = time.monotonic() + options.seconds
        kinds = [Writer] * 5 + [Caller] * 4 + [Listener] * 3 + [Administrator, Watcher, SlowReader, SlowReader]
        actors = [kind(server, options.seed * 100 + i, deadline) for i, kind in enumerate(kinds)]
        for actor in actors:
            actor.start()
        while time.monotonic() < deadline:
            time.sleep(0.1)
        # The daemon is told to end while all of them are busy.
    for actor in actors:
        actor.join()
    errors = ["%s: %s" % (type(a).__name__, a.error) for a in actors if a.error]
    print("stress: %d commands on %d connections at a time, %d errors" % (sum(a.commands for a in actors), len(actors), len(errors)))
    for error in errors:
        print(error)
    return 1 if errors or not all(a.commands for a in actors if isinstance(a, (Writer, Caller))) else 0


if __name__ == "__main__":
    sys.exit(main())
