"""`python -m local.devhost`: this project's function alone, with what .env says, until Ctrl-C."""

import argparse
import os
import threading
from contextlib import suppress
from pathlib import Path

from .guard import Guard, parse_origins
from .host import serve
from .project import ProjectError, local_variables, read_project

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.devhost", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8080")
    parser.add_argument("--dialect", choices=["digitalocean", "openwhisk"], default="digitalocean")
    options = parser.parse_args()
    try:
        variables = local_variables(ROOT) | {name: value for name, value in os.environ.items() if value}
        function = read_project(ROOT, variables)
    except ProjectError as problem:
        parser.exit(1, f"{problem}\n")
    check = Guard(parse_origins(variables.get("ALLOWED_ORIGINS", "")), options.host).check
    served = serve(function, host=options.host, port=options.port, dialect=options.dialect, check=check)
    with suppress(KeyboardInterrupt), served as host:
        print(host.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
