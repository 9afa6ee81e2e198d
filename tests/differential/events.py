"""Keyspace events of random commands: both servers are asked for all, and tell the same in the same order."""
import random

from generator import Generator
from harness import resp

COMMANDS_AT_ONCE = 40  # before the events of a piece are compared
PATTERN = "__key*__:*"  # a key's events and an event's keys, in all databases
# What would part the two listeners or says nothing about keys.
LEFT_OUT = {"CONFIG", "HELLO", "RESET", "CLIENT", "FLUSHALL", "FLUSHDB", "SWAPDB", "SELECT", "SCAN"}


def is_wanted(args, kind):
    return kind != "none" and str(args[0]).upper() not in LEFT_OUT


def marked(side, listener, marker):
    """The messages that came before a marker, which is published now: (channel, message)."""
    side.call("PUBLISH", "__keymarker__:", marker)
    told = []
    while True:
        _, items = listener.read_frame()[0]
        channel, message = items[2][1], items[3][1]
        if message == marker:
            return told
        told.append((channel, message))


def run(pair, seed, pieces, line):
    """Some pieces of random commands; `line` writes a command for a report."""
    rng = random.Random("events %d" % seed)
    generator = Generator(rng, 2)
    pair.reset()
    sides = [server.connect() for server in (pair.mine, pair.theirs)]
    listeners = [server.connect() for server in (pair.mine, pair.theirs)]
    for side, listener in zip(sides, listeners):
        side.call("CONFIG", "SET", "notify-keyspace-events", "KEA")
        listener.call("PSUBSCRIBE", PATTERN)
    for piece in range(pieces):
        sent = []
        while len(sent) < COMMANDS_AT_ONCE:
            sent += [args for args, kind in generator.commands() if is_wanted(args, kind)]
        told = []
        for side, listener in zip(sides, listeners):
            side.send_raw(b"".join(resp.encode(args) for args in sent))
            for _ in sent:
                side.read_frame()
            told.append(marked(side, listener, b"piece-%d" % piece))
        pair.commands += len(sent)
        pair.events += len(told[1])
        if told[0] != told[1]:
            report(pair, seed, sent, told, line)
            break
    for connection in sides + listeners:
        connection.close()


def report(pair, seed, sent, told, line):
    at = next((i for i, (a, b) in enumerate(zip(*told)) if a != b), min(map(len, told)))
    key = told[0][at:at + 1] or told[1][at:at + 1]
    about = [args for args in sent if key and any(key[0][part].split(b":", 1)[-1] in [a for a in args if isinstance(a, bytes)] for part in (0, 1))]
    pair.fail(("events", key[0][1][:20] if key else ""), "events, seed %d: event %d differs\n%s\n  under test: %s\n  redis:      %s" % (
        seed, at, "\n".join("    sent:       " + line(args)[:150] for args in about), told[0][at:at + 4], told[1][at:at + 4]),
        "--part events --seed %d --seeds 1" % seed)
