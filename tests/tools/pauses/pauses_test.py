#!/usr/bin/python3
"""tools/pauses on small numbers: the shape of what it prints, what it refuses, and a server that does not start.

pauses_test.py --generator PATH [--server COMMAND] [unittest arguments]; COMMAND is corral-server, redis-server otherwise.
"""
import json
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAUSES = ROOT / "tools" / "pauses"
GENERATOR = ROOT / "build" / "tools" / "load-generator"
SERVER = "redis-server"
CASES = ["idle", "connections", "slow-reader", "set-big", "get-big", "unlink", "expire", "flush", "grow"]
SMALL = ("--rate", "500", "--seconds", "0.2", "--idle-connections", "100", "--big-mb", "2", "--expiring", "1000",
         "--flushed", "2000", "--grown", "5000")


def pauses(*arguments):
    return subprocess.run([PAUSES, "--generator", GENERATOR, *arguments], capture_output=True, text=True, timeout=120)


def server():
    return f"one=resp:{SERVER} --port {{port}} --save \"\""


class Pauses(unittest.TestCase):
    def test_a_row_for_every_case(self):
        done = pauses(server(), *SMALL)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual([line[0] for line in lines if line and line[0] in CASES], CASES)
        self.assertIn("p99.9 us", done.stdout)

    def test_json_of_one_case(self):
        done = pauses(server(), *SMALL, "--json", "--case", "unlink")
        self.assertEqual(done.returncode, 0, done.stderr)
        cases = json.loads(done.stdout)["one"]
        self.assertEqual(list(cases), ["idle", "unlink"])
        for measured in cases.values():
            self.assertTrue(measured["good"], measured)
            self.assertGreater(measured["samples"], 50)
            self.assertGreaterEqual(measured["slow_commands"], 0)

    def test_wrong_arguments(self):
        for arguments, text in (
                ((), "required: SERVER"),
                (("nosuch",), "unknown server 'nosuch'"),
                (("memcached",), "memcached: SERVER must speak RESP"),
                (("redis", "--case", "nosuch"), "unknown case 'nosuch': it must be idle, connections"),
                (("redis", "--big-mb", "512"), "'512' is not a number from 1 to 511"),
                (("redis", "--nosuch"), "unrecognized arguments: --nosuch")):
            done = pauses(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(text, done.stderr)

    def test_a_server_that_does_not_start_is_named_with_its_output(self):
        done = pauses("broken=resp:redis-server --port {port} --nosuch 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("broken ended with status 1 instead of listening", done.stderr)
        self.assertIn("Bad directive or wrong number of arguments", done.stderr)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    while arguments[:1] in (["--generator"], ["--server"]):
        if arguments[0] == "--generator":
            GENERATOR = pathlib.Path(arguments[1]).absolute()
        else:
            SERVER = arguments[1]
        arguments = arguments[2:]
    unittest.main(argv=[sys.argv[0], *arguments])
