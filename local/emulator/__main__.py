"""`python -m local.emulator --port 8081 --database PATH [--key KEY]`"""

import argparse
import contextlib
import signal
import sys
from types import FrameType

from local.emulator.models import choose_model
from local.emulator.server import Emulator

DEFAULT_PORT = 8081


def main() -> None:
    """Serve until SIGINT or SIGTERM, then end with status 0."""
    parser = argparse.ArgumentParser(prog="python -m local.emulator", description="OpenAI at home")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--database", required=True, help="path of the SQLite file")
    parser.add_argument("--key", help="the only accepted API key; without it any but 'wrong' is")
    given = parser.parse_args()
    # uvicorn raises the signal again after its shutdown; ending is what was asked for, so it is no failure.
    signal.signal(signal.SIGTERM, end)
    model = choose_model()
    emulator = Emulator(given.database, model=model, key=given.key, port=given.port)
    print(f"OpenAI at home: {emulator.url} (answers by {model.name})", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        emulator.serve()


def end(_: int, __: FrameType | None) -> None:
    """Leave with status 0."""
    sys.exit(0)


if __name__ == "__main__":
    main()
