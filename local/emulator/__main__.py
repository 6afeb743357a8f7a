"""The OpenAI emulator as a program: `python -m local.emulator --port 8081 --database PATH [--key KEY]`"""

import argparse
import contextlib
import os
import signal
import sys
import threading
from types import FrameType

from local.emulator.choose_model import choose_model
from local.emulator.server import Emulator

DEFAULT_PORT = 8081


def main() -> None:
    """Serve until SIGINT or SIGTERM, then end with status 0."""
    parser = argparse.ArgumentParser(prog="python -m local.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--database", required=True, help="path of the SQLite file")
    parser.add_argument("--key", help="the only accepted API key; without it any but 'wrong' is")
    parser.add_argument("--until-input-ends", action="store_true", help="end when standard input is closed")
    given = parser.parse_args()
    # uvicorn raises the signal again after its shutdown; ending is what was asked for, so it is no failure.
    signal.signal(signal.SIGTERM, end)
    if given.until_input_ends:
        threading.Thread(target=end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    model = choose_model()
    emulator = Emulator(given.database, model=model, key=given.key, port=given.port)
    print(f"OpenAI emulator: {emulator.url} (answers by {model.name})", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        emulator.serve()


def end_with(descriptor: int) -> None:
    """End when whoever holds the other side of the pipe ends, however that happens."""
    os.read(descriptor, 1)  # not sys.stdin's read: its lock, held at the interpreter's end, is a fatal error
    os.kill(os.getpid(), signal.SIGTERM)


def end(_: int, __: FrameType | None) -> None:
    """Leave with status 0."""
    sys.exit(0)


if __name__ == "__main__":
    main()
