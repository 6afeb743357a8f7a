"""The tool code_interpreter: code that is run, files that it makes, the container that it runs in."""

from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI
from openai.types.responses import Response

Ask = Callable[..., Response]
Refused = Callable[..., dict[str, Any]]
OUTPUTS = ["code_interpreter_call.outputs"]


def tool(**container: Any) -> dict[str, Any]:
    return {"type": "code_interpreter", "container": {"type": "auto", **container}}


def kinds(response: Response) -> list[str]:
    return [item.type for item in response.output]


def calls_of(response: Response) -> list[Any]:
    return [item for item in response.output if item.type == "code_interpreter_call"]


def last_text(response: Response) -> Any:
    output: Any = response.output
    return output[-1].content[0]


def test_python_is_a_call_before_the_message(ask: Ask) -> None:
    response = ask("/python print(1 + 1)", tools=[tool()], include=OUTPUTS)
    assert kinds(response) == ["code_interpreter_call", "message"]
    (call,) = calls_of(response)
    assert (call.code, call.status) == ("print(1 + 1)", "completed")
    assert [(output.type, output.logs) for output in call.outputs] == [("logs", "ran: print(1 + 1)")]
    assert call.id.startswith("ci_")
    assert call.container_id.startswith("cntr_")


def test_several_lines_are_several_calls_in_one_container(ask: Ask) -> None:
    first, second = calls_of(ask("/python a\n/python b", tools=[tool()]))
    assert (first.code, second.code) == ("a", "b")
    assert first.container_id == second.container_id


@pytest.mark.parametrize("settings", [{}, {"tools": [tool()], "tool_choice": "none"}])
def test_without_the_tool_nothing_is_run_or_made(ask: Ask, settings: dict[str, Any]) -> None:
    response = ask("/python 1\n/file a.csv\n/say x", **settings)
    assert (kinds(response), response.output_text) == (["message"], "x")


def test_code_may_be_run_before_a_function_is_called(ask: Ask) -> None:
    function = {"type": "function", "name": "weather", "parameters": {}}
    response = ask("/python 1\n/call weather {}", tools=[tool(), function])
    assert kinds(response) == ["code_interpreter_call", "function_call"]


def test_a_file_is_cited_where_the_text_links_to_it(ask: Ask) -> None:
    response = ask("/python 1\n/file plot.png\n/say Here it is.", tools=[tool()])
    text, (call,) = last_text(response), calls_of(response)
    (cited,) = text.annotations
    assert text.text == "Here it is.\n[plot.png](sandbox:/mnt/data/plot.png)"
    assert text.text[cited.start_index : cited.end_index] == "sandbox:/mnt/data/plot.png"
    assert (cited.type, cited.filename) == ("container_file_citation", "plot.png")
    assert cited.container_id == call.container_id
    assert cited.file_id.startswith("cfile_")


def test_files_whose_names_begin_alike_are_cited_apart(ask: Ask) -> None:
    text = last_text(ask("/file a\n/file a b.csv", tools=[tool()]))
    places = [text.text[cited.start_index : cited.end_index] for cited in text.annotations]
    assert places == ["sandbox:/mnt/data/a", "sandbox:/mnt/data/a b.csv"]
    assert len({cited.file_id for cited in text.annotations}) == 2


def test_a_file_needs_code_that_makes_it(ask: Ask) -> None:
    (call,) = calls_of(ask("/file a.csv", tools=[tool()]))
    assert call.code == "open('/mnt/data/a.csv', 'w')"


def test_a_text_that_is_cut_before_the_link_cites_nothing(ask: Ask) -> None:
    response = ask("/file a.csv\n/length 500\n/incomplete", tools=[tool()])
    assert last_text(response).annotations == []


def test_the_echo_shows_the_containers_files_before_the_thread(ask: Ask) -> None:
    text = ask("x", tools=[tool(file_ids=["file_1", "file_2"])]).output_text
    assert "| model: gpt-6-luna | container: file_1, file_2 | thread: user: x" in text
    assert "container:" not in ask("x", tools=[tool()]).output_text


def test_the_response_shows_the_tool_as_it_was_given(ask: Ask) -> None:
    given = tool(file_ids=["file_1"], memory_limit="4g")
    assert ask("x", tools=[given]).tools[0].to_dict() == given


def test_a_container_may_be_named(ask: Ask) -> None:
    named = {"type": "code_interpreter", "container": "cntr_1"}
    (call,) = calls_of(ask("/python 1", tools=[named]))
    assert call.container_id == "cntr_1"


def test_a_thread_keeps_its_container_and_another_has_its_own(client: OpenAI, ask: Ask) -> None:
    conversations = [client.conversations.create().id for _ in range(2)]
    first, other, second = (
        calls_of(ask("/python 1", tools=[tool()], conversation=conversations[number]))[0].container_id
        for number in (0, 1, 0)
    )
    assert first == second != other


def test_calls_and_citations_stay_in_the_conversation(client: OpenAI, ask: Ask) -> None:
    conversation_id = client.conversations.create().id
    response = ask("/python 1\n/file a.csv", tools=[tool()], conversation=conversation_id)
    listed = client.conversations.items.list(conversation_id, order="asc").data
    assert [item.to_dict() for item in listed[1:]] == [item.to_dict() for item in response.output]


@pytest.mark.parametrize(
    ("container", "param"),
    [
        (None, "tools[0].container"),
        ("file_1", "tools[0].container"),
        ({}, "tools[0].container.type"),
        ({"type": "container_auto"}, "tools[0].container"),
        ({"type": "auto", "file_ids": ["f"] * 51}, "tools[0].container.file_ids"),
        ({"type": "auto", "file_ids": "f"}, "tools[0].container.file_ids"),
        ({"type": "auto", "memory_limit": "2g"}, "tools[0].container.memory_limit"),
        ({"type": "auto", "nonsense": 1}, "tools[0].container.nonsense"),
    ],
)
def test_a_wrong_container_is_refused_by_name(refused: Refused, container: Any, param: str) -> None:
    wrong = {"type": "code_interpreter", "container": container}
    error = refused("/responses", {"model": "m", "input": "x", "tools": [wrong]})
    assert param in (error["param"], error["message"].split("'")[1])
