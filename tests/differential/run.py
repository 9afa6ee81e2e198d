#!/usr/bin/python3
"""Drives redis-server 7.0.15 and the server under test with the same seeded random commands and compares every reply.

Parts: `commands` (random commands over all families, both protocols, with the whole keyspace compared now and then), `expiry`
(short real TTLs), `protocol` (mutated protocol bytes on fresh connections: same bytes back, same open or closed), `split`
(every request of a corpus cut at every byte), `events` (keyspace events of random commands). A failure prints its seed and the command that replays it.
"""
import argparse
import os
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import compare  # noqa: E402
import events  # noqa: E402
import protocol_bytes  # noqa: E402
from generator import Generator  # noqa: E402
from harness import resp  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402

BATCH = 200
CONNECTIONS = 3
EVENT_SEEDS, EVENT_PIECES = 8, 60
SHOWN = 12  # distinct mismatches printed in full
TYPES = ["string", "list", "set", "zset", "hash", "stream"]
SHARED = {"maxmemory-policy": "noeviction", "maxmemory": "0", "timeout": "0", "hz": "10", "slowlog-max-len": "128", "maxmemory-samples": "5",
          "notify-keyspace-events": "", "lfu-log-factor": "10", "lfu-decay-time": "1", "lazyfree-lazy-expire": "no",
          "client-output-buffer-limit": "normal 0 0 0", "list-max-listpack-size": "-2",
          "hash-max-listpack-entries": "512", "hash-max-listpack-value": "64", "set-max-intset-entries": "512",
          "zset-max-listpack-entries": "128", "zset-max-listpack-value": "64"}


def line(args):
    return " ".join(word.decode() if word.isalnum() else resp.quote(word) for word in (a if isinstance(a, bytes) else str(a).encode() for a in args))


def cut(text, length=600):
    return text if len(text) <= length else "%s... (%d characters)" % (text[:length], len(text))


class Pair:
    """The server under test and the oracle, and what was compared so far."""

    def __init__(self, options):
        self.options = options
        self.mine = Server(options.server)
        self.theirs = Server(options.oracle)
        self.commands = self.replies = self.events = self.failures = 0
        self.shown = set()
        self.deadline = time.monotonic() + options.seconds

    def stop(self):
        self.theirs.stop()
        self.mine.stop()

    def both(self, *args):
        nodes = []
        for server in (self.mine, self.theirs):
            with server.connect() as c:
                nodes.append(c.call(*args))
        return nodes

    def reset(self):
        for server in (self.mine, self.theirs):
            with server.connect() as c:
                c.call("FLUSHALL")
                for name, value in SHARED.items():
                    c.call("CONFIG", "SET", name, value)

    def fail(self, key, text, replay):
        self.failures += 1
        if key not in self.shown and len(self.shown) < SHOWN:
            self.shown.add(key)
            print("MISMATCH %s\n  replay: tests/differential/run.py --server '%s' %s" % (text, self.options.server, replay), flush=True)


