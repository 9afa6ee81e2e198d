#!/usr/bin/python3
"""Every command with a key, in every form that COMMAND DOCS knows of, on keys of every type: the same reply as from redis-server, and
the same keyspace afterwards.

The forms are made of redis-server's own tables: all mandatory arguments, and each option once. Of commands that redis-server does not
have, the tables are the other server's, and a wrong type has to answer WRONGTYPE and to change nothing.
"""
import argparse
import itertools
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from command_tables import docs, plain  # noqa: E402
from harness import resp  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402

# One element each, so that what is chosen by chance is the same.
KEYS = {
    "string": ["SET", "string", "text"],
    "integer": ["SET", "integer", "7"],
    "list": ["RPUSH", "list", "member"],
    "set": ["SADD", "set", "member"],
    "zset": ["ZADD", "zset", "1", "member"],
    "hash": ["HSET", "hash", "field", "1"],
    "stream": ["XADD", "stream", "1-1", "field", "value"],
    "none": None,
}
RESET = [["FLUSHALL"]] + [command for command in KEYS.values() if command]
# What stands for an argument, by (command, name), by name, and by type.
VALUES = {
    ("bitfield", "encoding"): "u4", ("bitfield_ro", "encoding"): "u4", ("client|pause", "timeout"): "0", ("copy", "destination-db"): "0", ("move", "db"): "1",
    ("getbit", "offset"): "1", ("lcs", "len"): "1", ("pfdebug", "subcommand"): "ENCODING", ("restore", "serialized-value"): "x", ("sort", "pattern"): "w_*",
    ("xsetid", "last-id"): "9-9", ("xadd", "id"): "5-1",
    "cursor": "0", "digest": "0123456789abcdef", "end": "-1", "field": "field", "id": "1-1", "max": "9", "member": "member", "member1": "member", "member2": "member",
    "min": "0", "start": "0", "stop": "-1", "timeout": "0.01", "unix-time": "33177117420", "unix-time-milliseconds": "33177117420000", "value": "1", "bit": "1",
    "double": "1", "integer": "1", "pattern": "*", "string": "text",
}
LEXICAL = {"zlexcount", "zrangebylex", "zremrangebylex", "zrevrangebylex"}
# Their replies tell of time, memory, a cursor that is chance, or of representations that 7.0.15 does not have.
NOT_COMPARED = {"dump", "sscan", "memory|usage", "object|encoding", "object|idletime", "object|freq"}
# Not about the keys that are named, or about another server.
LEFT_OUT = {"migrate", "restore-asking", "randomkey", "scan", "keys", "flushall", "flushdb", "cluster|keyslot", "cluster|countkeysinslot", "xread", "xreadgroup"}
# Of those that redis-server does not have: they replace whatever is there, or have their own words for a wrong type.
OF_ANY_TYPE = {"msetex", "digest", "delex"}
RIGHT_TYPES = {"string": {"string", "integer"}, "hash": {"hash"}, "list": {"list"}, "set": {"set"}, "sorted-set": {"zset"}, "stream": {"stream"}, "bitmap": {"string", "integer"}}
KEY = object()  # stands for a key's name


def alternatives(command, argument):
    """All ways to write an argument: lists of words, of which keys are KEY."""
    kind, name = argument["type"], argument["name"]
    token = [argument["token"]] if argument.get("token") else []
    if kind == "pure-token":
        ways = [] if token == ["*"] else [token]  # without IDs that the clock makes
    elif kind == "oneof":
        ways = [token + way for choice in argument["arguments"] for way in alternatives(command, choice)]
    elif kind == "block":
        ways = [token + way for way in forms(command, argument["arguments"])]
    elif kind == "key":
        ways = [token + [KEY]]
    elif name in ("min", "max") and command in LEXICAL:
        ways = [token + ["[member"]]
    elif name == "numkeys":
        ways = [token + ["numkeys"]]
    else:
        value = next(VALUES[key] for key in ((command, name), name, kind) if key in VALUES)
        ways = [token + [value]]
    if "multiple" in argument.get("flags", []) and kind == "key":
        ways += [way + [KEY] for way in ways]
    return ways


