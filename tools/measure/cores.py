"""Which core runs what: servers on some, load and measuring on another."""
import argparse
import ctypes
import os
import signal

PRIORITY = -15  # of 19 to -20, like nice


def parse_cores(text):
    """An argument type: a set of cores that this process may use."""
    try:
        cores = {int(core) for core in text.split(',')}
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of cores like 0,1") from None
    missing = cores - os.sched_getaffinity(0)
    if missing:
        raise argparse.ArgumentTypeError(f'no core {min(missing)} to run on')
    return cores


def choose_cores(options, server_cores):
    """Fills in options.server_cores (as many as given) and options.load_core where the user named none."""
    cores = sorted(os.sched_getaffinity(0))
    options.server_cores = options.server_cores or set(cores[:server_cores])
    options.load_core = options.load_core or set((sorted(set(cores) - options.server_cores) or cores)[:1])


def set_up_child(cores):
    """In a process about to start: pins it, and ends it with its parent even if that is killed. Where that is allowed
    (to root), it goes before whatever else the machine runs, which would count as the server's latency."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    settle(cores)


def run_beside_load(options):
    """This process takes part in the load: it leaves the servers' cores alone."""
    settle(options.load_core)


def settle(cores):
    os.sched_setaffinity(0, cores)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except PermissionError:
        pass
