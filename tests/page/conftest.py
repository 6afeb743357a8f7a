"""The function at home with the page at /, and one browser for all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome

from local import devhost
from local.emulator.server import Emulator, start_emulator
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


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def host(emulator: Emulator) -> Iterator[devhost.Host]:
    """The function on devhost, open to everybody."""
    settings = {"OPENAI_API_KEY": "local-key", "OPENAI_BASE_URL": emulator.url}
    with devhost.serve(ROOT / "packages/v1/openai", settings, log=lambda _: None) as running:
        yield running


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(str(tmp_path_factory.mktemp("profile"))) as running:
        yield running


@pytest.fixture
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
