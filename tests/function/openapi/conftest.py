"""The description as the function gives it, and the function on devhost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import devhost
from local.emulator.server import Emulator
from tests.invoke import Json, make_function

FUNCTION = Path(__file__).parents[3] / "packages" / "v1" / "openai"


@pytest.fixture(scope="session")
def description() -> Json:
    return make_function({"OPENAI_API_KEY": "none"}).data(action="describe")


@pytest.fixture(scope="session")
def url(openai_at_home: Emulator) -> Iterator[str]:
    """The function on devhost, over the emulator."""
    settings = {"OPENAI_API_KEY": "local-key", "OPENAI_BASE_URL": openai_at_home.url}
    with devhost.serve(FUNCTION, settings, log=lambda _: None) as host:
        yield host.url
