"""The one exception of the measuring programs, and how they end."""
import signal
import sys


class Failure(Exception):
    """What the environment refused, in words for the user."""


def say(text):
    """A line of progress that the next one replaces; nothing where no person watches."""
    if sys.stderr.isatty():
        print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)


def run_program(name, measure):
    """Runs `measure()`, which answers whether all went well; the exit status of the program."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        return 0 if measure() else 1
    except Failure as failure:
        say('')
        print(f'{name}: {failure}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say('')
        return 130
