"""The SDK's v2 client, the transport below it, the emulator on a real socket behind it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from openai import OpenAI

from local.emulator.server import Emulator, start_emulator
from local.emulator.stream_faults import StreamFaults
from tests.transport.fakes import connect

DEPRECATED = "(deprecated$|The Assistants API is deprecated)"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDK marks its v2 methods as deprecated; here they are what is tested."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(f"ignore:{DEPRECATED}:DeprecationWarning"))


@pytest.fixture(scope="package")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OpenAI]:
    """Refuses answers that do not fit the SDK's v2 models."""
    with connect(emulator.url, httpx2.HTTPTransport()) as connected:
        yield connected


@pytest.fixture
def another(emulator: Emulator) -> Iterator[OpenAI]:
    """A client in another process: it remembers nothing of what the first one saw."""
    with connect(emulator.url, httpx2.HTTPTransport()) as connected:
        yield connected


@pytest.fixture
def stream_faults(emulator: Emulator) -> Iterator[StreamFaults]:
    """The emulator's switches for streams, all off again after the test."""
    yield emulator.stream_faults
    vars(emulator.stream_faults).update(vars(StreamFaults()))


@pytest.fixture
def requests_since(emulator: Emulator) -> Callable[[], list[tuple[str, str]]]:
    """What reached the emulator since the test began or since it was last asked."""
    seen = len(emulator.requests)

    def since() -> list[tuple[str, str]]:
        nonlocal seen
        news = emulator.requests[seen:]
        seen += len(news)
        return news

    return since
