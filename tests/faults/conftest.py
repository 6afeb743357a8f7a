"""A room for each backend: the function, the proxy that makes faults, the upstream."""

from collections.abc import Iterator

import pytest

from local.emulator.server import Emulator
from tests.faults.proxy import start_proxy
from tests.faults.room import BACKENDS, Room
from tests.native_server import start_native_server


@pytest.fixture(scope="session", params=BACKENDS)
def lasting_room(request: pytest.FixtureRequest, openai_at_home: Emulator) -> Iterator[Room]:
    """The room of this backend, for all tests."""
    if request.param == "responses":
        with start_proxy(openai_at_home.url) as proxy:
            yield Room("responses", proxy, openai_at_home.requests)
        return
    with start_native_server(openai_at_home.url) as server, start_proxy(server.url) as proxy:
        yield Room("native", proxy, server.requests)


@pytest.fixture
def room(lasting_room: Room) -> Iterator[Room]:
    """The room, without faults before and after."""
    lasting_room.proxy.heal()
    yield lasting_room
    lasting_room.proxy.heal()
