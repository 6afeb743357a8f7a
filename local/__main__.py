"""`make run` and `python -m local`: the function and what it needs, until Ctrl-C."""

import argparse
import os
import signal
import sys
import threading


def main() -> int:
    """Run until a signal, and return the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--host", help="where to listen; without it, to this computer alone")
    host = parser.parse_args().host
    if not host and (inherited := os.environ.get("HOST")):
        print(
            f"HOST={inherited} of the environment does not count; if it should: make run HOST={inherited}",
            flush=True,
        )
    # Imported once a signal is safe: this takes longer than an impatient Ctrl-C.
    from .launcher import StartError, run

    try:
        return run(stop, host)
    except StartError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
