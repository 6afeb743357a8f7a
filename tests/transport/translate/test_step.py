"""Steps of a run are made from its response's output."""

from typing import Any

import pytest
from openai.types.beta.threads.runs import RunStep

from assistants_transport.translate.step import steps_from_response
from assistants_transport.translate.tool_outputs import CANCELLED_OUTPUT
from tests.transport.fakes import make_message, make_response

BEGAN, NOW = 1_780_000_000, 1_780_000_100
IN_TIME = f"{'0' * 18}{BEGAN + 7:x}"


def call(number: int, **changes: Any) -> dict[str, Any]:
    made = {"id": f"fc_{number}", "type": "function_call", "call_id": f"call_{number}", "name": "f"}
    return made | {"arguments": "{}", "status": "completed"} | changes


SEARCH: dict[str, Any] = {
    "id": "fs_1",
    "type": "file_search_call",
    "status": "completed",
    "queries": ["q"],
    "results": [{"file_id": "file-1", "filename": "a.txt", "score": 0.5, "text": "found"}],
}
CODE: dict[str, Any] = {
    "id": f"ci_{IN_TIME}",
    "type": "code_interpreter_call",
    "status": "completed",
    "code": "print(1)",
    "container_id": "c",
    "outputs": [{"type": "logs", "logs": "1"}, {"type": "image", "url": "https://x/a.png"}],
}


def steps(
    *output: Any, outputs: dict[str, str] | None = None, with_results: bool = False, **response: Any
) -> list[RunStep]:
    made = make_response(created_at=float(BEGAN), output=list(output), **response)
    found = steps_from_response(made, "run_1", "thread_1", "asst_1", outputs or {}, with_results, NOW)
    return [RunStep.model_validate(dict(one), strict=True) for one in found]


def test_each_message_and_each_tool_is_a_step_in_the_order_of_the_output() -> None:
    found = steps(
        {"id": "rs_1", "type": "reasoning"},
        make_message(1, phase="commentary"),
        SEARCH,
        CODE,
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
        make_message(2, phase="final_answer"),
    )
    assert [(one.id, one.type, one.status) for one in found] == [
        ("step_1", "tool_calls", "completed"),
        (f"step_{IN_TIME}", "tool_calls", "completed"),
        ("step_2", "message_creation", "completed"),
    ]
    assert [one.created_at for one in found] == [BEGAN, BEGAN + 7, BEGAN]
    first = found[0].to_dict()
    assert (first["run_id"], first["thread_id"], first["assistant_id"]) == ("run_1", "thread_1", "asst_1")
    assert found[2].step_details.to_dict() == {
        "type": "message_creation",
        "message_creation": {"message_id": "msg_2"},
    }


def test_what_a_file_search_found_is_told_where_it_is_asked_for() -> None:
    shown: list[Any] = [steps(SEARCH, with_results=wanted)[0].step_details for wanted in (False, True)]
    assert [one.tool_calls[0].file_search.to_dict() for one in shown] == [
        {},
        {
            "results": [
                {
                    "file_id": "file-1",
                    "file_name": "a.txt",
                    "score": 0.5,
                    "content": [{"type": "text", "text": "found"}],
                }
            ]
        },
    ]


def test_code_is_shown_with_what_it_put_out() -> None:
    details: Any = steps(CODE)[0].step_details
    assert details.tool_calls[0].code_interpreter.to_dict() == {
        "input": "print(1)",
        "outputs": [
            {"type": "logs", "logs": "1"},
            {"type": "image", "image": {"file_id": "", "url": "https://x/a.png"}},
        ],
    }
    bare: Any = steps(CODE | {"code": None, "outputs": None})[0].step_details
    assert bare.tool_calls[0].code_interpreter.to_dict() == {"input": "", "outputs": []}


@pytest.mark.parametrize(
    ("outputs", "status", "told"),
    [
        ({}, "in_progress", [None, None]),
        ({"call_1": "x"}, "in_progress", ["x", None]),
        ({"call_1": "x", "call_2": ""}, "completed", ["x", ""]),
        ({"call_1": "x", "call_2": CANCELLED_OUTPUT}, "cancelled", ["x", None]),
    ],
)
def test_calls_side_by_side_are_one_step_that_waits(
    outputs: dict[str, str], status: str, told: list[str | None]
) -> None:
    found = steps(call(1), {"id": "rs_1", "type": "reasoning"}, call(2), make_message(3), outputs=outputs)
    assert [one.type for one in found] == ["tool_calls", "message_creation"]
    assert found[0].status == status
    details: Any = found[0].step_details
    assert [(one.id, one.function.output) for one in details.tool_calls] == [
        ("call_1", told[0]),
        ("call_2", told[1]),
    ]


@pytest.mark.parametrize(
    ("item", "response", "told"),
    [
        ("in_progress", "in_progress", "in_progress"),
        ("completed", "in_progress", "completed"),
        ("incomplete", "incomplete", "completed"),
        ("incomplete", "cancelled", "cancelled"),
        ("in_progress", "failed", "failed"),
        ("failed", "completed", "failed"),
        (None, "completed", "completed"),
        ("searching", "queued", "in_progress"),
    ],
)
def test_a_step_has_one_of_v2s_statuses(item: str | None, response: str, told: str) -> None:
    [found] = steps(SEARCH | {"status": item}, status=response)
    assert found.status == told


def test_a_call_of_a_run_that_ended_otherwise_waits_no_more() -> None:
    assert [steps(call(1), status=one)[0].status for one in ("cancelled", "failed")] == [
        "cancelled",
        "failed",
    ]


def test_a_call_without_an_id_is_told_by_its_call() -> None:
    assert steps({key: value for key, value in call(1).items() if key != "id"})[0].id == "step_1"
