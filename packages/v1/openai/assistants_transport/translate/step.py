"""A response's output -> the steps of its run: a message each, and the calls of tools."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from assistants_transport.ids import read_time
from assistants_transport.translate.message import is_message
from assistants_transport.translate.tool_outputs import CANCELLED_OUTPUT
from assistants_transport.v2_errors import Json

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

TOOL_CALL_ITEMS = ("function_call", "file_search_call", "code_interpreter_call")
# of a step that did not say how it ended itself, by the status of its response; else it goes on
STEP_STATUSES = {
    "completed": "completed",
    "incomplete": "completed",
    "cancelled": "cancelled",
    "failed": "failed",
}


def steps_from_response(
    response: Json,
    run_id: str,
    thread_id: str,
    assistant_id: str,
    outputs: dict[str, str],
    with_results: bool,
    now: int,
) -> "list[v2.Step]":
    """The steps in the order of the output. Items that v2 did not know, such as reasoning, are no steps.

    `outputs` are those of the function calls by call id; `with_results`: file searches show what they found.
    `now` is in Unix seconds."""
    began_at = int(response["created_at"])
    ended_at = int(response.get("completed_at") or began_at)
    steps: list[v2.Step] = []
    for items in _group_items(response["output"]):
        first_id = items[0].get("id") or items[0]["call_id"]
        created_at = read_time(first_id, began_at, now) or began_at
        status = _choose_status(items, response, outputs)
        details = _details_from_items(items, outputs, with_results)
        step: v2.Step = {
            "id": f"step_{first_id.partition('_')[2] or first_id}",
            "object": "thread.run.step",
            "created_at": created_at,
            "run_id": run_id,
            "thread_id": thread_id,
            "assistant_id": assistant_id,
            "type": details["type"],
            "status": status,
            "step_details": details,
            "last_error": None,
            "expired_at": None,
            "cancelled_at": None,
            "failed_at": None,
            "completed_at": max(created_at, ended_at) if status == "completed" else None,
            "metadata": {},
            "usage": None,
        }
        steps.append(step)
    return steps


def _group_items(output: list[Json]) -> Iterator[list[Json]]:
    """The items of one step each: function calls side by side are one step, as they wait together."""
    shown = [item for item in output if item["type"] in TOOL_CALL_ITEMS or is_message(item)]
    for is_function, items in groupby(shown, lambda item: item["type"] == "function_call"):
        together = list(items)
        yield from [together] if is_function else [[item] for item in together]


def _choose_status(items: list[Json], response: Json, outputs: dict[str, str]) -> Any:
    """One of v2's statuses. A function call goes on until it has its output."""
    statuses = {item.get("status") for item in items}
    calls = [item["call_id"] for item in items if item["type"] == "function_call"]
    if CANCELLED_OUTPUT in (outputs.get(call_id) for call_id in calls):
        return "cancelled"
    if calls and all(call_id in outputs for call_id in calls):
        return "completed"
    if calls and response["status"] == "completed":
        return "in_progress"
    if not calls and statuses in ({"completed"}, {"failed"}):
        return statuses.pop()
    return STEP_STATUSES.get(response["status"], "in_progress")


def _details_from_items(
    items: list[Json], outputs: dict[str, str], with_results: bool
) -> "v2.MessageCreation | v2.StepToolCalls":
    if items[0]["type"] == "message":
        return {"type": "message_creation", "message_creation": {"message_id": items[0]["id"]}}
    calls = [_tool_call_from_item(item, outputs, with_results) for item in items]
    return {"type": "tool_calls", "tool_calls": calls}


def _tool_call_from_item(item: Json, outputs: dict[str, str], with_results: bool) -> "v2.StepToolCall":
    if item["type"] == "function_call":
        output = outputs.get(item["call_id"])
        return {
            "id": item["call_id"],
            "type": "function",
            "function": {
                "name": item["name"],
                "arguments": item["arguments"],
                "output": None if output == CANCELLED_OUTPUT else output,
            },
        }
    if item["type"] == "file_search_call":
        found = {"results": [_v2_result(one) for one in item.get("results") or []]} if with_results else {}
        return {"id": item["id"], "type": "file_search", "file_search": found}
    return {
        "id": item["id"],
        "type": "code_interpreter",
        "code_interpreter": {
            "input": item.get("code") or "",
            "outputs": [_v2_output(one) for one in item.get("outputs") or []],
        },
    }


def _v2_result(result: Json) -> Json:
    return {
        "file_id": result.get("file_id") or "",
        "file_name": result.get("filename") or "",
        "score": result.get("score") or 0.0,
        "content": [{"type": "text", "text": result.get("text") or ""}],
    }


def _v2_output(output: Json) -> Json:
    """Today's images have an address in place of a file, and v2 requires the id of one."""
    if output["type"] == "logs":
        return {"type": "logs", "logs": output["logs"]}
    return {"type": "image", "image": {"file_id": output.get("file_id") or "", "url": output.get("url")}}
