"""Programs as people wrote them for Assistants v2, with the plain SDK: each shows what it showed before,
whether the transport is put below the SDK or the function's URL is its base URL.

They stand in programs/ and know nothing of the transport; the words after their name are what is typed behind
it in a terminal. Directives such as /call tell the emulator's model what to do (local/emulator/echo.py)."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local import devhost
from local.emulator.server import Emulator
from tests.native_server import start_native_server

pytestmark = pytest.mark.filterwarnings("ignore:(deprecated$|The Assistants API):DeprecationWarning")
PROGRAMS = Path(__file__).parent / "programs"
FUNCTION = Path(__file__).parents[2] / "packages" / "v1" / "openai"
Run = Callable[..., list[str]]


@pytest.fixture(scope="module", params=["transport", "function"])
def url(request: pytest.FixtureRequest, openai_at_home: Emulator) -> Iterator[str]:
    if request.param == "transport":
        with start_native_server(openai_at_home.url) as server:
            yield server.url
        return
    settings = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": openai_at_home.url}
    with devhost.serve(FUNCTION, settings, log=lambda _: None) as host:
        yield host.url


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a program as its user would, and returns the lines that it prints."""
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", "test")

    def run_program(name: str, *words: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", [name, *words])
        code = compile((PROGRAMS / name).read_text(encoding="utf-8"), name, "exec")
        names: dict[str, Any] = {"__name__": "__main__"}
        try:
            exec(code, names)  # noqa: S102
        finally:
            names["client"].close()  # its process would end here
        return capsys.readouterr().out.splitlines()

    return run_program


def test_the_quickstart_prints_the_question_and_its_answer(run: Run) -> None:
    assert run("quickstart.py", "Solve 3x + 11 = 14.\n/say x = 1, Jane Doe.") == [
        "user: Solve 3x + 11 = 14.",
        "/say x = 1, Jane Doe.",
        "assistant: x = 1, Jane Doe.",
    ]


def test_who_polls_the_first_run_id_gets_the_answer_behind_all_rounds_of_calls(run: Run) -> None:
    printed = run(
        "poll_first_run.py",
        'What is it like?\n/call get_current_temperature {"location": "Paris"}',
        '57 in {location}\n/wait 0.1\n/call get_rain_probability {{"location": "Rome"}}',
        "6% in {location}\n/wait 0.1\n/say 57 degrees and no rain.",
    )
    assert printed == [
        "get_current_temperature(Paris)",
        "get_rain_probability(Rome)",
        "2 rounds, completed",
        "the same run: True",
        "answer: 57 degrees and no rain.",
    ]


def test_messages_tell_when_they_were_written_by_whom_and_in_which_run(run: Run) -> None:
    """The runs take over a second each, because v2's times are whole seconds."""
    printed = run("two_speakers.py", "Is it good?\n/wait 1.1\n/say It is.")
    question, _, _, first, second, *counts = printed
    times = [int(line.split()[0]) for line in (question, first, second)]
    assert [line.split(" ", 1)[1] for line in (first, second)] == ["Optimist: It is.", "Skeptic: It is."]
    assert times == sorted(set(times))
    assert abs(time.time() - times[-1]) < 60
    assert counts == ["Optimist wrote 1 message", "Skeptic wrote 1 message"]


def test_the_documented_loop_puts_numbers_in_the_place_of_citations(run: Run) -> None:
    assert run("cite_sources.py", "What was the profit? Please cite.\n/say It was 7 million.") == [
        "It was 7 million.[0]",
        "[0] file-echo",
    ]


def test_the_error_of_a_busy_thread_names_the_run_that_can_be_cancelled(run: Run) -> None:
    assert run("free_busy_thread.py", "/wait 20", "Are you there?") == [
        "Error code: 400 - Can't add messages to THREAD while a run RUN is active.",
        "the run is cancelled",
        "user: /wait 20",
        "user: Are you there?",
    ]


def test_functions_are_answered_within_the_stream_of_their_run(run: Run) -> None:
    assert run("stream_with_tools.py", "How is it?\n/call weather {}", "sunny\n/say It is sunny.") == [
        "calls weather",
        "says It is sunny.",
        "in one: Hi",
        "steps tool_calls, message_creation",
        "2 messages",
    ]


def test_an_exported_assistant_can_be_imported_by_its_printed_fields(run: Run) -> None:
    original, copy = map(json.loads, run("copy_assistant.py"))
    assert original["id"] != copy["id"]
    for assistant in (original, copy):
        del assistant["id"], assistant["created_at"]
    assert copy == original
    assert copy["name"] == "Support " * 30
    assert copy["tools"][1]["file_search"]["ranking_options"]["ranker"] == "default_2024_08_21"
