"""The echo's directives, and the formats and tools that it honours."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from openai.types.responses import Response

from local.emulator.echo import EchoModel
from local.emulator.models import Prompt

Ask = Callable[..., Response]


def message(text: str, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": text}


def test_wait_is_how_long_the_run_takes() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    asyncio.run(EchoModel(sleep).answer(Prompt("m", None, [message("/wait 2.5")])))
    assert slept == [2.5]


def test_without_wait_no_time_passes() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    asyncio.run(EchoModel(sleep).answer(Prompt("m", None, [message("hello")])))
    assert slept == [0.0]


def test_only_the_last_message_gives_directives(ask: Ask) -> None:
    given: Any = [message("/fail server_error"), message("hello")]
    assert ask(given).status == "completed"


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded", "invalid_prompt"])
def test_fail_gives_its_code(ask: Ask, code: str) -> None:
    response = ask(f"/fail {code}")
    assert response.status == "failed"
    assert response.error is not None
    assert response.error.code == code


def test_say_is_the_whole_answer(ask: Ask) -> None:
    assert ask("hello\n/say As it was【4:0†source】").output_text == "As it was【4:0†source】"


@pytest.mark.parametrize("length", [0, 1, 1000, 40_000])
def test_length_is_exact(ask: Ask, length: int) -> None:
    assert len(ask(f"/length {length}").output_text) == length


@pytest.mark.parametrize(
    ("line", "reason"),
    [("/incomplete", "max_output_tokens"), ("/incomplete content_filter", "content_filter")],
)
def test_incomplete_cuts_the_answer_short(ask: Ask, line: str, reason: str) -> None:
    response = ask(f"/length 100\n{line}")
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == reason
    assert len(response.output_text) == 50


def test_two_are_two_messages(ask: Ask) -> None:
    output: Any = ask("/two\n/say x").output
    assert [item.content[0].text for item in output] == ["first: x", "second: x"]


def test_refuse_is_a_refusal_in_place_of_text(ask: Ask) -> None:
    output: Any = ask("/refuse").output
    assert [part.type for part in output[0].content] == ["refusal"]


def test_reasoning_comes_before_the_message(ask: Ask) -> None:
    response = ask("/reasoning")
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert str(response.output[0].id).startswith("rs_")


def test_an_answer_is_the_final_one(ask: Ask) -> None:
    for text in ("hello", "/refuse", "/incomplete"):
        output: Any = ask(text).output
        assert [message.phase for message in output] == ["final_answer"]


def test_thinking_aloud_is_commentary_before_the_answer(ask: Ask) -> None:
    output: Any = ask("/think Let me see.\n/think Aha.\n/reasoning\n/say B").output
    assert [item.type for item in output] == ["reasoning", "message", "message", "message"]
    said = [(item.phase, item.content[0].text) for item in output[1:]]
    assert said == [("commentary", "Let me see."), ("commentary", "Aha."), ("final_answer", "B")]


def test_thinking_aloud_comes_before_a_call_too(ask: Ask) -> None:
    tools = [{"type": "function", "name": "weather", "parameters": {}}]
    output: Any = ask("/think Let me see.\n/call weather {}", tools=tools).output
    assert [item.type for item in output] == ["message", "function_call"]
    assert (output[0].phase, output[0].status) == ("commentary", "completed")


def test_long_answers_are_cut_in_later_turns_so_that_they_do_not_grow(ask: Ask) -> None:
    given: Any = [message("a"), message("b" * 1000, "assistant"), message("c" * 1000)]
    shown = ask(given).output_text
    assert f"assistant: {'b' * 60} / user: {'c' * 1000}" in shown


def test_json_object_is_json(ask: Ask) -> None:
    response = ask("/say x", text={"format": {"type": "json_object"}})
    assert json.loads(response.output_text) == {"echo": "x"}


def test_json_schema_is_json_that_fits(ask: Ask) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    }
    text = {"format": {"type": "json_schema", "name": "person", "schema": schema}}
    assert json.loads(ask("x", text=text).output_text) == {"name": "echo", "age": 0}


def test_a_citation_needs_file_search_and_the_word(ask: Ask) -> None:
    tools = [{"type": "file_search", "vector_store_ids": ["vs_1"]}]
    output: Any = ask("please cite\n/say text", tools=tools).output
    assert [item.type for item in output] == ["file_search_call", "message"]
    (citation,) = output[1].content[0].annotations
    assert (citation.type, citation.file_id, citation.filename) == ("file_citation", "file-echo", "echo.txt")
    assert citation.index == len("text")
    assert len(ask("please cite").output) == 1
    assert len(ask("hello", tools=tools).output) == 1


def test_web_search_is_accepted(ask: Ask) -> None:
    assert ask("x", tools=[{"type": "web_search"}]).tools[0].type == "web_search"


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ({"file_id": "file_1"}, "[file: file_1]"),
        ({"filename": "a.txt", "file_data": "data:text/plain;base64,YQ=="}, "[input_file]"),
    ],
)
def test_files_show_which_one_arrived(ask: Ask, part: dict[str, str], shown: str) -> None:
    parts = [{"type": "input_text", "text": "see"}, {"type": "input_file", **part}]
    given: Any = [{"role": "user", "content": parts}]
    assert ask(given).output_text.endswith(f"user: see\n{shown}")


def test_pictures_show_that_they_arrived(ask: Ask) -> None:
    parts = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "http://x/y.png"}]
    given: Any = [{"role": "user", "content": parts}]
    assert ask(given).output_text.endswith("user: see\n[input_image]")