class CommandRun:
    """One seed in one protocol."""

    def __init__(self, pair, seed, protocol, count):
        self.pair, self.seed, self.protocol, self.count = pair, seed, protocol, count
        self.random = random.Random("%d/%d" % (seed, protocol))
        self.generator = Generator(self.random, protocol)
        self.recent = []

    def run(self):
        self.pair.reset()
        servers = (self.pair.mine, self.pair.theirs)
        self.counted = [int(server.info("persistence")["rdb_changes_since_last_save"]) for server in servers]
        connections = [[server.connect(self.protocol) for server in servers] for _ in range(CONNECTIONS)]
        done = 0
        while done < self.count:
            batch = []
            while len(batch) < min(BATCH, self.count - done):
                batch += self.generator.commands()
            marker = b"end-of-batch-%d-%d" % (self.seed, self.random.getrandbits(60))
            ending = resp.to_bytes(("$", marker), 2)
            data = b"".join(resp.encode(args) for args, _ in batch) + resp.encode(["ECHO", marker])
            pair = self.random.choice(connections)
            try:
                for connection in pair:
                    connection.send_raw(data)
                mine, theirs = (connection.read_until(ending) for connection in pair)
            except (resp.Timeout, resp.Closed, OSError) as error:
                answered = [len(connection.buffer) for connection in pair]
                self.fail(["?"], "batch at step %d: %s" % (done, error), "%d bytes of replies" % answered[0], "%d bytes of replies" % answered[1], batch)
                return
            self.pair.commands += len(batch) + 1
            if mine != theirs and not self.check(batch, mine, theirs, done):
                return
            self.pair.replies += 1 + sum(kind != "none" for _, kind in batch)
            if not self.changes(batch, done, servers):
                return
            done += len(batch)
            self.recent = batch[-8:]
            if self.random.random() < 0.03 and not self.keyspaces(done):
                return
        self.keyspaces(done)
        for pair in connections:
            for connection in pair:
                connection.close()

    def check(self, batch, mine, theirs, done):
        """Compares reply by reply; on the first that differs prints it and gives up this seed."""
        mine, theirs = resp.frames(mine), resp.frames(theirs)
        replied = [step for step in enumerate(batch) if step[1][1] != "none"]
        for (at, (args, kind)), a, b in zip(replied, mine, theirs):
            if a[1] == b[1] or compare.same(args, kind, a[0], b[0]):
                continue
            before = (self.recent + batch[:at])[-8:]
            self.fail(args, "step %d" % (done + at), resp.render(a[0]), resp.render(b[0]), before)
            return False
        if len(mine) != len(theirs):
            self.fail(["?"], "batch at step %d" % done, "%d replies" % len(mine), "%d replies" % len(theirs), batch[-8:])
            return False
        return True

    def changes(self, batch, done, servers):
        """What the batch adds to rdb_changes_since_last_save."""
        counts = [server.info("persistence")["rdb_changes_since_last_save"] for server in servers]
        counts = [int(count) for count in counts]
        steps = [after - before for after, before in zip(counts, self.counted)]
        self.counted = counts
        # Reading again what is pending is no change from 7.4 on.
        if steps[0] == steps[1] or any(str(args[0]).upper() == "XREADGROUP" and args[-1] != b">" for args, _ in batch):
            return True
        self.fail(["changes"], "batch at step %d" % done, *("%d changes" % step for step in steps), batch)
        return False

    def fail(self, args, where, mine, theirs, before):
        text = "seed %d, RESP%d, %s\n%s\n  command:   %s\n  under test: %s\n  redis:      %s" % (
            self.seed, self.protocol, where, "\n".join("    before:     " + cut(line(a), 150) for a, _ in before), cut(line(args)), cut(mine), cut(theirs))
        subcommand = str(args[1]).lower() if str(args[0]).upper() in ("CLIENT", "CONFIG", "COMMAND", "OBJECT", "DEBUG") and len(args) > 1 else ""
        key = (str(args[0]).lower(), subcommand, mine[:20], theirs[:20])
        self.pair.fail(key, text, "--part commands --seed %d --seeds 1 --protocol %d --count %d" % (self.seed, self.protocol, self.count))

    def keyspaces(self, done):
        """The whole keyspace of every database: keys, values, TTLs, encodings; and SCAN returns exactly the keys."""
        with self.pair.mine.connect() as mine, self.pair.theirs.connect() as theirs:
            for database in range(16):
                sides = (mine, theirs)
                for side in sides:
                    side.call("SELECT", database)
                keys = [sorted(node[1] for node in side.call("KEYS", "*")[1]) for side in sides]
                if keys[0] != keys[1]:
                    self.fail(["KEYS", "*"], "after step %d, database %d" % (done, database), str(keys[0]), str(keys[1]), self.recent)
                    return False
                scan = self.scan(mine)
                if scan != keys[0]:
                    self.fail(["SCAN"], "after step %d, database %d" % (done, database), str(scan), str(keys[0]), self.recent)
                    return False
                questions = [q for key in keys[0] for q in ((["GET", key], "exact"), (["PTTL", key], "milliseconds"), (["OBJECT", "ENCODING", key], "exact"),
                                                             (["LRANGE", key, 0, -1], "exact"), (["DEBUG", "DIGEST-VALUE", key], "exact"))]
                for side in sides:
                    side.send_raw(b"".join(resp.encode(args) for args, _ in questions))
                for args, kind in questions:
                    (a, _), (b, _) = mine.read_frame(), theirs.read_frame()
                    if not compare.same(args, kind, a, b):
                        self.fail(args, "after step %d, database %d" % (done, database), resp.render(a), resp.render(b), self.recent)
                        return False
                self.pair.commands += len(questions)
                self.pair.replies += len(questions)
        return True

    def scan(self, side):
        """Every key that a full scan returns, sorted."""
        options = self.random.choice([[[]], [["COUNT", 1]], [["COUNT", 7]], [["MATCH", "*"]], [["TYPE", t, "COUNT", 1000] for t in TYPES]])
        found = set()
        for some in options:
            found.update(self.scan_with(side, some))
        return sorted(found)

    @staticmethod
    def scan_with(side, options):
        found, cursor = set(), b"0"
        for _ in range(100000):
            cursor, keys = (node[1] for node in side.call("SCAN", cursor, *options)[1])
            found.update(node[1] for node in keys)
            if cursor == b"0":
                return found
        return {b"a scan that does not end"}


