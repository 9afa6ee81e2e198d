#!/usr/bin/python3
"""Tests of the daemon as a process: how it starts, refuses, listens, bounds its clients, sleeps and ends.

run.py --server COMMAND [--sanitized] [names]; the tests marked @ours say what redis-server does otherwise and run against
corral-server alone. --sanitized leaves out what measures memory or needs ten thousand connections.
"""
import argparse
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import client_memory  # noqa: E402
import collected  # noqa: E402
import directives  # noqa: E402
import endings  # noqa: E402
import figures  # noqa: E402
import limits  # noqa: E402
import life  # noqa: E402
import listening  # noqa: E402
import shares  # noqa: E402
import start  # noqa: E402
from cases import Skip  # noqa: E402
from harness.server import ORACLE, Server  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description="Tests of the daemon as a process.")
    parser.add_argument("--server", default=ORACLE)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("names", nargs="*", help="tests whose name contains one of these")
    options = parser.parse_args()
    with Server(options.server) as probe:
        corral = probe.is_corral()
    passed = failed = skipped = 0
    for module in (start, directives, listening, limits, shares, client_memory, collected, figures, life, endings):
        for name, test in list(vars(module).items()):
            if not name.startswith("test_") or (options.names and not any(n in name for n in options.names)):
                continue
            if (test.ours and not corral) or (test.measures and options.sanitized):
                continue
            started = time.monotonic()
            try:
                test(options.server)
                passed += 1
                outcome = "passed"
            except Skip as reason:
                skipped += 1
                outcome = "skipped: %s" % reason
            except Exception:
                failed += 1
                outcome = "FAILED\n" + traceback.format_exc()
            print("%-52s %5.1f s  %s" % (name[5:], time.monotonic() - started, outcome), flush=True)
    print("system: %d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
