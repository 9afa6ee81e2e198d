#!/usr/bin/python3
"""Messages and invalidations between processes: order, slow readers, very many channels, coherent caches, node clients.

Parts: order, events, slow, flood, many, cache, evict, limit, node (each a part; all but node by default). A failure prints its seed.
"""
import argparse
import os
import pathlib
import random
import select
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from harness import resp  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def wait_for(condition, what, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < deadline, "waited in vain: " + what)
        time.sleep(0.01)


def in_threads(*functions):
    """Runs all and raises the first failure."""
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        check(not thread.is_alive(), "a thread hangs")
    if failures:
        raise failures[0]


def part_order(options):
    """Every subscriber gets every message of every publisher, each publisher's in order, whatever workers they are on."""
    publishers, messages = 4, options.load
    with Server(options.server) as server:
        subscribers = []
        for i in range(12):
            connection = server.connect(2 + i % 2, timeout=60)
            connection.call(*(["SUBSCRIBE", "news"] if i % 3 else ["PSUBSCRIBE", "n*"]))
            subscribers.append(connection)
        counts = [0] * publishers

        def publish(number):
            with server.connect(timeout=60) as connection:
                for first in range(0, messages, 20):
                    rest = range(first, min(messages, first + 20))
                    payload = lambda i: b"%d:%d" % (number, i) + (b"x" * 9000 if i % 50 == 0 else b"")
                    connection.send_raw(b"".join(resp.encode(["PUBLISH", "news", payload(i)]) for i in rest))
                    for _ in rest:
                        counts[number] += int(connection.read_frame()[0][1])

        def subscribe(connection):
            following = [0] * publishers
            for _ in range(publishers * messages):
                node, _ = connection.read_frame()
                check(node[0] == ("*" if connection.protocol == 2 else ">"), "shape of a message: %s" % resp.render(node)[:100])
                number, rest = node[1][-1][1].split(b":")
                sent = int(rest.rstrip(b"x"))
                check(following[int(number)] == sent, "message %d of publisher %s came where %d was due" % (sent, number, following[int(number)]))
                check(len(rest) > 9000 or sent % 50, "a large payload was cut")
                following[int(number)] += 1

        in_threads(*[lambda n=n: publish(n) for n in range(publishers)], *[lambda c=c: subscribe(c) for c in subscribers])
        check(counts == [messages * len(subscribers)] * publishers, "PUBLISH counted %s" % counts)
        for connection in subscribers:
            connection.close()
        wait_for(lambda: server.connect().call("PUBSUB", "NUMSUB", "news")[1][1] == (":", b"0"), "subscribers leave with their connections")


