"""What tests of several rooms share."""

from collections.abc import Iterator

import pytest

from local.emulator.server import Emulator, start_emulator


@pytest.fixture(scope="session")
def openai_at_home() -> Iterator[Emulator]:
    """An emulator for all tests that make their own objects."""
    with start_emulator() as running:
        yield running
