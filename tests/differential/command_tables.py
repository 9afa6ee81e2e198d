#!/usr/bin/python3
"""What COMMAND INFO and COMMAND DOCS say of the commands that both servers know is the same, but for what Redis changed since 7.0.15.

Texts (summary, complexity, notes, the history) are each server's own.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.server import ORACLE, Server  # noqa: E402

OWN_TEXTS = {"summary", "complexity", "notes", "history", "since"}
FIELDS = ["name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs"]

# (command, what of it) that Redis 7.2 to 8, or this server, have otherwise, and why.
EXPECTED = {
    ("bitop", "arguments"): "Redis 7.2 lists the operations, 8.2 has more",
    ("client|kill", "arguments"): "SKIPME is a choice since 7.2, MAXAGE came with 7.4",
    ("client|list", "arguments"): "7.2 has no block around the IDs",
    ("command|getkeys", "arguments"): "documented since 7.2",
    ("command|getkeysandflags", "arguments"): "documented since 7.2",
    ("config|get", "arguments"): "7.2 has no block around the parameter",
    ("geohash", "arguments"): "the members are optional, as 7.2 says",
    ("geopos", "arguments"): "the members are optional, as 7.2 says",
    ("hscan", "arguments"): "NOVALUES came with 7.4",
    ("lcs", "arguments"): "7.2 calls the length min-match-len",
    ("module|loadex", "arguments"): "7.2 has no block around the arguments",
    ("pfmerge", "arguments"): "the sources are optional, as 7.2 says",
    ("psubscribe", "arguments"): "7.2 has no block around the pattern",
    ("set", "arguments"): "IFEQ and its kin came with 8.4; SWR is this server's own",
    ("xadd", "arguments"): "KEEPREF and its kin came with 8.2",
    ("xtrim", "arguments"): "KEEPREF and its kin came with 8.2",
    **{("xgroup|" + name, "arguments"): "7.2 says group and consumer, and writes names with hyphens" for name in ("create", "createconsumer", "delconsumer", "destroy", "setid")},
    ("xclaim", "arguments"): "7.2 calls the last ID lastid",
    ("xinfo|consumers", "arguments"): "7.2 says group",
    ("xinfo|stream", "arguments"): "7.2 has a block around FULL and its count",
    ("xsetid", "arguments"): "7.2 writes these names with hyphens",
    ("zrank", "arguments"): "WITHSCORE came with 7.2",
    ("zrank", "arity"): "WITHSCORE came with 7.2",
    ("zrevrank", "arguments"): "WITHSCORE came with 7.2",
    ("zrevrank", "arity"): "WITHSCORE came with 7.2",
    **{(name, what): "old since 7.2" for name in ("psetex", "quit", "setex", "setnx") for what in ("doc_flags", "deprecated_since", "replaced_by")},
}


def plain(node):
    """A reply as Python values, without each server's own texts; what is in no order is sorted."""
    kind, value = node
    if kind == "%":
        pairs = {plain(k): plain(v) for k, v in zip(value[::2], value[1::2])}
        return {name: item for name, item in pairs.items() if name not in OWN_TEXTS}
    if kind == "~":
        return sorted((plain(item) for item in value), key=str)
    if kind == "*":
        return [plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def infos(rows):
    """{full name: its fields} of COMMAND's rows, subcommands included."""
    found = {}
    for row in rows:
        found[row[0]] = dict(zip(FIELDS, row))
        found.update(infos(row[9] or []))
    return found


def docs(commands):
    """The same of COMMAND DOCS."""
    found = {}
    for name, text in commands.items():
        found[name] = {what: value for what, value in text.items() if what != "subcommands"}
        found.update(docs(text.get("subcommands", {})))
    return found


def tables(server):
    with server.connect(3) as connection:
        rows = infos(plain(connection.call("COMMAND")))
        for name, text in docs(plain(connection.call("COMMAND", "DOCS"))).items():
            rows[name].update(text)
        return rows


def main():
    parser = argparse.ArgumentParser(description="Compares the tables of commands with redis-server's.")
    parser.add_argument("--server", default=ORACLE)
    parser.add_argument("--oracle", default=ORACLE)
    options = parser.parse_args()
    with Server(options.server) as mine, Server(options.oracle) as theirs:
        ours, redis = tables(mine), tables(theirs)
    known = sorted(set(ours) & set(redis))
    failures, seen = 0, set()
    for name in known:
        for what in sorted(set(ours[name]) | set(redis[name])):
            a, b = ours[name].get(what), redis[name].get(what)
            if a == b:
                continue
            if (name, what) in EXPECTED:
                seen.add((name, what))
                continue
            failures += 1
            print("MISMATCH %s: %s\n  under test: %s\n  redis:      %s" % (name, what, a, b))
    if ours != redis:
        for name, what in sorted(pair for pair in set(EXPECTED) - seen if pair[0] in known):
            failures += 1
            print("no difference any more, but expected: %s: %s" % (name, what))
    print("command tables: %d commands compared, %d expected differences, %d mismatches" % (len(known), len(seen), failures))
    return 1 if failures or len(known) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
