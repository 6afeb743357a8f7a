"""The process that runs the function: one event a line in, one result a line out. Standard library only.

Started as `python -B worker.py FOLDER DESCRIPTOR DIALECT VIRTUALENV`, in FOLDER, with the environment that
the platform gives and nothing else. It does what OpenWhisk's Python launcher does; what the function prints
goes to stdout.
"""

import importlib.util
import inspect
import json
import os
import site
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any


class Context:
    """The second argument that DigitalOcean hands to main(event, context)."""

    def __init__(self) -> None:
        self.activation_id = os.environ.get("__OW_ACTIVATION_ID", "")
        self.api_host = os.environ.get("__OW_API_HOST", "")
        self.api_key = os.environ.get("__OW_API_KEY", "")
        self.deadline = int(os.environ.get("__OW_DEADLINE", "0"))
        self.function_name = os.environ.get("__OW_ACTION_NAME", "")
        self.function_version = os.environ.get("__OW_ACTION_VERSION", "")
        self.namespace = os.environ.get("__OW_NAMESPACE", "")
        self.request_id = os.environ.get("__OW_TRANSACTION_ID", "")

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the call, never below 0."""
        return max(0, self.deadline - int(time.time() * 1000))


def arrange_path(folder: str, virtualenv: str) -> None:
    """Installed packages first, then the function's folder: activate_this.py leaves that order."""
    sys.path[0] = folder
    if virtualenv:
        script = os.path.join(virtualenv, "bin", "activate_this.py")
        with open(script, encoding="utf-8") as source:
            exec(compile(source.read(), script, "exec"), {"__file__": script, "__name__": "activate_this"})  # noqa: S102
        return
    installed = [path for path in sys.path if path in site.getsitepackages()]
    sys.path[:] = installed + [path for path in sys.path if path not in installed]


def load_main(folder: str) -> Callable[..., Any]:
    """main of __main__.py, imported under the name main__, as the platform has it."""
    spec = importlib.util.spec_from_file_location("main__", os.path.join(folder, "__main__.py"))
    if spec is None or spec.loader is None:
        raise ImportError("__main__.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules["main__"] = module
    spec.loader.exec_module(module)
    main: Callable[..., Any] = module.main
    return main


def takes_context(main: Callable[..., Any]) -> bool:
    """Whether main has room for a second positional argument."""
    kinds = [parameter.kind for parameter in inspect.signature(main).parameters.values()]
    positional = [kind for kind in kinds if kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 or any(kind is kind.VAR_POSITIONAL for kind in kinds)


def call(main: Callable[..., Any], with_context: bool, message: dict[str, Any]) -> Any:
    """One activation. An exception becomes {"error": text}, as in OpenWhisk's launcher."""
    event = message.pop("value")
    os.environ.update({f"__OW_{key.upper()}": value for key, value in message.items()})
    try:
        return main(event, Context()) if with_context else main(event)
    except Exception as problem:
        traceback.print_exc()
        return {"error": str(problem)}


def serve(folder: str, descriptor: int, dialect: str, virtualenv: str) -> None:
    """Answer events until the other side closes."""
    os.set_inheritable(descriptor, False)
    arrange_path(folder, virtualenv)
    main = load_main(folder)
    with_context = dialect == "digitalocean" and takes_context(main)
    events, results = os.fdopen(descriptor, "rb"), os.fdopen(os.dup(descriptor), "wb")
    for line in events:
        result = call(main, with_context, json.loads(line))
        sys.stdout.flush()
        # Not guarded, as on the platform: a result that is no JSON ends the process.
        results.write(json.dumps(result, ensure_ascii=False).encode("utf-8") + b"\n")
        results.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