def part_events(options):
    """The events of a key come in the order of its changes, whatever workers make them: SET NX and DEL can only succeed by turns."""
    with Server(options.server, "--notify-keyspace-events", "Kg$") as server:
        subscribers = [server.connect(2 + i % 2, timeout=60) for i in range(8)]
        for connection in subscribers:
            connection.call("SUBSCRIBE", "__keyspace@0__:k", "end")
            connection.read_frame()
        successes = [0] * 8

        def write(number):
            request = resp.encode(["SET", "k", "v", "NX"] if number % 2 else ["DEL", "k"])
            with server.connect(timeout=60) as connection:
                for _ in range(options.load // 20):
                    connection.send_raw(request * 20)
                    successes[number] += sum(connection.read_frame()[0] in (("+", b"OK"), (":", b"1")) for _ in range(20))

        in_threads(*[lambda n=n: write(n) for n in range(len(successes))])
        check(min(sum(successes[0::2]), sum(successes[1::2])) > 0, "no key was set and deleted: %s" % successes)
        server.connect().call("PUBLISH", "end", "end")
        for connection in subscribers:
            for number in range(sum(successes)):
                event = connection.read_frame()[0][1][-1][1]
                due = b"del" if number % 2 else b"set"
                check(event == due, "event %d is %s where %s was due" % (number, event, due))
            check(connection.read_frame()[0][1][-1][1] == b"end", "more events than changes")
            connection.close()


def part_slow(options):
    """A subscriber that does not read is cut off at its limit; neither the publisher nor the others wait for it."""
    limit = 4 * 1024 * 1024
    with Server(options.server, client_output_buffer_limit="pubsub %d 0 0" % limit) as server:
        slow, quick, publisher = server.connect(), server.connect(), server.connect()
        slow.call("SUBSCRIBE", "a")
        quick.call("SUBSCRIBE", "a")
        payload = b"x" * 100000
        for i in range(400):
            receivers = publisher.call("PUBLISH", "a", payload)[1]
            check(quick.read_frame()[0][1][2][1] == payload, "the quick subscriber")
            if receivers == b"1":
                break
        check(receivers == b"1", "the slow subscriber is still there after 40 MB")
        info = server.info("stats")
        if server.is_corral():
            check(info["client_output_buffer_limit_disconnections"] == "1", "the disconnection is counted")
        slow.close()
        # In one turn, more than the limit: cut off although nobody had a chance to read.
        hasty = server.connect()
        hasty.call("SUBSCRIBE", "a")
        publisher.send_raw(resp.encode(["PUBLISH", "a", payload]) * 100)
        received = [publisher.read_frame()[0][1] for _ in range(100)]
        check(received[0] == b"2", "the hasty subscriber")
        for _ in range(100):
            quick_frame = select.select([quick.socket], [], [], 0)[0]
            if quick_frame:
                quick.socket.recv(1 << 20)
        check(publisher.call("PING") == ("+", b"PONG"), "the publisher is served")


def part_flood(options):
    """Who publishes more than another worker delivers is held back: what is in transit stays bounded, nothing is lost."""
    payload, messages = b"x" * 65536, 3 * options.load
    with Server(options.server, client_output_buffer_limit="pubsub 0 0 0") as server:
        # Connections are given to the workers in turn, of which there are four: all listeners are on one.
        connections = [server.connect(timeout=60.0) for _ in range(64)]
        publishers, listeners = connections[0:3:2], connections[1::4]
        for listener in listeners:
            listener.call("SUBSCRIBE", "a")
        message = resp.encode(["message", "a", payload])
        left, most = [len(listeners) * len(message) * messages], [0]

        def publish(connection, count):
            requests = resp.encode(["PUBLISH", "a", payload]) * count
            threading.Thread(target=lambda: connection.send_raw(requests), daemon=True).start()
            for _ in range(count):
                check(connection.read_frame()[0] == (":", b"%d" % len(listeners)), "a message to all")

        def listen():
            while left[0] > 0:
                readable = select.select([c.socket for c in listeners], [], [], 60)[0]
                check(readable, "%d bytes of messages are lost" % left[0])
                left[0] -= sum(len(socket.recv(1 << 20)) for socket in readable)

        def watch():
            watcher = server.connect(timeout=60.0)
            while left[0] > 0:
                figures = watcher.text("INFO", "memory")
                most[0] = max(most[0], int(figures.split("mem_not_counted_for_evict:")[1].split("\r")[0]))
                time.sleep(0.01)

        in_threads(lambda: publish(publishers[0], messages - messages // 4), lambda: publish(publishers[1], messages // 4), listen, watch)
        check(left[0] == 0, "a message too much")
        check(most[0] < 17 << 20, "%d bytes in transit" % most[0])
        # Two workers that publish to each other.
        for publisher in publishers:
            publisher.call("SUBSCRIBE", "b")
        others = connections[4:7:2]

        def take(connection, kind, count):
            if kind == ":":
                requests = resp.encode(["PUBLISH", "b", payload]) * count
                threading.Thread(target=lambda: connection.send_raw(requests), daemon=True).start()
            for _ in range(count):
                check(connection.read_frame()[0][0] == kind, "a frame")

        in_threads(*[lambda c=c: take(c, ":", options.load) for c in others],
                   *[lambda c=c: take(c, "*", 2 * options.load) for c in publishers])
        # It ends in the middle of it.
        for other in others:
            other.socket.setblocking(False)
            try:
                other.send_raw(resp.encode(["PUBLISH", "a", payload]) * messages)
            except OSError:
                pass


def part_many(options):
    """A million channels of one connection: bounded memory, others served meanwhile, all given back."""
    channels = options.load * 250
    with Server(options.server) as server:
        before = server.rss_bytes()
        many, other = server.connect(timeout=60), server.connect()
        worst = 0.0
        for first in range(0, channels, 1000):
            many.send("SUBSCRIBE", *(b"channel:%08d" % i for i in range(first, min(channels, first + 1000))))
            start = time.monotonic()
            check(other.call("PING") == ("+", b"PONG"), "PING")
            worst = max(worst, time.monotonic() - start)
            many.read_until(b"\r\n:%d\r\n" % min(channels, first + 1000))
        each = (server.rss_bytes() - before) / channels
        check(int(server.info("stats")["pubsub_channels"]) == channels, "pubsub_channels")
        check(other.call("PUBLISH", "channel:%08d" % (channels - 1), "x") == (":", b"1"), "PUBLISH to the last one")
        check(many.read_frame()[0][1][2] == ("$", b"x"), "its message")
        check(len(other.call("PUBSUB", "CHANNELS", "channel:0000000?")[1]) == 10, "PUBSUB CHANNELS")
        print("    %d channels: %.0f resident bytes each, longest PING meanwhile %.1f ms" % (channels, each, worst * 1000))
        many.close()
        wait_for(lambda: server.info("stats")["pubsub_channels"] == "0", "channels go with their subscriber")
        # Patterns that would take a backtracking matcher exponential time.
        hard = server.connect()
        hard.call("PSUBSCRIBE", "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "[a-b]*" * 20 + "c")
        hard.read_frame()
        other.call("PUBLISH", "a" * 2000, "x")
        hard.close()


class NearCache:
    """A process's cache: reads through, drops what it is told to drop."""

    def __init__(self, server, seed, *options):
        self.random = random.Random(seed)
        self.server = server
        self.connection = server.connect(3, timeout=60)
        check(self.connection.call("CLIENT", "TRACKING", "ON", *options) == ("+", b"OK"), "CLIENT TRACKING ON %s" % (options,))
        self.values, self.reads, self.hits, self.told = {}, 0, 0, 0
        self.opt_in = "OPTIN" in options

    def told_of(self, node):
        check(node[0] == ">" and node[1][0][1] == b"invalidate", "not an invalidation: %s" % resp.render(node))
        self.told += 1
        if node[1][1][0] == "nil":
            self.values.clear()
        else:
            for key in node[1][1][1]:
                self.values.pop(key[1], None)

    def next_reply(self):
        while True:
            node, _ = self.connection.read_frame()
            if node[0] != ">":
                return node
            self.told_of(node)

    def get(self, key):
        self.reads += 1
        if key in self.values:
            self.hits += 1
            return
        if self.opt_in:
            self.connection.send("CLIENT", "CACHING", "YES")
        self.connection.send("GET", key)
        if self.opt_in:
            self.next_reply()
        reply = self.next_reply()
        self.values[key] = reply

    def drain(self):
        self.connection.send("PING")
        while self.connection.buffer or select.select([self.connection.socket], [], [], 0)[0]:
            node, _ = self.connection.read_frame()
            if node == ("+", b"PONG"):
                return
            self.told_of(node)
        self.next_reply()


def part_cache(options):
    """Near caches of every mode under concurrent writers: once the writers stop, no cache holds an old value."""
    seed = options.seed
    print("    seed %d" % seed)
    keys = [b"key:%d" % i for i in range(200)]
    with Server(options.server) as server:
        modes = [[], ["NOLOOP"], ["OPTIN"], ["BCAST"], ["BCAST", "PREFIX", "key:1", "PREFIX", "key:2"], []]
        caches = [NearCache(server, seed + i, *mode) for i, mode in enumerate(modes)]
        keys_of = lambda i: [k for k in keys if k[4:5] in b"12"] if "PREFIX" in modes[i] else keys
        ended = threading.Event()
        # Redis leaves caches stale behind SWAPDB.
        whole = [["FLUSHALL"], ["SWAPDB", 0, 1]] if server.is_corral() else [["FLUSHALL"]]

        def read(i):
            while not ended.is_set():
                for _ in range(50):
                    caches[i].get(caches[i].random.choice(keys_of(i)))
                caches[i].drain()

        def write(number):
            rng = random.Random("%d/%d" % (seed, number))
            try:
                with server.connect(timeout=60) as connection:
                    for i in range(options.load):
                        requests = []
                        for _ in range(5):
                            key, value = rng.choice(keys), b"%d.%d" % (number, i)
                            requests.append(rng.choice([["SET", key, value], ["SET", key, value, "PX", rng.randint(1, 30)], ["DEL", key], ["APPEND", key, "+"],
                                                        ["MSET", key, value, rng.choice(keys), value], ["EXPIRE", key, 0], ["RENAME", key, rng.choice(keys)]]))
                        if rng.random() < 0.002:
                            requests.append(rng.choice(whole))
                        connection.send_raw(b"".join(map(resp.encode, requests)))
                        for _ in requests:
                            connection.read_frame()
            finally:
                if number == 0:
                    ended.set()

        in_threads(*[lambda i=i: read(i) for i in range(len(caches))], *[lambda n=n: write(n) for n in range(3)])
        time.sleep(0.3)  # the last expiries
        with server.connect() as connection:
            truth = {key: connection.call("GET", key) for key in keys}
            truth = {key: ("nil", None) if node[0].startswith("nil") else node for key, node in truth.items()}
        for cache, mode in zip(caches, modes):
            def stale():
                cache.drain()
                return {k: (v, truth[k]) for k, v in cache.values.items() if v != truth[k]}
            # The last messages may still be on their way.
            deadline = time.monotonic() + 20
            while stale():
                check(time.monotonic() < deadline, "a cache of mode %s is stale: %s" % (mode, dict(list(stale().items())[:3])))
                time.sleep(0.05)
            check(cache.hits > 0 and cache.told > 0, "a cache without hits or messages")
            cache.connection.close()
        print("    %d reads, %d hits, %d messages" % tuple(sum(getattr(c, name) for c in caches) for name in ("reads", "hits", "told")))
        if server.is_corral():
            wait_for(lambda: server.info("stats")["tracking_total_keys"] == "0", "what went is swept out")
            wait_for(lambda: server.info("clients")["tracking_clients"] == "0", "tracking_clients")


def part_evict(options):
    """Eviction is told as an event and to caches; memory for tracked keys."""
    with Server(options.server, notify_keyspace_events="Ee", maxmemory_policy="allkeys-lru") as server:
        writer, listener, cache = server.connect(), server.connect(3), server.connect(3)
        listener.call("SUBSCRIBE", "__keyevent@0__:evicted")
        cache.call("CLIENT", "TRACKING", "ON")
        for i in range(2000):
            writer.call("SET", "k:%d" % i, "x" * 1000)
            cache.call("GET", "k:%d" % i)
        writer.call("CONFIG", "SET", "maxmemory", int(server.info("memory")["used_memory"]) - 500000)
        for i in range(50):
            writer.call("SET", "new:%d" % i, "x" * 1000)
        wait_for(lambda: int(server.info("stats")["evicted_keys"]) > 100, "the eviction of keys")
        writer.call("CONFIG", "SET", "maxmemory", 0)  # and of no more
        evicted = int(server.info("stats")["evicted_keys"])
        told = {listener.read_frame()[0][1][2][1] for _ in range(evicted)}
        check(len(told) == evicted, "%d events for %d keys" % (len(told), evicted))
        stale = set()
        while len(stale) < len([key for key in told if key.startswith(b"k:")]):
            stale.add(cache.read_frame()[0][1][1][1][0][1])
        check(stale == {key for key in told if key.startswith(b"k:")}, "the cache is told about other keys than the listener")


def part_limit(options):
    """Keys above a lowered tracking-table-max-keys are told of as stale though nobody sends a command."""
    with Server(options.server) as server:
        writer, cache = server.connect(), server.connect(3)
        cache.call("CLIENT", "TRACKING", "ON")
        names = [b"k:%d" % i for i in range(10000)]  # more than a turn gives up
        cache.call("MGET", *names)
        writer.call("CONFIG", "SET", "tracking-table-max-keys", 10)
        told = []
        while len(told) < len(names) - 10:
            kind, (what, stale) = cache.read_frame()[0]
            check(kind == ">" and what[1] == b"invalidate", "no invalidation: %s" % what[1])
            told += [name for _, name in stale[1]]
        check(len(set(told)) == len(told) and set(told) < set(names), "keys that were not read, or twice")
        check(server.info("stats")["tracking_total_keys"] == "10", "the limit is not kept to")


def npm_modules():
    work = HERE / "node"
    done = work / "node_modules" / ".package-lock.json"
    if not done.exists() or (work / "package-lock.json").stat().st_mtime > done.stat().st_mtime:
        # The lock file names no registry: npm asks the one that is configured.
        subprocess.run(["npm", "ci", "--prefix", work, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"], check=True, timeout=300)
    return work


def part_node(options):
    """Socket.IO's adapter between two processes, and node-redis's client-side cache beside a second writer."""
    check(shutil.which("npm"), "npm is missing")
    work = npm_modules()
    with Server(options.server) as server:
        for script in ("socket_io.js", "near_cache.js"):
            done = subprocess.run(["node", work / script, server.host, str(server.port)], capture_output=True, timeout=120)
            check(done.returncode == 0 and b"all is well" in done.stdout, "%s\n%s%s" % (script, done.stdout.decode(), done.stderr.decode()))


PARTS = {"order": part_order, "events": part_events, "slow": part_slow, "flood": part_flood, "many": part_many, "cache": part_cache, "evict": part_evict, "limit": part_limit, "node": part_node}


def main():
    parser = argparse.ArgumentParser(description="Messages and invalidations between processes.")
    parser.add_argument("--server", default=ORACLE)
    parser.add_argument("--load", type=int, default=1000, help="messages or steps of each connection")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    options = parser.parse_args()
    failed = 0
    for name in options.parts or [part for part in PARTS if part != "node"]:
        started = time.monotonic()
        try:
            PARTS[name](options)
            outcome = "passed"
        except (AssertionError, RuntimeError, OSError, resp.Timeout, resp.Closed, resp.ProtocolError, subprocess.SubprocessError) as error:
            failed += 1
            outcome = "FAILED: %s: %s" % (type(error).__name__, error)
        print("%-10s %5.1f s  %s" % (name, time.monotonic() - started, outcome), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
