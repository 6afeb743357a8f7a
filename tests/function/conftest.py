"""The function with each of its backends."""

from collections.abc import Iterator

import pytest

from local.emulator.server import Emulator
from tests.backends import BACKENDS, Backend, open_backend


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest, openai_at_home: Emulator) -> Iterator[Backend]:
    with open_backend(request.param, openai_at_home) as opened:
        yield opened
