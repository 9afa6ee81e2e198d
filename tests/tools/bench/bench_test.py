#!/usr/bin/python3
"""tools/bench and its load generator against redis-server and memcached: what they hide, refuse, and leave behind.

bench_test.py [--generator PATH] [unittest arguments]; the generator is build/tools/load-generator otherwise.
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS), str(TESTS / "tools")]
import program  # noqa: E402
from harness.resp import Connection  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402

BENCH = program.ROOT / "tools" / "bench"


def generator(port, *arguments):
    """The load generator, started."""
    return subprocess.Popen(
        [program.generator, "--json", "--port", str(port), "--keys", "1000", "--warmup-seconds", "0.1", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """(exit status, what it measured)."""
    output, _ = process.communicate(timeout=30)
    return process.returncode, json.loads(output)


def bench(*arguments):
    return subprocess.run([BENCH, "--generator", program.generator, *arguments], capture_output=True, text=True, timeout=60)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def processes_with(word):
    """The processes that have the word among their arguments."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_text(errors="replace").split("\0"):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def wait_for(condition):
    """Whether it comes true within 30 s."""
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def calls_of_get(address):
    with Connection(address) as connection:
        found = re.search(r"cmdstat_get:calls=(\d+)", connection.text("INFO", "commandstats"))
    return int(found[1]) if found else 0


def under_way(address):
    """Returns once a run that asks with GET has begun, whatever it took to start and to fill the server."""
    before = calls_of_get(address)
    if not wait_for(lambda: calls_of_get(address) >= before + 100):
        raise AssertionError("the run does not begin")


def pause(pid):
    """Stops a process for a second; the seconds that it took."""
    started = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(1)
    finally:
        os.kill(pid, signal.SIGCONT)
    return time.monotonic() - started


class Generator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(ORACLE)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def paused_run(self, *arguments):
        """A run of 2.5 s in whose middle the server is stopped for a second: (how long that was, what was measured)."""
        process = generator(self.server.port, "--prefill", "--seconds", "2.5",
                            "--connections", "4", "--server-pid", str(self.server.pid), *arguments)
        under_way(self.server.address)
        time.sleep(0.4)
        paused = pause(self.server.pid)
        status, result = finish(process)
        self.assertEqual((status, result["good"]), (0, True), result)
        return paused, result

    def test_open_loop_shows_a_pause(self):
        paused, result = self.paused_run("--rate", "4000")
        self.assertGreater(result["p99.9"], 0.95e6)
        self.assertLess(result["p99.9"], (paused + 5) * 1e6)
        self.assertGreaterEqual(result["max"], result["p99.9"])
        # Over a third of the requests were due while the server stood still, evenly: the curve must show how many.
        late = [quantile for quantile, latency in result["curve"] if latency > 0.5e6]
        self.assertLess(late[0], 0.9)
        self.assertGreater(result["samples"], 9_900)
        self.assertLess(result["lateness"]["p50"], 1e6)

    def test_closed_loop_hides_it(self):
        _, result = self.paused_run()
        self.assertLess(result["p99"], 0.5e6)
        self.assertGreater(result["max"], 0.95e6)
        self.assertGreater(result["server_cpu_us"], 0.1)

    def test_an_interrupt_ends_the_measurement_early(self):
        process = generator(self.server.port, "--prefill", "--seconds", "60", "--rate", "2000")
        under_way(self.server.address)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        status, result = finish(process)
        self.assertEqual((status, result["good"]), (0, True), result)
        self.assertLess(result["seconds"], 30)
        # What was due in the warm-up and came late is a command of the measurement, and no sample; what is due at its
        # end the other way round.
        self.assertAlmostEqual(result["samples"], result["commands"], delta=result["commands"] / 2)

    def test_wrong_replies_are_counted(self):
        with self.server.connect() as connection:
            connection.call("FLUSHALL")
        misses = ("--seconds", "0.1", "--mix", "get:1,mget:1", "--pipeline", "4")
        status, result = finish(generator(self.server.port, *misses))
        self.assertEqual((status, result["good"], result["wrong_replies"]), (1, False, 0))
        self.assertGreater(result["misses"], result["commands"])
        self.assertEqual(finish(generator(self.server.port, *misses, "--allow-misses"))[0], 0)
        with self.server.connect() as connection:
            connection.call("CONFIG", "SET", "maxmemory", "1")
            try:
                status, result = finish(generator(self.server.port, "--seconds", "0.1", "--mix", "set"))
            finally:
                connection.call("CONFIG", "SET", "maxmemory", "0")
        self.assertEqual(status, 1)
        self.assertGreaterEqual(result["wrong_replies"], result["commands"])
        self.assertTrue(result["first_wrong_reply"].startswith("-OOM command not allowed"), result)

    def test_values_of_a_wrong_length_are_noticed(self):
        self.assertEqual(finish(generator(self.server.port, "--prefill", "--seconds", "0", "--values", "31"))[0], 0)
        status, result = finish(generator(self.server.port, "--seconds", "0.1"))
        self.assertEqual((status, result["first_wrong_reply"]), (1, "1 values of 31 bytes"))

    def test_prefill_sets_every_key(self):
        with self.server.connect() as connection:
            connection.call("FLUSHALL")
        status, _ = finish(generator(self.server.port, "--prefill", "--seconds", "0", "--keys", "12345"))
        self.assertEqual((status, self.server.info("keyspace")["db0"].split(",")[0]), (0, "keys=12345"))

    def test_bystanders(self):
        process = generator(self.server.port, "--prefill", "--seconds", "3", "--idle-connections", "200",
                            "--also-slow-reader", "2", "--rate", "1000", "--arrivals", "poisson")
        seen = ()

        def all_there():
            nonlocal seen
            with self.server.connect() as connection:
                clients = connection.text("CLIENT", "LIST").splitlines()
            # Each slow reader has much waiting for it.
            seen = (len(clients), sum(int(line.split(" tot-mem=")[1].split()[0]) > 10_000_000 for line in clients))
            return seen == (50 + 200 + 2 + 1, 2)

        self.assertTrue(wait_for(all_there), seen)
        self.assertEqual(finish(process)[0], 0)

    def test_a_server_that_goes_away(self):
        with Server(ORACLE) as server:
            process = generator(server.port, "--prefill", "--seconds", "20")
            under_way(server.address)
            server.kill()
            status, result = finish(process)
        self.assertEqual(status, 1)
        self.assertRegex(result["failure"], "the server closed a connection|cannot write to the server")

    def test_a_server_that_speaks_something_else(self):
        status, result = finish(generator(self.server.port, "--seconds", "1", "--protocol", "memcached", "--mix", "set"))
        self.assertEqual((status, result["good"]), (1, False))


