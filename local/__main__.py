"""`make run` and `python -m local`: the function and what it needs, until Ctrl-C."""

import signal
import sys
import threading


def main() -> int:
    """Run until a signal, and return the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    # Imported once a signal is safe: this takes longer than an impatient Ctrl-C.
    from .launcher import StartError, run

    try:
        return run(stop)
    except StartError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
