#!/usr/bin/python3
"""Several connections at once, against redis-server: random subscribing, publishing, writing and tracking in both
protocols; after each step every connection must have received the same frames, pushes included, in the same order.

Free is where messages to oneself stand among the replies of a step, and orders that Redis takes from its hash tables: of the patterns that match one message, of the channels that
UNSUBSCRIBE leaves when it names none, of PUBSUB CHANNELS. The server under test runs with one thread: with several, a
message to another worker may arrive behind the answer of the command that sent it.
"""
import argparse
import pathlib
import random
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from harness import resp  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402

CONNECTIONS = 5
NAMES = ["a", "ab", "b", "news.1", "news.2", "__keyspace@0__:k1", "__keyevent@0__:set", "__keyevent@0__:del", "__redis__:invalidate"]
PATTERNS = ["a*", "*", "news.?", "__key*", "__keyspace*:k?", "[ab]", "b"]
KEYS = ["k1", "k2", "k3", "foo:1", "foo:2", "bar:1"]
EVENTS = ["", "KEA", "KEA", "K$g", "Ex$", "KEAn", "KEn", "EKm$", "A", "KE"]


class Steps:
    """Random steps: (connection, requests, kind); a request may hold ("id", n), the id of connection n."""

    def __init__(self, rng):
        self.rng = rng

    def some(self, words, most=3):
        return [self.rng.choice(words) for _ in range(self.rng.randint(1, most))]

    def write(self):
        key, rng = self.rng.choice(KEYS), self.rng
        return rng.choice([["SET", key, rng.randint(0, 9)], ["SET", key, "v", "EX", 1000], ["DEL", *self.some(KEYS)], ["APPEND", key, "x"],
                           ["MSET", key, 1, rng.choice(KEYS), 2], ["EXPIRE", key, rng.choice([100, -1])], ["PERSIST", key], ["GETDEL", key],
                           ["RENAME", key, rng.choice(KEYS)], ["COPY", key, rng.choice(KEYS), "REPLACE"], ["MOVE", key, 1], ["GETSET", key, "w"],
                           ["INCR", rng.choice(["n1", "n2"])], ["FLUSHALL"] if rng.random() < 0.1 else ["SETNX", key, 1], ["GETEX", key, "EX", 50]])

    def read(self):
        key = self.rng.choice(KEYS)
        return self.rng.choice([["GET", key], ["GET", key], ["STRLEN", key], ["EXISTS", key], ["TYPE", key], ["GETRANGE", key, 0, 1], ["OBJECT", "ENCODING", key]])

    def tracking(self):
        rng = self.rng
        words = ["CLIENT", "TRACKING", rng.choice(["ON", "ON", "ON", "OFF"])]
        for option in ("BCAST", "OPTIN", "OPTOUT", "NOLOOP"):
            if rng.random() < 0.25:
                words.append(option)
        if "BCAST" in words or rng.random() < 0.05:
            for prefix in rng.sample(["foo:", "bar:", "k", "fo", "", "n"], rng.choice([0, 0, 1, 2])):
                words += ["PREFIX", prefix]
        if rng.random() < 0.25:
            words += ["REDIRECT", ("id", rng.randrange(CONNECTIONS)) if rng.random() < 0.9 else 123456]
        return words

    def step(self):
        rng = self.rng
        roll = rng.random()
        if roll < 0.10:
            request = rng.choice([["SUBSCRIBE", *self.some(NAMES)], ["PSUBSCRIBE", *self.some(PATTERNS, 2)], ["SSUBSCRIBE", *self.some(NAMES, 2)]])
        elif roll < 0.17:
            request = rng.choice([["UNSUBSCRIBE"], ["PUNSUBSCRIBE"], ["SUNSUBSCRIBE"], ["UNSUBSCRIBE", *self.some(NAMES)], ["PUNSUBSCRIBE", *self.some(PATTERNS)],
                                  ["SUNSUBSCRIBE", *self.some(NAMES)]])
        elif roll < 0.29:
            request = [rng.choice(["PUBLISH", "PUBLISH", "SPUBLISH"]), rng.choice(NAMES), rng.choice(["x", "", "y" * 100, "z" * 10000])]
        elif roll < 0.36:
            request = self.tracking()
        elif roll < 0.39:
            request = ["CLIENT", "CACHING", rng.choice(["YES", "NO"])]
        elif roll < 0.44:
            request = rng.choice([["PUBSUB", "CHANNELS"], ["PUBSUB", "NUMSUB", *self.some(NAMES)], ["PUBSUB", "NUMPAT"], ["PUBSUB", "SHARDNUMSUB", *self.some(NAMES)],
                                  ["PUBSUB", "CHANNELS", rng.choice(PATTERNS)], ["CLIENT", "TRACKINGINFO"], ["PING"], ["PING", "hi"]])
        elif roll < 0.455:
            request = ["CONFIG", "SET", "notify-keyspace-events", rng.choice(EVENTS)]
        elif roll < 0.47:
            request = rng.choice([["RESET"], ["HELLO", "2"], ["HELLO", "3"], ["HELLO", "3"], ["QUIT"]])
        elif roll < 0.72:
            request = self.write()
        else:
            request = self.read()
        requests = [request]
        if rng.random() < 0.15 and request[0] not in ("QUIT", "HELLO", "RESET"):
            requests += rng.sample([self.read(), self.write(), self.read(), self.write()], rng.randint(1, 3))
        if rng.random() < 0.02 and request[0] not in ("QUIT", "HELLO", "RESET"):
            requests = [["CLIENT", "REPLY", "SKIP"]] + requests
        return rng.randrange(CONNECTIONS), requests


