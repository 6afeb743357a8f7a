"""A response -> the v2 run. A response that ended in function calls is a run that requires action."""

from typing import TYPE_CHECKING, Any

from assistants_transport import extras
from assistants_transport.ids import conversation_id_of, to_v2_id
from assistants_transport.translate import formats, rounds, tools
from assistants_transport.translate.tool_outputs import CANCELLED_OUTPUT, pending_calls
from assistants_transport.v2_errors import Json

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

V2_ERROR_CODES = ("server_error", "rate_limit_exceeded", "invalid_prompt")
V2_INCOMPLETE_REASONS = {"max_output_tokens": "max_completion_tokens"}


def run_from_response(response: Json, outputs: dict[str, str]) -> "v2.Run":
    """`outputs` are those that the response's function calls have got so far, by call id."""
    metadata, _ = extras.unpack(response.get("metadata"))
    pending = pending_calls(response, outputs)
    status = _choose_status(response, pending, outputs)
    ended_at = int(response["completed_at"]) if response.get("completed_at") else None
    return {
        "id": rounds.run_id_of(response),
        "object": "thread.run",
        "created_at": rounds.created_at_of(response),
        "thread_id": to_v2_id(conversation_id_of(response)),
        "assistant_id": assistant_id_of(response),
        "status": status,
        "required_action": _required_action_from_calls(pending) if status == "requires_action" else None,
        "last_error": _last_error_from_response(response) if status == "failed" else None,
        "expires_at": None,
        "started_at": None if response["status"] == "queued" else int(response["created_at"]),
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": ended_at if status == "completed" else None,
        "incomplete_details": _incomplete_details_from_response(response),
        "model": response["model"],
        "instructions": response["instructions"] if isinstance(response.get("instructions"), str) else "",
        "tools": tools.v2_tools_from_response(response.get("tools") or []),
        "metadata": metadata,
        "usage": _v2_usage_from_upstream(rounds.usage_of(response)),
        "temperature": response.get("temperature"),
        "top_p": response.get("top_p"),
        "max_prompt_tokens": None,
        "max_completion_tokens": response.get("max_output_tokens"),
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "response_format": formats.v2_format_from_response(response.get("text")),
        "tool_choice": _v2_tool_choice_from_response(response.get("tool_choice")),
        "parallel_tool_calls": response.get("parallel_tool_calls") is not False,
    }


def assistant_id_of(response: Json) -> str:
    """The id of the assistant that ran; empty if another program made the response."""
    return to_v2_id(str(rounds.read_run_extras(response).get("assistant", "")))


def _choose_status(response: Json, pending: list[Json], outputs: dict[str, str]) -> str:
    if not isinstance(response["status"], str):
        raise TypeError("a response without a status")  # the transport makes a DecodingError of it
    if pending:
        return "requires_action"
    return "cancelled" if CANCELLED_OUTPUT in outputs.values() else response["status"]


def _required_action_from_calls(calls: list[Json]) -> "v2.RequiredAction":
    return {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {
            "tool_calls": [
                {
                    "id": call["call_id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                }
                for call in calls
            ]
        },
    }


def _last_error_from_response(response: Json) -> "v2.LastError":
    error = response.get("error") or {}
    code, message = error.get("code") or "server_error", error.get("message") or "the response failed"
    if code in V2_ERROR_CODES:
        return {"code": code, "message": message}
    return {"code": "server_error", "message": f"{code}: {message}"}


def _incomplete_details_from_response(response: Json) -> "v2.IncompleteDetails | None":
    if response["status"] != "incomplete":
        return None
    reason = (response.get("incomplete_details") or {}).get("reason")
    return {"reason": V2_INCOMPLETE_REASONS.get(str(reason), reason)}


def _v2_usage_from_upstream(usage: Json | None) -> "v2.Usage | None":
    if not usage:
        return None
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }


def _v2_tool_choice_from_response(choice: Any) -> "v2.ToolChoice":
    """What v2 cannot say is shown as "auto"."""
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    if isinstance(choice, dict) and choice.get("type") in ("file_search", "code_interpreter"):
        return {"type": choice["type"]}
    return choice if choice in ("none", "auto", "required") else "auto"
