"""A response -> the v2 run. One that ended in function calls is a run that requires action."""

from typing import Any

from assistants_transport import extras as carry
from assistants_transport.ids import to_v2
from assistants_transport.request import conversation_of
from assistants_transport.translate import formats, tool_outputs, tools
from assistants_transport.v2_errors import Json

NOT_TOLD: Json = {
    "expires_at": None,
    "started_at": None,
    "cancelled_at": None,
    "failed_at": None,
    "max_prompt_tokens": None,
    "truncation_strategy": {"type": "auto", "last_messages": None},
}
V2_ERROR_CODES = ("server_error", "rate_limit_exceeded", "invalid_prompt")
INCOMPLETE_REASONS = {"max_output_tokens": "max_completion_tokens"}


def to_run(response: Json, outputs: dict[str, str] | None = None) -> Json:
    """`outputs` are those that the response's function calls have got, by call id."""
    metadata, _ = carry.unpack(response.get("metadata"))
    pending = tool_outputs.pending(response, outputs or {})
    status = _status(response, pending, outputs or {})
    ended = int(response["completed_at"]) if response.get("completed_at") else None
    return {
        **NOT_TOLD,
        "id": to_v2(response["id"]),
        "object": "thread.run",
        "created_at": int(response["created_at"]),
        "thread_id": to_v2(conversation_of(response)),
        "assistant_id": assistant_id(response),
        "status": status,
        "required_action": _required_action(pending) if status == "requires_action" else None,
        "last_error": _last_error(response) if status == "failed" else None,
        "completed_at": ended if status == "completed" else None,
        "incomplete_details": _incomplete_details(response),
        "model": response["model"],
        "instructions": response["instructions"] if isinstance(response.get("instructions"), str) else "",
        "tools": tools.from_response_tools(response.get("tools") or []),
        "metadata": metadata,
        "usage": _usage(response.get("usage")),
        "temperature": response.get("temperature"),
        "top_p": response.get("top_p"),
        "max_completion_tokens": response.get("max_output_tokens"),
        "response_format": formats.from_response(response.get("text")),
        "tool_choice": _tool_choice(response.get("tool_choice")),
        "parallel_tool_calls": response.get("parallel_tool_calls") is not False,
    }


def assistant_id(response: Json) -> str:
    """Empty where another program made the response."""
    _, extras = carry.unpack(response.get("metadata"))
    return to_v2(str(extras.get("assistant", "")))


def _status(response: Json, pending: list[Json], outputs: dict[str, str]) -> str:
    if not isinstance(response["status"], str):
        raise TypeError("a response without a status")
    if pending:
        return "requires_action"
    return "cancelled" if tool_outputs.CANCELLED in outputs.values() else response["status"]


def _required_action(pending: list[Json]) -> Json:
    calls = [
        {
            "id": call["call_id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": call["arguments"]},
        }
        for call in pending
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}


def _last_error(response: Json) -> Json:
    error = response.get("error") or {}
    code, message = error.get("code") or "server_error", error.get("message") or "the response failed"
    if code in V2_ERROR_CODES:
        return {"code": code, "message": message}
    return {"code": "server_error", "message": f"{code}: {message}"}


def _incomplete_details(response: Json) -> Json | None:
    if response["status"] != "incomplete":
        return None
    reason = (response.get("incomplete_details") or {}).get("reason")
    return {"reason": INCOMPLETE_REASONS.get(str(reason), reason)}


def _usage(usage: Json | None) -> Json | None:
    if not usage:
        return None
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    if isinstance(choice, dict) and choice.get("type") == "file_search":
        return {"type": "file_search"}
    return choice if choice in ("none", "auto", "required") else "auto"
