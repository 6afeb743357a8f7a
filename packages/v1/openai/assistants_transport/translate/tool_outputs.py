"""Tool outputs: which function calls of a response have got theirs, and which are still waited for."""

from assistants_transport import body_schema as fields
from assistants_transport import pages
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.request import conversation_of
from assistants_transport.v2_errors import Json, V2Error, refuse_missing, refuse_value

FIELDS: fields.Types = {"tool_call_id": str, "output": str}
CANCELLED = "The run was cancelled before this call was answered."


def pending(response: Json, outputs: dict[str, str]) -> list[Json]:
    """The function calls that a completed response ended in, less those that have an output."""
    if response["status"] != "completed":
        return []
    calls = [item for item in response["output"] if item["type"] == "function_call"]
    return [call for call in calls if call["call_id"] not in outputs]


def in_thread(api: OpenAIApi, response: Json) -> dict[str, str]:
    """The outputs by call id, read backwards from the thread's end to the response's calls."""
    calls = {call["call_id"] for call in pending(response, {})}
    unseen, outputs = set(calls), {}
    path = f"/conversations/{conversation_of(response)}/items"
    for item in pages.every(api, path, "desc") if calls else ():
        if item["type"] == "function_call_output" and item.get("call_id") in calls:
            outputs[item["call_id"]] = item["output"]
        elif item["type"] == "function_call":
            unseen.discard(item["call_id"])
        if not unseen:
            break
    return outputs


def to_items(given: object, expected: list[str]) -> list[Json]:
    """v2 tool outputs -> items, one for each call; V2Error 400 names one that is of no expected call."""
    if not isinstance(given, list) or not given:
        refuse_missing("tool_outputs")
    items: dict[str, Json] = {}
    for place, one in enumerate(given):
        param = f"tool_outputs[{place}]"
        call_id = fields.check(one, FIELDS, "a tool output", param).get("tool_call_id")
        if call_id not in expected or call_id in items:
            raise V2Error(
                400,
                f"Expected tool outputs for call_ids {expected}, each once; {param} is for {call_id!r}.",
                param=f"{param}.tool_call_id",
            )
        if not isinstance(one.get("output"), str):
            refuse_value(f"{param}.output", "text is wanted")
        items[call_id] = to_item(call_id, one["output"])
    return list(items.values())


def to_item(call_id: str, output: str) -> Json:
    return {"type": "function_call_output", "call_id": call_id, "output": output}
