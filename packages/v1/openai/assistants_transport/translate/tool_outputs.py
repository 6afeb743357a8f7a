"""v2 tool outputs -> items of a conversation; and which calls of a response still wait for an output."""

from assistants_transport.body_schema import FieldTypes, check_fields
from assistants_transport.v2_errors import Json, V2Error, refuse_missing

SUBMISSION_FIELD_TYPES: FieldTypes = {"tool_outputs": list, "stream": bool}
OUTPUT_FIELD_TYPES: FieldTypes = {"tool_call_id": str, "output": str}
# This output of a call marks its run as cancelled.
CANCELLED_OUTPUT = "The run was cancelled before this call was answered."


def check_submission(body: Json) -> None:
    """Raises V2Error 400 for a field that is unknown or of another type."""
    check_fields(body, SUBMISSION_FIELD_TYPES, "a submission of tool outputs")


def pending_calls(response: Json, outputs: dict[str, str]) -> list[Json]:
    """The function calls that a completed response ended in and that have no output yet."""
    if response["status"] != "completed":
        return []
    calls = [item for item in response["output"] if item["type"] == "function_call"]
    return [call for call in calls if call["call_id"] not in outputs]


def pending_call_ids(response: Json, outputs: dict[str, str]) -> list[str]:
    return [call["call_id"] for call in pending_calls(response, outputs)]


def items_from_outputs(given: object, expected_ids: list[str]) -> list[Json]:
    """v2 tool outputs -> items, at most one for each expected call.

    Raises V2Error 400 for no outputs, and for an output that is wrong, doubled or of no expected call."""
    if not isinstance(given, list) or not given:
        refuse_missing("tool_outputs")
    items: dict[str, Json] = {}
    expected = set(expected_ids)
    for index, one in enumerate(given):
        param = f"tool_outputs[{index}]"
        call_id = check_fields(one, OUTPUT_FIELD_TYPES, "a tool output", param).get("tool_call_id")
        if call_id not in expected or call_id in items:
            raise V2Error(
                400,
                f"Expected tool outputs for call_ids {expected_ids}, each once; {param} is for {call_id!r}.",
                param=f"{param}.tool_call_id",
            )
        items[call_id] = item_from_output(call_id, one.get("output") or "")
    return list(items.values())


def item_from_output(call_id: str, output: str) -> Json:
    return {"type": "function_call_output", "call_id": call_id, "output": output}
