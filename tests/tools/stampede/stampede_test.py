#!/usr/bin/python3
"""tools/stampede: what it refuses, what it counts, what it draws.

stampede_test.py [--server COMMAND] [unittest arguments]
"""
import pathlib
import re
import socket
import subprocess
import sys
import unittest
import xml.etree.ElementTree

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS), str(TESTS / "tools")]
import program  # noqa: E402
from harness.server import ORACLE, Server, free_port  # noqa: E402


def stampede(*arguments):
    done = subprocess.run([program.ROOT / "tools" / "stampede", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    return done.returncode, done.stdout.decode()


def origin_calls(text):
    return {name: int(calls) for name, calls in re.findall(r"^(plain|lock|lease) +(\d+)", text, re.M)}


class Refusals(unittest.TestCase):
    def test_arguments(self):
        for arguments, complaint in (
            (["--callers", "0"], "--callers"),
            (["--callers", "-5"], "--callers"),
            (["--callers", "ten"], "--callers"),
            (["--callers", "10001"], "--callers"),
            (["--origin-ms", "-1"], "--origin-ms"),
            (["--value-bytes", "-1"], "--value-bytes"),
            (["--wait-ms", "0"], "--wait-ms"),
            (["--poll-ms", "0"], "--poll-ms"),
            (["--limit-s", "0"], "--limit-s"),
            (["--port", "70000"], "--port"),
            (["--strategies", "plain,magic"], "magic"),
            (["--strategies", ""], "strategies"),
            (["--svg"], "--svg"),
            (["--wrong"], "--wrong"),
        ):
            status, text = stampede(*arguments)
            self.assertEqual(status, 2, (arguments, text))
            self.assertIn(complaint, text)
            self.assertNotIn("Traceback", text)

    def test_nobody_listens(self):
        status, text = stampede("--port", free_port())
        self.assertEqual(status, 1, text)
        self.assertIn("refused", text)
        self.assertNotIn("Traceback", text)

    def test_what_listens_is_no_such_server(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            listener.settimeout(20)
            process = subprocess.Popen([program.ROOT / "tools" / "stampede", "--port", str(listener.getsockname()[1])],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            peer, _ = listener.accept()
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            text = process.communicate(timeout=20)[0].decode()
            peer.close()
        self.assertEqual(process.returncode, 1, text)
        self.assertNotIn("Traceback", text)

    def test_a_drawing_that_cannot_be_written(self):
        with Server(program.server) as server:
            status, text = stampede("--port", server.port, "--callers", 2, "--origin-ms", 1, "--svg", "/nowhere/at/all.svg")
        self.assertEqual(status, 1, text)
        self.assertIn("/nowhere/at/all.svg", text)
        self.assertNotIn("Traceback", text)


class Runs(unittest.TestCase):
    def test_all_strategies(self):
        with Server(program.server) as server:
            drawing = pathlib.Path(server.folder) / "stampede.svg"
            with server.connect() as client:
                client.call("SET", "mine", "stays")
            status, text = stampede("--port", server.port, "--callers", 50, "--origin-ms", 1500, "--svg", drawing)
            self.assertEqual(status, 0, text)
            self.assertEqual(origin_calls(text), {"plain": 50, "lock": 1, "lease": 1}, text)
            tree = xml.etree.ElementTree.parse(drawing)
            words = " ".join(tree.getroot().itertext())
            for word in ("50 callers", "origin calls", "requests", "p50", "p99", "plain", "lock", "lease"):
                self.assertIn(word, words)
            requests = {name: int(count) for name, count in re.findall(r"^(\w+) +\d+ +(\d+)", text, re.M)}
            self.assertEqual(requests["plain"], 100)
            self.assertEqual(requests["lease"], 51)
            self.assertGreater(requests["lock"], requests["lease"])
            with server.connect() as client:
                self.assertEqual(client.call("KEYS", "*"), ("*", [("$", b"mine")]))
                self.assertEqual(server.info("leases")["leases_active"], "0")

    def test_one_strategy(self):
        with Server(program.server) as server:
            status, text = stampede("--port", server.port, "--callers", 3, "--origin-ms", 20, "--strategies", "lease")
            self.assertEqual((status, origin_calls(text)), (0, {"lease": 1}), text)

    def test_values_larger_than_what_a_socket_takes_at_once(self):
        with Server(program.server) as server:
            status, text = stampede("--port", server.port, "--callers", 2, "--origin-ms", 20, "--value-bytes", 30_000_000,
                                    "--limit-s", 20)
            self.assertEqual((status, origin_calls(text)), (0, {"plain": 2, "lock": 1, "lease": 1}), text)

    def test_a_server_without_leases(self):
        with Server(ORACLE) as server:
            status, text = stampede("--port", server.port, "--callers", 20, "--origin-ms", 1500)
            self.assertEqual(status, 0, text)
            self.assertEqual(origin_calls(text), {"plain": 20, "lock": 1}, text)
            self.assertIn("lease is left out", text)
            self.assertEqual(stampede("--port", server.port, "--strategies", "lease")[0], 1)

    def test_a_server_that_refuses(self):
        with Server(program.server, requirepass="secret") as server:
            status, text = stampede("--port", server.port, "--callers", 2)
            self.assertEqual(status, 1, text)
            self.assertIn("NOAUTH", text)
            self.assertNotIn("Traceback", text)


if __name__ == "__main__":
    program.main()
