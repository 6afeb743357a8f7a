"""A devhost on a real socket, with a function that does what the event says."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local import devhost

MIRROR = '''
import os, sys, time

calls = 0

def main(event, context=None):
    """Answers what it was called with; `act` makes it do something else."""
    global calls
    calls += 1
    act = event.get("act")
    if act == "return":
        return event["result"]
    if act == "evaluate":
        return eval(event["expression"])
    if act == "sleep":
        time.sleep(event["seconds"])
    if act == "print":
        print(event["text"])
    seen = {"event": event, "environment": dict(os.environ), "context": context and dict(
        left=context.get_remaining_time_in_millis(), activation_id=context.activation_id,
        function_name=context.function_name, deadline=context.deadline)}
    return {"body": seen | {"pid": os.getpid(), "calls": calls, "name": __name__, "cwd": os.getcwd()}}
'''


@pytest.fixture(scope="package")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the function."""
    folder = tmp_path_factory.mktemp("mirror")
    (folder / "__main__.py").write_text(MIRROR)
    return folder


@pytest.fixture(scope="package")
def host(mirror: Path) -> Iterator[devhost.Host]:
    """devhost serving it; SETTING is set in the function's environment."""
    with devhost.serve(mirror, {"SETTING": "value"}, log=lambda _: None) as running:
        yield running


@pytest.fixture(scope="package")
def client(host: devhost.Host) -> Iterator[httpx.Client]:
    """An HTTP client: client.get("") calls the function, with the path /."""
    with httpx.Client(base_url=host.url, trust_env=False, timeout=20) as session:
        yield session
