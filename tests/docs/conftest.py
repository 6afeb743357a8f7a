"""The function on devhost, over an emulator that echoes: what the papers' calls are run against."""

from collections.abc import Iterator

import pytest

from local import devhost
from local.emulator.server import Emulator, start_emulator
from tests.docs.pages import FUNCTION, Caller


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as started:
        yield started


@pytest.fixture(scope="session")
def url(emulator: Emulator) -> Iterator[str]:
    settings = {"OPENAI_API_KEY": "local-key", "OPENAI_BASE_URL": emulator.url}
    with devhost.serve(FUNCTION, settings, log=lambda _: None) as host:
        yield host.url


@pytest.fixture
def caller(url: str) -> Caller:
    """A caller that has an assistant and a thread."""
    prepared = Caller(url)
    prepared.prepare()
    return prepared
