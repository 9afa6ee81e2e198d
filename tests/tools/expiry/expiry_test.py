#!/usr/bin/python3
"""tools/expiry on small numbers: the shape of what it prints, what it refuses, and a server that does not start.

expiry_test.py --generator PATH [--server COMMAND] [unittest arguments]; COMMAND is corral-server, redis-server otherwise.
"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import program  # noqa: E402

SMALL = ("--background", "1000", "--lag-keys", "200", "--longest-ms", "300", "--wait-seconds", "1", "--mass", "2000",
         "--rate", "500", "--fields", "300", "--field-seconds", "0.3")


def expiry(*arguments):
    return program.run("expiry", "--generator", program.generator, *arguments)


def server():
    return f"one=resp:{program.server} --port {{port}} --save \"\""


class Expiry(unittest.TestCase):
    def test_tables(self):
        done = expiry(server(), *SMALL)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertIn("lag: 200 keys that live 100 to 300 ms, beside 1000 keys with a far deadline", done.stdout)
        self.assertIn("fields: 300 fields of as many hashes that end within 0.3 s", done.stdout)
        self.assertIn("mass: 2000 keys expire within one second", done.stdout)
        self.assertEqual([line[:2] for line in lines if line[:1] == ["one"]][2:], [["one", "before"], ["one", "meanwhile"]])

    def test_json(self):
        done = expiry(server(), *SMALL, "--json", "--rounds", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        rounds = json.loads(done.stdout)["one"]
        self.assertEqual(len(rounds), 2)
        for measured in rounds:
            lag = measured["lag"]
            self.assertEqual(lag["keys"], 200)
            self.assertLessEqual(lag["gone"], 200)
            # No key goes before its deadline.
            self.assertTrue(lag["p50"] is None or lag["p50"] > 0, lag)
            fields = measured["fields"]  # null: the server cannot
            self.assertTrue(fields is None or (fields["keys"] == 300 and fields["gone"] == 300 and fields["p50"] > 0), fields)
            self.assertGreater(measured["during"]["samples"], 0)
            self.assertTrue(measured["drained_s"] is None or measured["left"] <= 0)

    def test_wrong_arguments(self):
        for arguments, text in (
                ((), "required: SERVER"),
                (("nosuch",), "unknown server 'nosuch'"),
                (("memcached",), "memcached has no keyspace events: SERVER must speak RESP"),
                (("redis", "redis"), "two servers have the same name"),
                (("redis", "--mass", "0"), "'0' is not a number from 1"),
                (("redis", "--shortest-ms", "9", "--longest-ms", "8"), "--shortest-ms is greater than --longest-ms"),
                (("redis", "--nosuch"), "unrecognized arguments: --nosuch")):
            done = expiry(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(text, done.stderr)

    def test_a_server_that_does_not_start_is_named_with_its_output(self):
        program.refuses_a_server_that_does_not_start(self, expiry(program.BROKEN))


if __name__ == "__main__":
    program.main()
