"""A headless Chromium from PATH, and the page in it as a person uses it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from typing import Any, Literal

from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",  # a foreign page whose name leads here
)
WAIT_SECONDS = 30
POLL_SECONDS = 0.02
AXE = distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js")
RUN_AXE = (
    "const done = arguments[0]; axe.run().then(found => done(found.violations), why => done(String(why)))"
)
Scheme = Literal["light", "dark"]


@contextmanager
def chromium(profile: str) -> Iterator[Chrome]:
    """A browser until the block ends; profile is an empty folder. Raises RuntimeError where there is none."""
    options = ChromeOptions()
    options.binary_location = _on_path(*BROWSERS)
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    for flag in (*FLAGS, *as_root, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = Chrome(options, ChromeService(_on_path("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def _on_path(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise RuntimeError(f"{names[0]} is not on PATH; on Debian: apt install chromium chromium-driver")
    return found


class Page:
    """The page in the tab that is open."""

    def __init__(self, driver: Chrome, root: str) -> None:
        self.driver, self.root = driver, root

    def open(self, query: str = "") -> None:
        """Load it, and wait until it has asked for what it shows."""
        self.driver.get(f"{self.root}/{query}")
        self.until(lambda: self.all("#calls li"))
        self.idle()

    def reload(self) -> None:
        self.driver.refresh()
        self.until(lambda: self.all("#calls li"))
        self.idle()

    def until(self, what: Callable[[], Any]) -> Any:
        """The first result that is true."""
        return WebDriverWait(self.driver, WAIT_SECONDS, POLL_SECONDS).until(lambda _: what())

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The first such element, once it is shown."""
        found: WebElement = self.until(
            lambda: next(filter(WebElement.is_displayed, self.all(selector)), None)
        )
        return found

    def js(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def idle(self) -> None:
        """Wait until no answer is awaited."""
        self.until(lambda: self.js("document.documentElement.dataset.calls") == "0")

    def choose(self, name: str) -> None:
        """An assistant by its name."""
        Select(self.one("#assistant")).select_by_visible_text(name)

    def press(self, *keys: str) -> None:
        """Keys to whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> str:
        """The id of what has the focus, else its text."""
        element = self.driver.switch_to.active_element
        return element.get_attribute("id") or element.text

    def button(self, text: str) -> WebElement:
        """The button with that text or label, once it is shown."""
        return self.one_of("button", text)

    def one_of(self, selector: str, name: str) -> WebElement:
        def named() -> WebElement | None:
            shown = filter(WebElement.is_displayed, self.all(selector))
            return next((one for one in shown if one.accessible_name == name), None)

        found: WebElement = self.until(named)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        return found

    def write(self, text: str) -> None:
        """Into the message box, as it is typed: Shift and Enter for a new line."""
        box = self.one("#message")
        for number, line in enumerate(text.split("\n")):
            box.send_keys(*([Keys.SHIFT, Keys.ENTER, Keys.NULL] if number else []), line)

    def say(self, text: str) -> None:
        """Write and send."""
        self.write(text)
        self.one("#message").send_keys(Keys.ENTER)

    def chat(self, text: str) -> str:
        """One turn; gives the answer."""
        before = len(self.messages())
        self.say(text)
        self.until(lambda: len(self.messages()) == before + 2 and not self.waiting())
        return self.messages()[-1]

    def messages(self) -> list[str]:
        found: list[str] = self.js(
            "[...document.querySelectorAll('#log .message > p')].map(p => p.textContent)"
        )
        return found

    def waiting(self) -> bool:
        """Whether nothing can be sent yet."""
        return bool(self.all("#send[aria-disabled=true]"))

    def heard(self) -> str:
        """What a screen reader was told last."""
        return str(self.js("document.getElementById('status').textContent"))

    def problem(self) -> str:
        """The text of the error, once there is one."""
        return self.one("[role=alert]").text

    def address(self) -> dict[str, str]:
        """What the address names: thread, assistant, run."""
        found: dict[str, str] = self.js("Object.fromEntries(new URLSearchParams(location.search))")
        return found

    def called(self) -> list[str]:
        """`action status` of the latest calls, oldest first."""
        words = "[...call.children].slice(0, 2).map(word => word.textContent).join(' ')"
        shown = self.js(f"[...document.querySelectorAll('#calls li')].map(call => {words})")
        return list(reversed(shown))

    def set(self, **values: str) -> None:
        """Through the settings: url, token, wait."""
        self.button("Settings").click()
        for name, value in values.items():
            field = self.one(f"#{name}")
            field.clear()
            field.send_keys(value)
        self.button("Save").click()
        self.idle()

    def forget(self) -> None:
        """Leave the page; nothing that it kept in the browser is left."""
        self.driver.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.driver.get("about:blank")

    def width(self, pixels: int, height: int = 800) -> None:
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scheme(self, scheme: Scheme) -> None:
        self._devtools(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def violations(self) -> list[str]:
        """What axe-core finds, one line for each."""
        if not self.js("'axe' in window"):
            self.driver.execute_script(AXE.read_text())
        found = self.driver.execute_async_script(RUN_AXE)
        assert isinstance(found, list), found
        return [
            f"{one['id']}: {one['help']}: {json.dumps([n['html'] for n in one['nodes']])[:600]}"
            for one in found
        ]

    def _devtools(self, command: str, **parameters: object) -> None:
        self.driver.execute_cdp_cmd(command, parameters)
