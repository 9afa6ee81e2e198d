"""What the tests of the measuring programs share: the programs, their own arguments, and a server that does not start.

A test takes [--generator PATH] [--server COMMAND] in front of unittest's arguments, where it has use for them.
"""
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
generator = ROOT / "build" / "tools" / "load-generator"
server = "redis-server"
BROKEN = "broken=resp:redis-server --port {port} --nosuch 1"  # a SERVER that does not start


def run(name, *arguments):
    """tools/NAME to its end."""
    return subprocess.run([ROOT / "tools" / name, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def refuses_a_server_that_does_not_start(test, done):
    """`done`: a run with BROKEN."""
    test.assertEqual(done.returncode, 1)
    test.assertIn("broken ended with status 1 instead of listening", done.stderr)
    test.assertIn("Bad directive or wrong number of arguments", done.stderr)


def main():
    global generator, server
    arguments = sys.argv[1:]
    while arguments[:1] in (["--generator"], ["--server"]):
        if arguments[0] == "--generator":
            generator = pathlib.Path(arguments[1]).absolute()
        else:
            server = arguments[1]
        arguments = arguments[2:]
    unittest.main(module="__main__", argv=[sys.argv[0], *arguments])
