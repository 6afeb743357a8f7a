"""`python -m local.devhost`: this project's function alone, with what .env says, until Ctrl-C."""

import argparse
import os
import threading
from contextlib import suppress
from pathlib import Path

from .host import serve
from .project import local_variables, read_project

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.devhost", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8080")
    parser.add_argument("--dialect", choices=["digitalocean", "openwhisk"], default="digitalocean")
    options = parser.parse_args()
    function = read_project(ROOT, local_variables(ROOT) | {k: v for k, v in os.environ.items() if v})
    served = serve(function, host=options.host, port=options.port, dialect=options.dialect)
    with suppress(KeyboardInterrupt), served as host:
        print(host.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
