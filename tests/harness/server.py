"""Starts and stops a server under test (or redis-server, the oracle) on a free loopback port, in its own folder."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .resp import Closed, Connection, ProtocolError, Timeout

ORACLE = "redis-server"
REPORT = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|SUMMARY: \w+Sanitizer|: runtime error:|CheckInvariants|BUG REPORT)")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server process. Directives come as keyword arguments: Server(cmd, maxclients=5) is `--maxclients 5`."""

    def __init__(self, command, *arguments, port=None, host="127.0.0.1", wait=True, **directives):
        self.command = shlex.split(command)
        self.host, self.port = host, port or free_port()
        self.folder = tempfile.mkdtemp(prefix="corral-test-")
        self.output_path = os.path.join(self.folder, "output")
        settings = {"port": self.port, "bind": host, "dir": self.folder, "save": "", "enable_debug_command": "yes"}
        settings.update(directives)
        self.arguments = list(arguments)
        for name, value in settings.items():
            if value is not None:
                values = value if isinstance(value, (list, tuple)) else [value]
                self.arguments += ["--" + name.replace("_", "-")] + [str(v) for v in values]
        self.process = None
        self.start(wait)

    def start(self, wait=True):
        """Starts the process (again); returns once it answers PING."""
        with open(self.output_path, "ab") as output:
            self.process = subprocess.Popen(
                self.command + self.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=30.0):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with Connection((self.host, self.port), 5.0) as probe:
                    probe.call("PING")
                    return
            except (OSError, Closed, Timeout, ProtocolError):
                time.sleep(0.02)
        raise RuntimeError("server did not come up (%s):\n%s" % (" ".join(self.command), self.output()))

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        return (self.host, self.port)

    def connect(self, protocol=2, timeout=20.0):
        connection = Connection(self.address, timeout)
        if protocol == 3:
            connection.hello(3)
        return connection

    def info(self, section=""):
        """INFO as a dictionary of text."""
        with self.connect() as c:
            lines = c.text("INFO", *([section] if section else [])).split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line and line[0] != "#")

    def is_corral(self):
        return "corral_version" in self.info("server")

    def output(self):
        with open(self.output_path, errors="replace") as file:
            return file.read()

    def rss_bytes(self):
        with open("/proc/%d/statm" % self.pid) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self):
        """kill -9, and the end of the process awaited."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=20.0):
        """SIGTERM; the exit status and the output must show a clean end. Removes the folder."""
        try:
            crashed = self.process.poll() not in (None, 0, -signal.SIGKILL)
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    crashed = self.process.wait(seconds) != 0
                except subprocess.TimeoutExpired:
                    self.kill()
                    crashed = True
            output = self.output()
            if crashed or REPORT.search(output):
                raise RuntimeError("the server did not end cleanly (status %s):\n%s" % (self.process.returncode, output[-6000:]))
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except RuntimeError as error:
            if kind is None:
                raise
            print(error)
