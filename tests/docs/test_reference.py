"""What the papers show is what the function does: calls and answers, programs, tables, the version."""

import json
import re

import pytest

from assistant_function import VERSION
from assistant_function.actions import ACTIONS
from assistant_function.openapi import describe
from assistant_function.request import settings
from local.announcement import Ids, calls, curl_line
from local.emulator.server import Emulator
from tests.docs.pages import (
    PAGES,
    README,
    REFERENCE,
    ROOT,
    SHOWN_URL,
    Caller,
    Page,
    is_by_path,
    run_python,
    shape,
)
from tests.invoke import Json, make_function, web

FILLING_WORDS = {"or", "and", "one", "more"}
PAGES_WITH_CALLS = [page for page in PAGES if page.calls()]
PAGES_WITH_PROGRAMS = [page for page in PAGES if page.blocks("python")]
OPERATING = Page(ROOT / "docs" / "operating.md")


# ---------------------------------------------------------------- calls and programs


@pytest.mark.parametrize("page", PAGES_WITH_CALLS, ids=lambda page: page.name)
def test_every_curl_line_answers_as_shown(page: Page, caller: Caller) -> None:
    for line, shown in page.calls():
        answer = caller.run(line)
        if is_by_path(line):
            assert "error" not in answer, (line, answer)
            continue
        assert answer["success"] is (shown is None or shown["success"]), (line, answer)
        assert shown is None or shape(answer) == shape(shown), line


def test_the_reference_shows_a_call_of_every_action() -> None:
    shown = {name for line, _ in REFERENCE.calls() for name in re.findall(r'action(?:=|": ")([a-z-]+)', line)}
    assert shown == set(ACTIONS)


def test_the_reference_shows_the_ten_calls_of_the_original() -> None:
    shown = {_without_ids(line) for line, _ in REFERENCE.calls()}
    for call in calls(Ids()):
        assert _without_ids(curl_line(SHOWN_URL, call)) in shown


def _without_ids(line: str) -> str:
    return re.sub(r"(assistantId|threadId)=\w+", r"\1=", line)


@pytest.mark.parametrize("page", PAGES_WITH_PROGRAMS, ids=lambda page: page.name)
def test_every_python_program_runs(page: Page, emulator: Emulator, url: str) -> None:
    environment = {"OPENAI_API_KEY": "local-key", "OPENAI_BASE_URL": emulator.url, "NO_PROXY": "*"}
    for program in page.blocks("python"):
        assert "Hello" in run_python(program.replace(SHOWN_URL, url), environment)


def test_json_is_shown_in_readable_lines() -> None:
    for page in PAGES:
        for block in page.blocks("json"):
            assert block == json.dumps(json.loads(block), indent=2, ensure_ascii=False) + "\n", page.name


# ---------------------------------------------------------------- tables


def test_the_table_of_actions_is_the_table_that_dispatches() -> None:
    shown = {
        row[0]: set(re.findall(r"\w+", f"{row[1]} {row[2]}")) - FILLING_WORDS
        for row in REFERENCE.table("action")
    }
    assert shown == {name: set(action.spec.known()) for name, action in ACTIONS.items()}


def test_the_readmes_table_names_every_action_and_what_it_needs() -> None:
    shown = {row[0]: set(re.findall(r"\w+", row[1])) - FILLING_WORDS for row in README.table("action")}
    assert shown.keys() == ACTIONS.keys()
    for name, action in ACTIONS.items():
        assert {param.name for param in action.spec.needs} <= shown[name], name
        assert shown[name] <= set(action.spec.known()), name


def test_the_table_of_settings_is_what_is_deployed() -> None:
    deployed = re.findall(r"^ +([A-Z_]+): \"\$\{", (ROOT / "project.yml").read_text(), re.MULTILINE)
    assert [row[0] for row in REFERENCE.table("name")] == deployed


def test_the_defaults_of_the_settings_are_the_functions() -> None:
    shown = {row[0]: row[1].strip("`") for row in REFERENCE.table("name")}
    assert settings.parse_settings(shown) == settings.parse_settings({})
    in_the_example = re.findall(r"^([A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert shown == dict(in_the_example)


def test_the_table_of_statuses_is_what_describe_says() -> None:
    operation = describe.describe_actions(ACTIONS, settings.parse_settings({}))["components"]["responses"]
    shown = {row[0]: row[1] for row in REFERENCE.table("status")}
    assert shown == {status: response["description"] for status, response in operation.items()}


@pytest.mark.parametrize(
    "call",
    [
        {"action": "describe"},
        {"action": "get-thread", "threadId": "a/b"},
        {},
        web("GET", path="/threads/a%2Fb"),
    ],
)
def test_every_key_of_a_line_in_the_log_is_explained(call: Json, capsys: pytest.CaptureFixture[str]) -> None:
    make_function().request(call)
    line = json.loads(capsys.readouterr().out)
    assert line.keys() <= {row[0].strip("`") for row in OPERATING.table("key")}


# ---------------------------------------------------------------- the version


def test_the_changelog_begins_with_the_version_that_describe_shows() -> None:
    newest = re.search(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", Page(ROOT / "CHANGELOG.md").text, re.MULTILINE)
    assert newest
    assert (
        newest[1]
        == VERSION
        == describe.describe_actions(ACTIONS, settings.parse_settings({}))["info"]["version"]
    )
