"""The function at home with the page at /, and one browser for all tests."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome

from local import devhost
from local.devhost.guard import Guard
from local.devhost.project import read_env_file
from local.emulator.echo import EchoModel
from local.emulator.server import Emulator
from tests.page.browser import Page, chromium

ROOT = Path(__file__).parents[2]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_price",
        "description": "The price of a flat",
        "parameters": {"type": "object", "properties": {"street": {"type": "string"}}},
    },
}


MODEL_TICK_SECONDS = 0.01


class Gate:
    """Runs that a message with `/wait 1` starts go on until open() is called."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def close(self) -> None:
        self._opened.clear()

    async def pass_through(self, seconds: float) -> None:
        while seconds and not self._opened.is_set():
            await asyncio.sleep(MODEL_TICK_SECONDS)


@pytest.fixture(scope="module")
def all_gates() -> Gate:
    return Gate()


@pytest.fixture
def gate(all_gates: Gate) -> Iterator[Gate]:
    """Closed at first."""
    all_gates.close()
    yield all_gates
    all_gates.open()


@pytest.fixture(scope="module")
def emulator(all_gates: Gate) -> Iterator[Emulator]:
    with Emulator(model=EchoModel(all_gates.pass_through)).start() as running:
        yield running


def deployed(emulator: Emulator, **settings: str) -> AbstractContextManager[devhost.Host]:
    """The function as project.yml deploys it, with the page, guarded as by `make run`."""
    given = read_env_file(ROOT / ".env.example")
    given |= {"OPENAI_API_KEY": "local-key", "OPENAI_BASE_URL": emulator.url, **settings}
    check = Guard(frozenset(), "127.0.0.1").check
    return devhost.serve(devhost.read_project(ROOT, given), log=lambda _: None, check=check)


@pytest.fixture(scope="module")
def host(emulator: Emulator) -> Iterator[devhost.Host]:
    """Open to everybody."""
    with deployed(emulator) as running:
        yield running


@pytest.fixture
def guarded(emulator: Emulator) -> Iterator[devhost.Host]:
    """Another one, on another origin, which wants a token."""
    with deployed(emulator, ACCESS_TOKEN="open-sesame") as running:
        yield running


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(str(tmp_path_factory.mktemp("profile"))) as running:
        yield running


@pytest.fixture(scope="module")
def assistant(host: devhost.Host) -> str:
    """The id of an assistant with a tool."""
    wanted = {
        "action": "create-assistant",
        "name": "Property Assistant",
        "instructions": "Be brief",
        "tools": [TOOL],
    }
    made: str = httpx.post(host.url, json=wanted, trust_env=False).json()["data"]["assistantId"]
    return made


@pytest.fixture
def page(driver: Chrome, host: devhost.Host, assistant: str) -> Iterator[Page]:
    """The page with that assistant and no thread; what it remembered is forgotten afterwards."""
    page = Page(driver, host.root)
    page.width(1200)
    page.scheme("light")
    page.open(f"?assistant={assistant}")
    yield page
    page.forget()


@pytest.fixture
def second_tab(driver: Chrome) -> Iterator[Callable[[], None]]:
    """Opens another tab and goes there; afterwards only the first one is left."""
    first = driver.current_window_handle
    yield lambda: driver.switch_to.new_window("tab")
    for other in set(driver.window_handles) - {first}:
        driver.switch_to.window(other)
        driver.close()
    driver.switch_to.window(first)
