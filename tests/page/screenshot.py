"""Makes docs/page.png for the README, of a real conversation with the small model:

.venv/bin/python -m tests.page.screenshot
"""

from tempfile import TemporaryDirectory

from local.emulator.server import Emulator
from local.emulator.smollm2 import SmolLM2
from tests.page.browser import Page, chromium
from tests.page.conftest import ROOT, deployed

PICTURE = ROOT / "docs" / "page.png"
WIDTH_PIXELS, HEIGHT_PIXELS = 1200, 760
INSTRUCTIONS = "You are a property expert. You answer in one sentence."
QUESTIONS = ("What should I look at when I view a flat?", "Which of these costs the most to repair?")


def main() -> None:
    with (
        Emulator(model=SmolLM2()).start() as emulator,
        deployed(emulator) as host,
        TemporaryDirectory() as profile,
        chromium(profile) as driver,
    ):
        page = Page(driver, host.root)
        page.width(WIDTH_PIXELS, HEIGHT_PIXELS)
        page.scheme("light")
        talk(page)
        PICTURE.parent.mkdir(exist_ok=True)
        driver.save_screenshot(str(PICTURE))


def talk(page: Page) -> None:
    """An assistant, and two turns with it."""
    page.open()
    page.button("New assistant").click()
    page.one("#new-name").send_keys("Property Assistant")
    page.one("#new-instructions").send_keys(INSTRUCTIONS)
    page.button("Create").click()
    page.until(lambda: page.focused() == "message")
    for question in QUESTIONS:
        page.chat(question)


if __name__ == "__main__":
    main()