def expiry(pair, seed):
    """Short real TTLs: well before the deadline a key is there, well after it is gone, in every read command."""
    rng = random.Random(seed)
    pair.reset()
    margin = 0.12
    with pair.mine.connect() as mine, pair.theirs.connect() as theirs:
        start = time.monotonic()
        deadlines = {}
        for number in range(300):
            key, ttl = "e:%d" % number, rng.randint(1, 900)
            how = rng.choice([["SET", key, "v", "PX", ttl], ["PSETEX", key, ttl, "v"], ["SET", key, "v", "PXAT", int(time.time() * 1000) + ttl]])
            for side in (mine, theirs):
                side.call(*how)
            deadlines[key] = time.monotonic() - start + ttl / 1000
            pair.commands += 1
        while True:
            now = time.monotonic() - start
            checked = {key: due for key, due in deadlines.items() if abs(due - now) > margin}
            for key, due in rng.sample(sorted(checked.items()), min(60, len(checked))):
                question = rng.choice([["GET", key], ["EXISTS", key], ["TYPE", key], ["STRLEN", key], ["MGET", key], ["OBJECT", "ENCODING", key], ["KEYS", key]])
                answers = [side.call(*question) for side in (mine, theirs)]
                late = time.monotonic() - start - now > margin
                pair.commands += 1
                pair.replies += 1
                if answers[0] != answers[1] and not late:
                    pair.fail(("expiry", question[0]), "expiry: %s, due at %.3f s, asked at %.3f s\n  under test: %s\n  redis:      %s"
                              % (line(question), due, now, *map(resp.render, answers)), "--part expiry --seed %d" % seed)
            if now > 1.2:
                break
            time.sleep(0.02)
        time.sleep(0.5)
        sizes = [side.call("DBSIZE") for side in (mine, theirs)]
        if sizes[0] != (":", b"0"):
            pair.fail(("expiry", "DBSIZE"), "expiry: %s keys are still there 0.8 s after the last deadline" % resp.render(sizes[0]), "--part expiry --seed %d" % seed)


def commands(pair, options):
    protocols = [2, 3] if options.protocol == "both" else [int(options.protocol)]
    seed = options.seed
    while seed < options.seed + options.seeds and time.monotonic() < pair.deadline:
        for protocol in protocols:
            CommandRun(pair, seed, protocol, options.count).run()
        seed += 1
    return seed - options.seed


def main():
    parser = argparse.ArgumentParser(description="Compares a server with redis-server, reply by reply.")
    parser.add_argument("--server", default=ORACLE, help="command that starts the server under test")
    parser.add_argument("--oracle", default=ORACLE, help="command that starts redis-server 7.0.15")
    parser.add_argument("--part", choices=["all", "commands", "events", "expiry", "protocol", "split"], default="all")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=10**9, help="at most so many seeds")
    parser.add_argument("--count", type=int, default=10000, help="commands for each seed and protocol")
    parser.add_argument("--protocol", choices=["2", "3", "both"], default="both")
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("CORRAL_DIFFERENTIAL_SECONDS", 60)), help="time for the commands part (also CORRAL_DIFFERENTIAL_SECONDS)")
    parser.add_argument("--cases", type=int, default=4000, help="mutated byte strings of the protocol part")
    parser.add_argument("--replies", type=int, default=0, help="fail where fewer replies were compared")
    options = parser.parse_args()
    wanted = lambda part: options.part in ("all", part)
    pair = Pair(options)
    seeds = 0
    try:
        if wanted("split"):
            protocol_bytes.split(pair)
        if wanted("protocol"):
            protocol_bytes.mutated(pair, options.seed, options.cases)
        if wanted("expiry"):
            expiry(pair, options.seed)
        if wanted("events"):
            for seed in range(options.seed, options.seed + min(options.seeds, EVENT_SEEDS)):
                events.run(pair, seed, EVENT_PIECES, line)
        if wanted("commands"):
            pair.deadline = time.monotonic() + options.seconds
            seeds = commands(pair, options)
    except (resp.Timeout, resp.Closed, resp.ProtocolError, OSError) as error:
        pair.failures += 1
        print("BROKEN: %r (seed from %d on)\n%s" % (error, options.seed, pair.mine.output()[-3000:]))
    try:
        pair.stop()
    except RuntimeError as error:
        pair.failures += 1
        print(error)
    if pair.replies < options.replies:
        pair.failures += 1
        print("only %d replies were compared: %d are asked for" % (pair.replies, options.replies))
    for difference in compare.DIFFERENCES:
        if difference.seen:
            print("known difference, seen %d times: %s (%s)" % (difference.seen, difference.name, difference.why))
    print("differential: %d commands sent to both, %d replies and %d keyspace events compared, seeds %d to %d, %d mismatches"
          % (pair.commands, pair.replies, pair.events, options.seed, options.seed + max(seeds, 1) - 1, pair.failures))
    return 1 if pair.failures else 0


if __name__ == "__main__":
    sys.exit(main())
