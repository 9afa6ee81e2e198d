"""What the process tests share: their marks, a run of the server to its end, waiting."""
import shlex
import subprocess
import time


class Skip(Exception):
    """The machine cannot run this test; the text says why."""


def case(ours=False, measures=False):
    """Marks a test. ours: not true of redis-server. measures: memory, time, thousands of
    connections, or what a sanitizer takes for itself."""
    def mark(function):
        function.ours, function.measures = ours, measures
        return function
    return mark


def run(command, *arguments, seconds=20):
    """(exit status, output) of the server run to its end."""
    done = subprocess.run(shlex.split(command) + [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=seconds)
    return done.returncode, done.stdout.decode(errors="replace")


def until(condition, seconds=10.0, what="the condition"):
    """Waits for the condition; AssertionError after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("%s did not come within %s s" % (what, seconds))
