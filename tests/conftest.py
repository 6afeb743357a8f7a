"""What tests of several rooms share."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from local.emulator.server import Emulator, start_emulator
from tests.invoke import Function, make_function


@pytest.fixture(scope="session")
def openai_at_home() -> Iterator[Emulator]:
    """An emulator for all tests that make their own objects."""
    with start_emulator() as running:
        yield running


@pytest.fixture
def function(openai_at_home: Emulator) -> Callable[[Mapping[str, str]], Function]:
    """function(environment) -> call(**params): loads main as the platform does and calls it against the
    emulator, or what OPENAI_BASE_URL names."""

    def make(environment: Mapping[str, str]) -> Function:
        return make_function({"OPENAI_BASE_URL": openai_at_home.url} | dict(environment))

    return make