class Side:
    """The connections to one server."""

    def __init__(self, server, protocols):
        self.server = server
        self.connections, self.ids = [], []
        for protocol in protocols:
            self.connections.append(None)
            self.ids.append(None)
            self.connect(len(self.ids) - 1, protocol)

    def connect(self, i, protocol):
        if self.connections[i]:
            self.connections[i].close()
        self.connections[i] = self.server.connect(protocol, timeout=10)
        self.ids[i] = self.connections[i].call("CLIENT", "ID")[1]

    def send(self, i, requests):
        words = lambda request: [self.ids[word[1]] if isinstance(word, tuple) else word for word in request]
        self.connections[i].send_raw(b"".join(resp.encode(words(request)) for request in requests))

    def frames(self, i, marker):
        """Everything up to the answer to PING marker."""
        found = []
        while True:
            node, frame = self.connections[i].read_frame()
            if node == ("$", marker) or node == ("*", [("$", b"pong"), ("$", marker)]):
                return found
            found.append(node)

    def known(self, text):
        return re.sub(r":\d+", ":<id>", text) if "redir" in text else text


def normal(nodes, side, apart):
    """The nodes as text, in an order in which only what Redis's hash tables decide is left out; `apart`: invalidations last."""
    texts, run, left = [], [], []
    if apart:
        stale = [node for node in nodes if node[0] in "*>" and (node[1][:1] == [("$", b"invalidate")] or node[1][:2] == [("$", b"message"), ("$", b"__redis__:invalidate")])]
        nodes = [node for node in nodes if node not in stale] + stale

    def flush():
        texts.extend(sorted(run))
        run.clear()
        if left:
            texts.append("left %s counts %s" % (sorted(name for name, _ in left), sorted((count for _, count in left), reverse=True)))
            left.clear()

    for kind, value in nodes:
        word = value[0][1] if kind in "*>" and value and isinstance(value[0][1], bytes) else b""
        if word == b"pmessage":
            if left:
                flush()
            run.append(resp.render((kind, value)))
            continue
        if word.endswith(b"unsubscribe"):
            if run:
                flush()
            left.append((str(value[1][1]), value[2][1]))
            continue
        flush()
        if kind in "*%" and value and value[0][1] == b"server":
            texts.append("HELLO")
        else:
            texts.append(side.known(resp.render((kind, value))))
    flush()
    return texts


OWN_MESSAGES = (b"message", b"pmessage", b"smessage", b"invalidate", b"tracking-redir-broken")


def behind_replies(nodes):
    """What a connection's own requests tell it comes behind their replies since 7.2; the oracle has it in front."""
    own = [node for node in nodes if node[0] == ">" and node[1][0][1] in OWN_MESSAGES]
    return [node for node in nodes if node not in own] + own


def unordered(texts):
    return [",".join(sorted(text.strip("[]").split(", "))) for text in texts]


def line(requests):
    return " ; ".join(" ".join(str(word) for word in request)[:200] for request in requests)


def run(servers, seed, count):
    """Steps compared, or None and a report."""
    rng = random.Random(seed)
    protocols = [rng.choice([2, 3, 3]) for _ in range(CONNECTIONS)]
    for server in servers:
        with server.connect() as control:
            control.call("FLUSHALL")
            control.call("CONFIG", "SET", "notify-keyspace-events", "")
    sides = [Side(server, protocols) for server in servers]
    steps, history = Steps(rng), []
    for number in range(count):
        i, requests = steps.step()
        history.append("%d> %s" % (i, line(requests)))
        for side in sides:
            side.send(i, requests)
        if requests[0] == ["QUIT"]:
            for side in sides:
                side.connections[i].wait_closed()
                side.connect(i, protocols[i])
        # RENAME and MOVE change two keys: Redis tells first that both are stale, then what happened to each.
        two_keys = any(request[0] in ("RENAME", "MOVE") for request in requests)
        # Twice: what is told at the end of the server's turn comes behind the first answer.
        for connection in [i] + [n for n in range(CONNECTIONS) if n != i]:
            results = []
            for side in sides:
                frames = []
                for marker in (b"first-%d" % number, b"second-%d" % number):
                    side.send(connection, [["PING", marker]])
                    frames += side.frames(connection, marker)
                if connection == i:
                    frames = behind_replies(frames)
                results.append(normal(frames, side, two_keys))
            if results[0] != results[1] and not (requests[0][:2] == ["PUBSUB", "CHANNELS"] and unordered(results[0]) == unordered(results[1])):
                print("MISMATCH seed %d step %d on connection %d (RESP%d at first)\n  %s\n  under test: %s\n  redis:      %s\n  replay: tests/differential/pubsub.py --seed %d --seeds 1" % (
                    seed, number, connection, protocols[connection], "\n  ".join(history[-12:]), results[0], results[1], seed), flush=True)
                return None
    for side in sides:
        for connection in side.connections:
            connection.close()
    return count


def main():
    parser = argparse.ArgumentParser(description="Pushes to several connections, compared with redis-server.")
    parser.add_argument("--server", default=ORACLE)
    parser.add_argument("--oracle", default=ORACLE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=10**9)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    steps = failures = 0
    seed = options.seed
    with Server(options.server) as mine, Server(options.oracle) as theirs:
        while seed < options.seed + options.seeds and time.monotonic() < deadline and failures < 5:
            try:
                done = run((mine, theirs), seed, options.steps)
            except (resp.Timeout, resp.Closed, resp.ProtocolError, OSError) as error:
                print("BROKEN seed %d: %r" % (seed, error))
                done = None
            failures += done is None
            steps += done or 0
            seed += 1
    print("pubsub differential: %d steps on %d connections, seeds %d to %d, %d mismatches" % (steps, CONNECTIONS, options.seed, seed - 1, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
