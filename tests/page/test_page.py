"""The page as a person uses it, in a real browser, against the function and an OpenAI that echoes."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys

from local import devhost
from local.announcement import Ids, announcement
from local.devhost.gateway import FUNCTION_PATH
from local.emulator.server import Emulator
from tests.page.browser import Page, Scheme
from tests.page.conftest import Gate
from tests.page.scripted import Answer, scripted

PAGE_FILE = Path(devhost.__file__).parents[1] / "page" / "index.html"

NO_ASSISTANTS: Answer = (200, {"assistants": [], "hasMore": False, "lastId": None})


def responses(emulator: Emulator) -> int:
    """How many runs were started at OpenAI so far."""
    return emulator.requests.count(("POST", "/v1/responses"))


# ------------------------------------------------------------------ a conversation


def test_two_turns_and_the_second_remembers_the_first(page: Page) -> None:
    page.chat("My name is Ada.")
    answer = page.chat("What is my name?")
    assert "user: My name is Ada." in answer
    assert "user: What is my name?" in answer
    assert page.called()[-2:] == ["chat 200", "chat 200"]


def test_a_reload_shows_the_conversation_and_it_goes_on(page: Page) -> None:
    page.chat("First")
    before = page.messages()
    page.reload()
    assert page.until(lambda: page.messages()) == before
    assert "user: First" in page.chat("Second")


LIST_ASSISTANTS_COMES_LATE = """
const ask = window.fetch;
window.fetch = async (url, request) => {
  if (request.body.includes("list-assistants")) await new Promise((go) => setTimeout(go, 200));
  return ask(url, request);
};"""


def test_an_answer_bears_the_assistants_name_even_if_that_is_heard_late(page: Page) -> None:
    page.chat("Hello")
    name = page.one(".who").text
    late = page.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": LIST_ASSISTANTS_COMES_LATE}
    )
    page.driver.refresh()
    page.until(lambda: page.one(".who").text.startswith("asst_"))
    page.until(lambda: page.one(".who").text == name)
    page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", late)


def test_a_second_tab_continues_the_thread_and_the_first_one_sees_it(
    page: Page, second_tab: Callable[[], None]
) -> None:
    page.chat("From the first tab")
    address, first = page.address(), page.driver.current_window_handle
    second_tab()
    page.open(f"?thread={address['thread']}&assistant={address['assistant']}")
    assert "user: From the first tab" in page.chat("From the second tab")
    page.driver.switch_to.window(first)
    page.until(lambda: "From the second tab" in page.messages())


def test_a_new_thread_knows_nothing_and_the_back_button_leads_to_the_old_one(page: Page) -> None:
    page.chat("Old")
    old = page.address()["thread"]
    page.button("New thread").click()
    assert page.messages() == []
    assert "Old" not in page.chat("New")
    assert page.address()["thread"] != old
    page.button("New thread").click()
    page.driver.back()
    page.driver.back()
    page.until(lambda: page.address().get("thread") == old and "Old" in page.messages())


def test_what_is_answered_is_shown_as_text_never_as_html(page: Page) -> None:
    said = "<img src=x onerror=\"document.title='caught'\"><b>bold</b>"
    assert page.chat(f"/say {said}") == said
    assert not page.all("#log img, #log b")


def test_an_assistant_is_created_on_the_page_and_talks(page: Page) -> None:
    page.button("New assistant").click()
    page.one("#new-name").send_keys("Gardener")
    page.one("#new-instructions").send_keys("Talk of roses")
    page.button("Create").click()
    page.until(lambda: page.focused() == "message")
    assert page.js("document.title").startswith("Gardener")
    assert "instructions: Talk of roses" in page.chat("Hello")


# ------------------------------------------------------------------ waiting


def test_a_run_past_a_202_is_taken_up_again_with_its_seconds_shown(
    page: Page, emulator: Emulator, gate: Gate
) -> None:
    page.set(wait="0.1")
    before = responses(emulator)
    page.say("/wait 1")
    page.until(lambda: page.one(".waiting time").text == "1 s")
    gate.open()
    page.until(lambda: len(page.messages()) == 2)
    assert "chat 202" in page.called()
    assert page.called()[-1] == "get-run 200"
    assert responses(emulator) == before + 1
    assert "run" not in page.address()


def test_text_stands_on_the_page_before_the_run_has_ended(page: Page) -> None:
    page.say("/pace 1.3\n/say one two three")  # the call that starts the run waits three seconds
    page.until(lambda: page.all("#written p"))
    assert page.one("#written p").text == "one two three"
    assert (len(page.messages()), page.waiting()) == (1, True)
    page.until(lambda: not page.waiting())
    assert page.messages()[1:] == ["one two three"]
    assert not page.all("#written")


def test_a_reload_in_the_middle_of_a_run_waits_for_its_answer(page: Page, gate: Gate) -> None:
    page.set(wait="0.1")
    page.say("/wait 1")
    page.until(lambda: page.address().get("run"))
    page.driver.refresh()
    page.button("Cancel")
    gate.open()
    page.until(lambda: len(page.messages()) == 2)
    assert "chat" not in " ".join(page.called())


def test_a_reload_in_the_middle_of_the_first_turn_finds_its_thread(page: Page, gate: Gate) -> None:
    page.say("/wait 1")
    page.until(lambda: page.address().get("run"))
    assert int(page.one(".waiting time").text.removesuffix(" s")) < 8  # not after the ten of a get-run
    page.driver.refresh()
    page.button("Cancel")
    gate.open()
    page.until(lambda: len(page.messages()) == 2)


@pytest.mark.usefixtures("gate")
def test_a_running_run_is_cancelled(page: Page) -> None:
    page.set(wait="0.1")
    page.say("/wait 1")
    page.button("Cancel").click()
    page.until(lambda: page.one("#next").text == "The run is cancelled.")
    assert "run" not in page.address()
    page.until(lambda: page.messages() == ["/wait 1"])


def test_a_thread_that_is_busy_elsewhere_offers_to_wait_for_the_run_named(
    page: Page, second_tab: Callable[[], None], gate: Gate
) -> None:
    page.chat("Hello")
    page.set(wait="0")
    address, first = page.address(), page.driver.current_window_handle
    second_tab()
    page.open(f"?thread={address['thread']}&assistant={address['assistant']}")
    page.until(lambda: len(page.messages()) == 2)
    page.driver.switch_to.window(first)
    page.say("/wait 1")
    page.until(lambda: page.address().get("run"))
    page.driver.switch_to.window(next(one for one in page.driver.window_handles if one != first))
    page.say("Me too")
    assert page.problem().startswith("Error 409 the thread has an active run")
    assert page.one("#message").get_attribute("value") == "Me too"
    page.button("Wait for the run").click()
    page.button("Cancel")
    gate.open()
    page.until(lambda: len(page.messages()) == 4 and not page.waiting())
    page.one("#message").send_keys(Keys.ENTER)
    page.until(lambda: len(page.messages()) == 6)


def test_a_double_click_sends_once(page: Page, emulator: Emulator, gate: Gate) -> None:
    before = responses(emulator)
    page.write("/wait 1")
    ActionChains(page.driver).double_click(page.one("#send")).perform()
    page.say("Not yet")
    assert page.one("#message").get_attribute("value") == "Not yet"
    gate.open()
    page.until(lambda: len(page.messages()) == 2)
    assert responses(emulator) == before + 1


# ------------------------------------------------------------------ errors


def test_a_failed_run_is_shown_as_it_is_and_run_again_without_a_second_message(page: Page) -> None:
    page.say("/fail server_error")
    shown = "Error 502 the run ended failed: The echo failed with server_error, as it was told."
    assert page.problem().startswith(shown)
    page.button("Try again").click()
    page.until(lambda: not page.waiting() and page.called()[-1] == "list-messages 200")
    assert page.called().count("run-assistant 502") == 1
    assert page.messages() == ["/fail server_error"]


def test_a_thread_that_is_gone_is_told(page: Page) -> None:
    page.open(f"?thread=thread_gone&assistant={page.address()['assistant']}")
    assert re.match(r"Error 404 .*thread_gone", page.problem())


def test_a_refused_message_stays_in_the_box(page: Page) -> None:
    page.write("Line one\nline two")
    page.js("document.getElementById('message').value += 'x'.repeat(32000)")
    page.press(Keys.ENTER)
    assert page.problem().startswith("Error 413 message ")
    assert str(page.one("#message").get_attribute("value")).startswith("Line one\nline two")
    assert page.messages() == []


def test_after_a_first_message_to_an_assistant_that_is_gone_another_one_answers_it(page: Page) -> None:
    page.driver.get(f"{page.root}/?assistant=asst_gone")
    page.say("Is anybody there?")
    assert re.match(r"Error 404 .*asst_gone", page.problem())
    assert page.address().get("thread") is None
    assert page.one("#message").get_attribute("value") == "Is anybody there?"
    page.choose("Property Assistant")
    page.one("#message").send_keys(Keys.ENTER)
    page.until(lambda: len(page.messages()) == 2)
    assert "user: Is anybody there?" in page.messages()[-1]


def test_no_answer_at_all_is_told_and_the_text_stays(page: Page) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    page.set(url=nobody)
    page.say("Hello?")
    page.until(lambda: page.called()[-1] == "chat none")
    assert page.problem().startswith(f"No answer {nobody} could not be reached")
    assert page.one("#message").get_attribute("value") == "Hello?"


def test_an_answer_that_is_no_json_is_shown_with_its_status(page: Page) -> None:
    with scripted(list_assistants=[NO_ASSISTANTS], chat=[(502, "<h1>Bad Gateway</h1>")]) as function:
        page.set(url=function.url)
        page.say("Hello?")
        assert page.problem() == "Error 502 <h1>Bad Gateway</h1>"
        assert page.one("#message").get_attribute("value") == "Hello?"


# ------------------------------------------------------------------ tools, deletion, settings


def test_a_tool_call_shows_name_and_arguments_and_takes_the_output(page: Page) -> None:
    page.say('/call get_price {"street": "Elm Street"}')
    assert page.one(".call legend").text == "get_price"
    assert '"street": "Elm Street"' in page.one(".call pre").text
    assert page.focused() == "output-0"
    page.press("450000")
    page.button("Submit outputs").click()
    page.until(lambda: len(page.messages()) == 2)
    assert page.messages()[-1].endswith("output: 450000")
    assert "run" not in page.address()


def test_two_tool_calls_survive_a_reload(page: Page) -> None:
    page.say('/call get_price {"street": "Elm"}\n/call get_price {"street": "Oak"}')
    page.until(lambda: len(page.all(".call")) == 2)
    page.reload()
    page.until(lambda: len(page.all(".call")) == 2)
    for number in (0, 1):
        page.one(f"#output-{number}").send_keys(f"price {number}")
    page.button("Submit outputs").click()
    page.until(lambda: len(page.messages()) == 2)
    assert "output: price 0" in page.messages()[-1]
    assert "output: price 1" in page.messages()[-1]


def test_a_thread_is_deleted_after_a_question(page: Page, host: devhost.Host) -> None:
    page.chat("Forget me")
    thread = page.address()["thread"]
    page.button("Delete thread").click()
    page.button("Keep it").click()
    assert page.messages()
    page.button("Delete thread").click()
    page.button("Delete").click()
    page.until(lambda: not page.messages() and "thread" not in page.address())
    gone = httpx.get(host.url, params={"action": "get-thread", "threadId": thread}, trust_env=False)
    assert gone.status_code == 404


def test_a_thread_too_long_for_one_call_is_deleted_by_calling_again(page: Page) -> None:
    page.chat("Long")
    thread = page.address()["thread"]
    no_messages = (200, {"messages": [], "hasMore": False, "lastId": None})
    erased = [(202, {"threadId": thread, "deleted": False}), (200, {"threadId": thread, "deleted": True})]
    with scripted(
        list_assistants=[NO_ASSISTANTS], list_messages=[no_messages], delete_thread=erased
    ) as function:
        page.set(url=function.url)
        page.button("Delete thread").click()
        page.button("Delete").click()
        page.until(lambda: "thread" not in page.address())
        deletions = [call for call in function.calls if call["action"] == "delete-thread"]
        assert deletions == [{"action": "delete-thread", "threadId": thread}] * 2


def test_a_long_conversation_shows_its_latest_messages_and_on_demand_the_earlier_ones(page: Page) -> None:
    texts = [f"message {number}" for number in range(101)]
    messages = [{"messageId": f"msg_{text[8:]}", "role": "user", "content": text} for text in texts]
    latest = {"messages": messages[:0:-1], "hasMore": True, "lastId": "msg_1"}
    earlier = {"messages": messages[:1], "hasMore": False, "lastId": "msg_0"}
    with scripted(list_assistants=[NO_ASSISTANTS], list_messages=[(200, latest), (200, earlier)]) as function:
        page.set(url=function.url)
        page.driver.get(f"{page.root}/?thread=thread_1")
        page.until(lambda: page.messages() == texts[1:])
        page.button("Show earlier messages").click()
        page.until(lambda: page.messages() == texts)
        assert function.calls[-1]["after"] == "msg_1"
        assert not page.all("#earlier")[0].is_displayed()


def test_another_function_with_a_token_is_talked_to_across_origins(page: Page, guarded: devhost.Host) -> None:
    page.set(url=guarded.url)
    assert page.problem().startswith("Error 401 a token is required")
    page.set(token="open-sesame")
    assert "user: Hello" in page.chat("Hello")
    assert page.js("Object.entries(localStorage).flat().includes('open-sesame')") is False
    page.reload()
    assert "user: Hello" in page.chat("Again")


# ------------------------------------------------------------------ for everybody


ATTACK = """
const [url, done] = arguments, create = "?action=create-thread";
const image = () => new Promise((loaded, failed) => {
  Object.assign(new Image(), { onload: loaded, onerror: failed }).src = `${url}${create}&_=1`;
});
Promise.allSettled([
  fetch(url + create),
  fetch(url, { method: "POST", mode: "no-cors", body: '{"action": "create-thread"}' }).then(() => "sent"),
  fetch(FUNCTION_PATH + create).then((answer) => answer.status),
  image(),
]).then((outcomes) => done(outcomes.map((one) => one.value ?? null)));
""".replace("FUNCTION_PATH", repr(FUNCTION_PATH))


def test_a_foreign_page_spends_nothing_though_its_name_leads_here(
    driver: Chrome, host: devhost.Host, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """By reading across origins, without reading, by its own name (DNS rebinding), and by an image."""
    already = len(emulator.requests)
    driver.get(f"http://evil.test:{host.port}/")
    assert driver.execute_async_script(ATTACK, host.url) == [None, "sent", 403, None]
    assert len(emulator.requests) == already
    assert capsys.readouterr().out.count("refused: ") >= 4


def test_the_keyboard_is_enough(page: Page) -> None:
    page.driver.get(f"{page.root}/")
    page.idle()
    tab_to(page, "new-assistant", Keys.SHIFT)
    page.press(Keys.ENTER)
    page.until(lambda: page.focused() == "new-name")
    page.press("Cook", Keys.TAB, "Cook well", Keys.ESCAPE)
    page.until(lambda: page.focused() == "new-assistant")
    page.press(Keys.ENTER)
    page.until(lambda: page.focused() == "new-name")
    page.press(Keys.ENTER)
    page.until(lambda: page.focused() == "message")
    page.press("Hello", Keys.ENTER)
    page.until(lambda: len(page.messages()) == 2)
    assert "instructions: Cook well" in page.messages()[-1]
    tab_to(page, "delete-thread", Keys.SHIFT)
    page.press(Keys.SPACE)
    tab_to(page, "Delete")
    page.press(Keys.ENTER)
    page.until(lambda: "thread" not in page.address() and page.focused() == "message")


def tab_to(page: Page, name: str, *held: str) -> None:
    """Tab, or with Shift, until the focus is there."""
    for _ in range(20):
        if page.focused() == name:
            return
        page.press(*held, Keys.TAB, *([Keys.NULL] if held else []))
    raise AssertionError(f"{name} is not reached")


def test_what_happens_is_heard(page: Page, gate: Gate) -> None:
    assert [one.aria_role for one in page.all("#log, #status")] == ["log", "status"]
    page.say("/wait 1")
    assert page.until(lambda: page.heard()) == "Waiting for the answer"
    gate.open()
    page.until(lambda: len(page.messages()) == 2 and not page.heard())
    page.say('/call get_price {"street": "Elm"}')
    page.until(lambda: page.heard() == "The assistant calls get_price")


def states(page: Page) -> Iterator[str]:
    """Leads through the page, and names where it is."""
    yield "empty"
    page.chat("/length 600")
    yield "conversation"
    page.say('/call get_price {"street": "' + "x" * 80 + '"}')
    page.one(".call")
    yield "tool call"
    page.button("Cancel the run").click()
    page.until(lambda: "cancelled" in page.one("#next").text)
    page.say("/fail server_error")
    page.problem()
    yield "error"
    for name, close in (("New assistant", "Close"), ("Delete thread", "Keep it"), ("Settings", "Close")):
        page.button(name).click()
        yield name
        page.button(close).click()
    page.set(wait="0")
    page.say("/wait 1")
    page.button("Cancel")
    yield "waiting"


@pytest.mark.usefixtures("gate")
def test_axe_finds_nothing_in_any_state_and_a_phone_never_scrolls_sideways(page: Page) -> None:
    looks: list[tuple[int, Scheme]] = [(1200, "dark"), (360, "light")]
    for state in states(page):
        for width, scheme in looks:
            page.width(width)
            page.scheme(scheme)
            assert page.js("document.documentElement.scrollWidth <= innerWidth"), (state, width)
            assert page.violations() == [], (state, width, scheme)


def test_dark_and_light_follow_the_system(page: Page) -> None:
    colors = {}
    for scheme in get_args(Scheme):
        page.scheme(scheme)
        colors[scheme] = page.js("getComputedStyle(document.body).backgroundColor")
    brightness = {scheme: sum(map(int, re.findall(r"\d+", color))) for scheme, color in colors.items()}
    assert brightness["dark"] < 150 < 600 < brightness["light"]


def test_the_page_is_one_file_without_secrets_that_loads_nothing_else(page: Page) -> None:
    text = PAGE_FILE.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    loaded = page.js("performance.getEntriesByType('resource').map(one => one.name)")
    assert {name for name in loaded if not name.startswith("data:")} == {f"{page.root}{FUNCTION_PATH}"}


def test_make_run_names_the_page(page: Page) -> None:
    assert f"A page to try it on: {page.root}/\n" in announcement(page.root + FUNCTION_PATH, Ids(), {})
