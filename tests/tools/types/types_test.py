#!/usr/bin/python3
"""tools/types on small numbers: its tables, its JSON, its drawing, what it refuses, and a server that does not start.

types_test.py [--server COMMAND] [unittest arguments]; COMMAND is corral-server, redis-server otherwise.
"""
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import program  # noqa: E402

SMALL = ("--elements", "2000", "--byte-sizes", "10", "--cpu-sizes", "10,200", "--combined-sizes", "300", "--rounds", "1", "--seconds", "0.02")


def types(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        drawing = pathlib.Path(folder, "types.svg")
        done = program.run("types", *arguments, "--svg", drawing)
        done.drawing = drawing.read_text() if drawing.exists() else None
        return done


def server(name):
    return f"{name}=resp:{program.server} --port {{port}} --save \"\""


class Types(unittest.TestCase):
    def test_tables_with_the_ratio_to_the_other_server_and_a_drawing(self):
        done = types(server("one"), server("two"), *SMALL, "--types", "hash,intset", "--commands", "HSET,LPUSH+RPOP")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual([line[:2] for line in lines if len(line) == 5 and line[1] in ("10", "200")],
                         [["hash", "10"], ["intset", "10"], ["HSET", "10"], ["HSET", "200"], ["LPUSH+RPOP", "10"], ["LPUSH+RPOP", "200"]])
        text = "".join(xml.etree.ElementTree.fromstring(done.drawing).itertext())
        for label in ("intset 10", "LPUSH+RPOP 200", "two"):
            self.assertIn(label, text)

    def test_json_of_every_type_and_command(self):
        done = types(server("one"), *SMALL, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual([row["type"] for row in result["bytes"]], ["hash", "hash-ttl", "set", "intset", "zset", "list", "stream"])
        for row in result["bytes"]:
            self.assertLess(row["bytes"]["one"] or 0, 10_000, row)
        self.assertEqual([row["size"] for row in result["cpu"] if row["command"] == "HGETALL"], [10])  # large ones are left out
        self.assertEqual([row["size"] for row in result["cpu"] if row["command"] == "SINTER"], [300])
        for row in result["cpu"]:
            if row["command"] not in ("XADD", "XRANGE"):
                self.assertTrue(0.01 < row["cpu_us"]["one"] < 10_000, row)

    def test_wrong_arguments(self):
        for arguments, text in (
                ((), "required: SERVER"),
                (("memcached",), "every SERVER must speak RESP"),
                (("redis", "--types", "tree"), "unknown name 'tree': it must be hash, hash-ttl"),
                (("redis", "--commands", "GET"), "unknown name 'GET': it must be HSET, HGET"),
                (("redis", "--byte-sizes", "10,0"), "'0' is not a number from 1 to")):
            done = types(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(text, done.stderr)

    def test_a_server_that_does_not_start_is_named_with_its_output(self):
        program.refuses_a_server_that_does_not_start(self, types(program.BROKEN))


if __name__ == "__main__":
    program.main()
