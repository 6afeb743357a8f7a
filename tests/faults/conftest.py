"""The function with each of its backends, behind a proxy that makes faults."""

from collections.abc import Iterator

import pytest

from local.emulator.server import Emulator
from tests.backends import BACKENDS, Backend, open_backend


@pytest.fixture(scope="session", params=BACKENDS)
def lasting_backend(request: pytest.FixtureRequest, openai_at_home: Emulator) -> Iterator[Backend]:
    """Opens each backend once for all tests."""
    with open_backend(request.param, openai_at_home, with_faults=True) as opened:
        yield opened


@pytest.fixture
def backend(lasting_backend: Backend) -> Iterator[Backend]:
    """The backend, free of faults when the test begins and when it ends."""
    lasting_backend.proxy.heal()
    yield lasting_backend
    lasting_backend.proxy.heal()