def forms(command, arguments):
    """The mandatory arguments in all their ways, and beside them one option in each of its ways."""
    optional = lambda argument: "optional" in argument.get("flags", [])
    plainly = [alternatives(command, argument) if not optional(argument) else [[]] for argument in arguments]
    made = [sum(ways, []) for ways in itertools.product(*plainly)]
    for i, argument in enumerate(arguments):
        if optional(argument):
            with_it = plainly[:i] + [alternatives(command, argument)] + plainly[i + 1:]
            made += [sum((ways[0] if at != i else way for at, ways in enumerate(with_it)), []) for way in with_it[i]]
    return made


def lines(name, text):
    """All command lines: of each form, with every choice of keys (of more than two keys: the first and the last one)."""
    words = name.split("|")
    for form in forms(name, text.get("arguments", [])):
        places = [i for i, word in enumerate(form) if word is KEY]
        if "numkeys" in form:
            count = len([i for i in places if i > form.index("numkeys")])
            form = [str(count) if word == "numkeys" else word for word in form]
        free = places if len(places) < 3 else [places[0], places[-1]]
        for names in itertools.product(KEYS, repeat=len(free)):
            line = [KEYS["set"][1] if word is KEY else word for word in form]
            for i, key in zip(free, names):
                line[i] = key
            if places:
                yield words + line, names


def replies(connection, commands):
    connection.send_raw(b"".join(resp.encode(command) for command in commands))
    return [connection.read_frame() for _ in commands]


def tables(server):
    with server.connect(3) as connection:
        return docs(plain(connection.call("COMMAND", "DOCS")))


class Run:
    def __init__(self, mine, theirs):
        self.sides = [mine, theirs]
        self.compared = self.wrong = self.failures = 0

    def fail(self, line, mine, theirs):
        self.failures += 1
        if self.failures <= 40:
            print("MISMATCH %s\n  under test: %s\n  redis:      %s" % (" ".join(line), mine, theirs))

    def compare(self, name, text, protocol):
        with self.sides[0].connect(protocol) as mine, self.sides[1].connect(protocol) as theirs:
            for line, _ in lines(name, text):
                asked = RESET + [["DEBUG", "DIGEST"], line, ["DEBUG", "DIGEST"]]
                (before, reply, after), expected = [[node for node, _ in replies(side, asked)[-3:]] for side in (mine, theirs)]
                self.compared += 1
                if expected[1][0] == "-" and expected[1][1].startswith(b"WRONGTYPE"):
                    self.wrong += 1
                same = reply == expected[1] or (name in NOT_COMPARED and reply[0] == expected[1][0])
                if not same:
                    self.fail(line, resp.render(reply), resp.render(expected[1]))
                elif (before, after) != (expected[0], expected[2]) or (reply[0] == "-" and before != after):
                    self.fail(line, "%s, and the keyspace differs" % resp.render(reply), resp.render(expected[1]))

    def refuse(self, name, text):
        """A command that only the server under test has."""
        right = RIGHT_TYPES.get(text["group"])
        if right is None or name in OF_ANY_TYPE:
            return
        with self.sides[0].connect() as mine:
            for line, names in lines(name, text):
                if "none" in names or set(names) & right:
                    continue
                before, reply, after = [node for node, _ in replies(mine, RESET + [["DEBUG", "DIGEST"], line, ["DEBUG", "DIGEST"]])[-3:]]
                self.wrong += 1
                if reply[0] != "-" or not reply[1].startswith(b"WRONGTYPE") or before != after:
                    self.fail(line, resp.render(reply), "WRONGTYPE is expected, and nothing changed")


def main():
    parser = argparse.ArgumentParser(description="Compares what commands say of keys of every type with redis-server's words.")
    parser.add_argument("--server", default=ORACLE)
    parser.add_argument("--oracle", default=ORACLE)
    parser.add_argument("names", nargs="*", help="only these commands")
    options = parser.parse_args()
    with Server(options.server) as mine, Server(options.oracle) as theirs:
        ours, redis = tables(mine), tables(theirs)
        run = Run(mine, theirs)
        for name in options.names or sorted(set(ours) - LEFT_OUT):
            if name in redis:
                for protocol in (2, 3):
                    run.compare(name, redis[name], protocol)
            elif mine.is_corral():
                run.refuse(name, ours[name])
    print("types: %d replies compared, %d of them WRONGTYPE, %d mismatches" % (run.compared, run.wrong, run.failures))
    return 1 if run.failures or not run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
