"""A home for each backend."""

from collections.abc import Iterator

import pytest

from local.emulator.server import Emulator
from tests.backends import BACKENDS, Home, open_home


@pytest.fixture(scope="session", params=BACKENDS)
def home(request: pytest.FixtureRequest, openai_at_home: Emulator) -> Iterator[Home]:
    with open_home(request.param, openai_at_home) as opened:
        yield opened
