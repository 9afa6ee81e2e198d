"""What the process tests share: their marks, a run of the server to its end, waiting."""
import os
import shlex
import signal
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


def until_left_alone(condition, what):
    """Waits for what is to come about though nobody asks for it: looks a few times only, as each look may help it along."""
    for seconds in (2.5, 5, 10, 20):
        time.sleep(seconds)
        if condition():
            return
    raise AssertionError("%s did not come about" % what)


def stopped(process):
    """Stops a process (SIGSTOP) and returns once all of its threads stand still."""
    os.kill(process, signal.SIGSTOP)

    def still(task):
        with open("/proc/%d/task/%s/stat" % (process, task)) as file:
            return file.read().rpartition(")")[2].split()[0] in "Tt"
    until(lambda: all(still(task) for task in os.listdir("/proc/%d/task" % process)), what="the stop")


def until(condition, seconds=30.0, what="the condition"):
    """Waits for the condition; AssertionError after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("%s did not come within %s s" % (what, seconds))
