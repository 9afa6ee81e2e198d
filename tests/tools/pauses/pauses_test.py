#!/usr/bin/python3
"""tools/pauses on small numbers: the shape of what it prints, what it refuses, and a server that does not start.

pauses_test.py --generator PATH [--server COMMAND] [unittest arguments]; COMMAND is corral-server, redis-server otherwise.
"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import program  # noqa: E402

CASES = ["idle", "connections", "slow-reader", "set-big", "get-big", "unlink", "expire", "flush", "grow"]
SMALL = ("--rate", "500", "--seconds", "0.2", "--idle-connections", "100", "--big-mb", "2", "--expiring", "1000",
         "--flushed", "2000", "--grown", "5000")


def pauses(*arguments):
    return program.run("pauses", "--generator", program.generator, *arguments)


def server():
    return f"one=resp:{program.server} --port {{port}} --save \"\""


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
            turns = measured["turns"]
            self.assertGreater(turns["longest_cpu_us"], 1)
            self.assertGreater(turns["longest_us"], 1)
            self.assertEqual(turns["over_1ms"] > 0, turns["longest_cpu_us"] > 1000, turns)

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
        program.refuses_a_server_that_does_not_start(self, pauses(program.BROKEN))


if __name__ == "__main__":
    program.main()
