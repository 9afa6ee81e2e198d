#!/usr/bin/python3
"""Real clients against the server under test: cli, benchmark, hiredis, python, node (each a part; all by default)."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from harness.server import ORACLE, Server  # noqa: E402


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def output_of(*command, text=None, seconds=120):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, timeout=seconds)
    check(done.returncode == 0, "%s ended with status %d\n%s%s" % (command, done.returncode, done.stdout.decode(), done.stderr.decode()))
    return done.stdout.decode(errors="replace")


class Restarted:
    """A client process that keeps asking while the server is killed with -9 and started again on the same port."""

    def __init__(self, server, *command):
        self.server = server
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def run(self):
        check(self.process.stdout.readline() == "ready\n", "the client did not connect")
        self.server.kill()
        check(self.process.stdout.readline() == "lost\n", "the client did not see the end")
        self.server.start()
        check(self.process.stdout.readline() == "back\n", "the client did not come back")
        check(self.process.wait(30) == 0, "the client failed")


def part_cli(server, options):
    cli = ["redis-cli", "-h", server.host, "-p", server.port]
    check(output_of(*cli, "SET", "k", "v").strip() == "OK", "SET")
    check(output_of(*cli, "GET", "k").strip() == "v", "GET")
    check(output_of(*cli, "-3", "CONFIG", "GET", "maxmemory").split() == ["maxmemory", "0"], "-3 and a map")
    check(output_of(*cli, "-n", "3", "DBSIZE").strip() == "0", "-n")
    check("NOPROTO" not in output_of(*cli, "-3", "PING"), "-3")
    check(output_of(*cli, text=b"SET a 1\nINCR a\nNOSUCH\n").splitlines()[:2] == ["OK", "2"], "commands on stdin")
    check(output_of(*cli, "-r", "5", "INCR", "counter").split()[-1] == "5", "-r")
    check(output_of(*cli, "-x", "SET", "binary", text=b"\x00\xff\r\n").strip() == "OK", "-x")
    check(output_of(*cli, "STRLEN", "binary").strip() == "4", "a binary value")
    check(re.search(r"redis_version:7\.\d", output_of(*cli, "INFO", "server")), "INFO")
    output_of(*cli, "FLUSHALL")
    data = b"".join(b"SET key:%d value:%d\r\n" % (i % 100000, i) for i in range(1000000))  # inline commands
    check("errors: 0, replies: 1000000" in output_of(*cli, "--pipe", text=data, seconds=200), "--pipe with a million inline commands")
    check(output_of(*cli, "DBSIZE").strip() == "100000", "DBSIZE after --pipe")
    check(len(output_of(*cli, "--scan", "--pattern", "key:999*").split()) == 111, "--scan")
    big = output_of(*cli, "--bigkeys", seconds=200)
    check("Sampled 100000 keys" in big and "100000 strings" in big, "--bigkeys: " + big[-400:])
    # Inline commands from a shell, as health checks send them.
    shell = "exec 3<>/dev/tcp/%s/%d; printf 'PING\\r\\n\\r\\nECHO \"a b\"\\nQUIT\\r\\n' >&3; cat <&3" % (server.host, server.port)
    check(output_of("bash", "-c", shell) == "+PONG\r\n$3\r\na b\r\n+OK\r\n", "inline commands over /dev/tcp")


def part_benchmark(server, options):
    base = ["redis-benchmark", "-h", server.host, "-p", server.port, "-q", "-r", "100000"]
    for extra in (["-P", "1", "-n", "20000"], ["-P", "16", "-n", "100000"], ["-P", "64", "-n", "200000", "--threads", "2"], ["-3", "-P", "16", "-n", "50000"]):
        text = output_of(*base, "-t", "ping,get,set,incr,mset", *extra, seconds=200)
        rates = re.findall(r"([A-Z_]+(?: \(\d+ keys\))?): ([\d.]+) requests per second", text)
        check(len({name for name, _ in rates}) >= 5 and "rror" not in text, "redis-benchmark %s\n%s" % (extra, text))


def part_hiredis(server, options):
    if not options.hiredis:
        options.hiredis = os.path.join(tempfile.mkdtemp(), "hiredis_client")
        output_of("cc", HERE / "hiredis_client.c", "-o", options.hiredis, "-lhiredis")
    check("all is well" in output_of(options.hiredis, server.host, server.port, "check"), "hiredis")
    Restarted(server, options.hiredis, server.host, server.port, "reconnect").run()


def part_python(server, options):
    script = [sys.executable, HERE / "python_client.py", server.host, server.port]
    check("all is well" in output_of(*script, "check"), "python3-redis")
    Restarted(server, *script, "reconnect").run()


def part_node(server, options):
    check(shutil.which("npm"), "npm is missing")
    # The lock file names no registry: npm asks the one that is configured.
    work = HERE / "node"
    if not (work / "node_modules" / ".package-lock.json").exists() or stale(work):
        output_of("npm", "ci", "--prefix", work, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error", seconds=300)
    major = int(output_of("node", "--version").strip()[1:].split(".")[0])
    # The newest major versions need Node 20; Debian 12 brings 18.
    clients = ["ioredis5", "redis5"] + (["ioredis6", "redis6"] if major >= 20 else [])
    for client in clients:
        script = ["node", work / ("redis_client.js" if client.startswith("redis") else "ioredis_client.js"), client, server.host, server.port]
        check("all is well" in output_of(*script, "check"), client)
        Restarted(server, *script, "reconnect").run()


def stale(work):
    return (work / "package-lock.json").stat().st_mtime > (work / "node_modules" / ".package-lock.json").stat().st_mtime


PARTS = {"cli": part_cli, "benchmark": part_benchmark, "hiredis": part_hiredis, "python": part_python, "node": part_node}


def main():
    parser = argparse.ArgumentParser(description="Real clients against a server.")
    parser.add_argument("--server", default=ORACLE)
    parser.add_argument("--hiredis", help="the built hiredis_client; compiled on the fly otherwise")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    options = parser.parse_args()
    failed = 0
    for name in options.parts or PARTS:
        started = time.monotonic()
        server = Server(options.server)
        try:
            PARTS[name](server, options)
            server.stop()
            outcome = "passed"
        except (AssertionError, RuntimeError, subprocess.TimeoutExpired, OSError) as error:
            failed += 1
            outcome = "FAILED: %s" % error
            server.process.kill()
            server.process.wait()
        print("%-10s %5.1f s  %s" % (name, time.monotonic() - started, outcome), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
