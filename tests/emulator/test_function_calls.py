"""Function tools: calls, their outputs, and what happens without them."""

from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI
from openai.types.responses import Response

Ask = Callable[..., Response]
Refused = Callable[..., dict[str, Any]]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "name": name, "parameters": SCHEMA} for name in ("weather", "news")]


def calls_of(response: Response) -> list[Any]:
    return [item for item in response.output if item.type == "function_call"]


def output(call: Any, text: str) -> dict[str, str]:
    return {"type": "function_call_output", "call_id": call.call_id, "output": text}


def test_a_call_has_its_name_arguments_and_id(ask: Ask) -> None:
    (call,) = calls_of(ask('/call weather {"city": "Bern"}', tools=TOOLS))
    assert (call.name, call.arguments, call.status) == ("weather", '{"city": "Bern"}', "completed")
    assert call.call_id.startswith("call_")
    assert call.id.startswith("fc_")


def test_several_lines_are_parallel_calls(ask: Ask) -> None:
    text = '/call weather {"city": "Bern"}\n/call news {"city": "Rome"}'
    assert [call.name for call in calls_of(ask(text, tools=TOOLS))] == ["weather", "news"]
    assert [call.name for call in calls_of(ask(text, tools=TOOLS, parallel_tool_calls=False))] == ["weather"]


@pytest.mark.parametrize("settings", [{}, {"tools": TOOLS, "tool_choice": "none"}])
def test_a_function_that_is_not_offered_is_not_called(ask: Ask, settings: dict[str, Any]) -> None:
    assert calls_of(ask("/call weather {}", **settings)) == []


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "weather"}])
def test_a_tool_choice_forces_a_call_that_fits_its_parameters(ask: Ask, choice: Any) -> None:
    (call,) = calls_of(ask("hello", tools=TOOLS, tool_choice=choice))
    assert (call.name, call.arguments) == ("weather", '{"city": "echo"}')


def test_an_unanswered_call_makes_the_next_response_fail(client: OpenAI, ask: Ask, refused: Refused) -> None:
    conversation_id = client.conversations.create().id
    (call,) = calls_of(ask("/call weather {}", tools=TOOLS, conversation=conversation_id))
    body = {"model": "m", "input": "go on", "conversation": conversation_id}
    message = refused("/responses", body)["message"]
    assert message == f"No tool output found for function call {call.call_id}."


def test_one_of_two_outputs_is_not_enough(client: OpenAI, ask: Ask, refused: Refused) -> None:
    conversation_id = client.conversations.create().id
    text = "/call weather {}\n/call news {}"
    first, second = calls_of(ask(text, tools=TOOLS, conversation=conversation_id))
    body = {"model": "m", "input": [output(first, "1")], "conversation": conversation_id}
    assert second.call_id in refused("/responses", body)["message"]


def test_an_output_for_an_unknown_call_is_refused(refused: Refused) -> None:
    item = {"type": "function_call_output", "call_id": "call_0", "output": "x"}
    message = refused("/responses", {"model": "m", "input": [item]})["message"]
    assert message == "No tool call found for function call output with call_id call_0."


def test_the_answer_shows_the_outputs(client: OpenAI, ask: Ask) -> None:
    conversation_id = client.conversations.create().id
    (call,) = calls_of(ask("/call weather {}", tools=TOOLS, conversation=conversation_id))
    answer = ask([output(call, "sunny")], tools=TOOLS, conversation=conversation_id)
    assert answer.output_text.endswith("user: /call weather {} / call: weather({}) / output: sunny")


def test_an_output_may_ask_for_the_next_round(client: OpenAI, ask: Ask) -> None:
    conversation_id = client.conversations.create().id
    (call,) = calls_of(ask("/call weather {}", tools=TOOLS, conversation=conversation_id))
    second = ask(
        [output(call, "/call news {}")],
        tools=TOOLS,
        conversation=conversation_id,
    )
    assert [call.name for call in calls_of(second)] == ["news"]


def test_calls_and_outputs_stay_in_the_conversation(client: OpenAI, ask: Ask) -> None:
    conversation_id = client.conversations.create().id
    (call,) = calls_of(ask("/call weather {}", tools=TOOLS, conversation=conversation_id))
    ask([output(call, "sunny")], conversation=conversation_id)
    listed = client.conversations.items.list(conversation_id, order="asc").data
    kinds = ["message", "function_call", "function_call_output", "message"]
    assert [item.type for item in listed] == kinds