class Bench(unittest.TestCase):
    def test_table_and_curves(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench("redis", "memcached", "--rounds", "2", "--seconds", "0.1", "--keys", "5000", "--load", "mix16",
                         "--load", "own=--mix mget:1,setex:1 --distribution zipf:1.1 --values 1-100 --rate 3000",
                         "--svg", f"{folder}/curves.svg")
            self.assertEqual(done.returncode, 0, done.stderr)
            for text in ("mix16: --mix get:10,set:1 --pipeline 16", "own: ", "CPU us/cmd", "p99.9 us", "x CPU"):
                self.assertIn(text, done.stdout)
            lines = [line.split() for line in done.stdout.splitlines()]
            self.assertEqual([line[-2:] for line in lines if line[:1] == ["redis"]], [["1.00", "1.00"]] * 2)
            self.assertEqual(len([line for line in lines if line[:1] == ["memcached"]]), 2)
            drawing = xml.etree.ElementTree.parse(f"{folder}/curves.svg").getroot()
            self.assertEqual(len(list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))), 4)

    def test_json(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench("redis", "--rounds", "2", "--seconds", "0.1", "--keys", "5000", "--load", "get", "--json",
                         "--rate", "20%", "--svg", f"{folder}/curves.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        rounds = json.loads(done.stdout)["loads"][0]["rounds"]["redis"]
        self.assertEqual(len(rounds), 2)
        self.assertGreater(rounds[0]["server_cpu_us"], 0)

    def test_a_load_may_have_its_own_rate_and_a_server_its_own_threads(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench("redis-2", "redis", "--rounds", "1", "--seconds", "0.2", "--keys", "5000", "--load", "open70",
                         "--load", "get", "--load", "slow=--mix set --rate 500", "--svg", f"{folder}/curves.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"open70: --mix get:10,set:1 --rate [0-9]+\n")
        self.assertIn("\nget: --mix get\n", done.stdout)
        self.assertIn("slow: --mix set --rate 500\n", done.stdout)
        self.assertEqual(done.stdout.count("the generator itself was late by"), 4)

    def test_floor(self):
        """Fixed replies, on one thread and on two; it says so where they are wrong."""
        floor = f"resp:{program.generator.with_name('floor')} --port {{port}} --value-bytes {{values}} --threads"
        with tempfile.TemporaryDirectory() as folder:
            arguments = ("--rounds", "1", "--seconds", "0.2", "--keys", "5000", "--values", "20000", "--svg", f"{folder}/curves.svg")
            done = bench(f"one={floor} 1", f"two={floor} 2", "--load", "mix16", "--load", "setex16", *arguments)
            wrong = bench(f"one={floor} 1", "--load", "some=--mix mget", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("wrong", done.stdout)
        self.assertEqual(wrong.returncode, 1)
        self.assertRegex(wrong.stdout, r"one: [0-9]+ wrong replies")

    def test_floor_wrong_arguments(self):
        for arguments in ([], ["--port"], ["--port", "x"], ["--port", "65536"], ["--port", "1", "--threads", "0"],
                          ["--port", "1", "--value-bytes", "1-100"], ["--port", "1", "--nosuch", "1"]):
            done = subprocess.run([program.generator.with_name("floor"), *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr.split(" ")[0]), (2, "usage:"), arguments)

    def test_a_pause_shows(self):
        """A server that is stopped for a second in the middle of a run."""
        with tempfile.TemporaryDirectory() as folder:
            pid_file = pathlib.Path(folder, "pid")
            server = f"one=resp:sh -c 'echo $$ > {pid_file}; exec {ORACLE} --port {{port}} --save \"\"'"
            process = subprocess.Popen(
                [BENCH, "--generator", program.generator, server, "--keys", "1000", "--rounds", "1", "--seconds", "3",
                 "--load", "get", "--rate", "2000", "--json", "--svg", f"{folder}/curves.svg"],
                stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            self.assertTrue(wait_for(lambda: pid_file.exists() and pid_file.read_text()))
            pid = int(pid_file.read_text())
            # redis-server has its port in its title once it listens.
            title = pathlib.Path(f"/proc/{pid}/cmdline")
            self.assertTrue(wait_for(lambda: re.search(r":(\d+)", title.read_text())))
            under_way(("127.0.0.1", int(re.search(r":(\d+)", title.read_text())[1])))
            time.sleep(0.8)
            pause(pid)
            output, _ = process.communicate(timeout=30)
        measured = json.loads(output)["loads"][0]["rounds"]["one"][0]
        self.assertGreater(measured["p99.9"], 0.95e6)

    def test_wrong_arguments(self):
        for arguments, text in (
                ((), "required: SERVER"),
                (("redis-0",), "unknown server 'redis-0'"),
                (("redis-two",), "unknown server 'redis-two'"),
                (("redis", "--load", "a=--mix get --rate 0"), "'0' is not a number from"),
                (("nosuch",), "unknown server 'nosuch': it must be corral, redis, memcached, floor or NAME=PROTOCOL:COMMAND"),
                (("redis", "redis"), "two servers have the same name"),
                (("a=http:x {port}",), "is not NAME=resp:COMMAND or NAME=memcached:COMMAND"),
                (("a=resp:x",), "does not say {port}"),
                (("a=resp:x '{port}",), "No closing quotation"),
                (("redis", "--load", "nosuch"), "unknown load 'nosuch'"),
                (("redis", "--load", "a=--mix nosuch"), "--mix nosuch: must be a list"),
                (("redis", "--values", "9-1"), "--values 9-1"),
                (("redis", "--rounds", "0"), "'0' is not a number from 1 to"),
                (("redis", "--rate", "much"), "'much' is not a number from"),
                (("redis", "--server-cores", "4096"), "no core 4096"),
                (("redis", "--nosuch"), "unrecognized arguments: --nosuch")):
            done = bench(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(text, done.stderr)

    def test_a_server_that_does_not_start_is_named_with_its_output(self):
        done = bench("redis", "broken=resp:redis-server --port {port} --nosuch 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("broken ended with status 1 instead of listening", done.stderr)
        self.assertIn("Bad directive or wrong number of arguments", done.stderr)
        done = bench("absent=resp:no-such-program {port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("absent: cannot start no-such-program: No such file", done.stderr)
        with tempfile.TemporaryDirectory() as empty:
            tools = f"{empty}/bin"
            os.mkdir(tools)
            os.symlink("/usr/bin/python3", f"{tools}/python3")
            done = subprocess.run([BENCH, "--generator", program.generator, "memcached"], capture_output=True, text=True,
                                  timeout=60, env={"PATH": tools})
        self.assertIn("memcached: cannot start memcached: No such file or directory (it is in the package memcached)",
                      done.stderr)

    def test_nothing_is_left_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number), tempfile.TemporaryDirectory() as folder:
                pid_file = pathlib.Path(folder, "pid")
                server = f"one=resp:sh -c 'echo $$ > {pid_file}; exec {ORACLE} --port {{port}} --save \"\"'"
                keys = str(5000 + os.getpid() % 1000)
                process = subprocess.Popen([BENCH, "--generator", program.generator, server, "--keys", keys, "--seconds", "60"],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.addCleanup(process.kill)
                # tools/bench itself and the generator.
                self.assertTrue(wait_for(lambda: pid_file.exists() and pid_file.read_text() and
                                         len(processes_with(keys)) == 2))
                pid = int(pid_file.read_text())
                self.assertTrue(is_alive(pid))
                process.send_signal(number)
                self.assertNotEqual(process.wait(20), 0)
                self.assertTrue(wait_for(lambda: not is_alive(pid)), "the server")
                self.assertTrue(wait_for(lambda: not processes_with(keys)), "the generator")

    def test_a_port_that_never_opens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            status, result = finish(generator(unused.getsockname()[1], "--seconds", "1"))
        self.assertEqual((status, result["failure"]), (1, "cannot connect: connection refused"))


if __name__ == "__main__":
    program.main()
