"""Runs: v2 run <-> background response. One that ended in function calls is a run that requires action."""

from typing import Any

from assistants_transport import carry, fields, messages, pages, threads, tools
from assistants_transport.assistants import response_format
from assistants_transport.call import ENDED, Call, conversation_of
from assistants_transport.errors import Json, UpstreamError, V2Error, refuse_field
from assistants_transport.ids import to_upstream, to_v2
from assistants_transport.openai_api import OpenAIApi

FIELDS: fields.Types = {
    "assistant_id": str,
    "instructions": str,
    "additional_instructions": str,
    "additional_messages": list,
    "model": str,
    "tools": list,
    "metadata": dict,
    "temperature": fields.NUMBER,
    "top_p": fields.NUMBER,
    "max_completion_tokens": int,
    "response_format": fields.ANYTHING,
    "tool_choice": fields.ANYTHING,
    "parallel_tool_calls": bool,
    "truncation_strategy": dict,
    "reasoning_effort": str,
    "stream": fields.ANYTHING,
    "include": fields.ANYTHING,
    "max_prompt_tokens": fields.ANYTHING,
}
OUTPUTS_FIELDS: fields.Types = {"tool_outputs": list, "stream": fields.ANYTHING}
OUTPUT_FIELDS: fields.Types = {"tool_call_id": str, "output": str}
TRUNCATION_FIELDS: fields.Types = {"type": str, "last_messages": fields.ANYTHING}
TOOL_CHOICE_FIELDS: fields.Types = {"type": str, "function": dict}
CANCELLED_OUTPUT = "The run was cancelled before this call was answered."
V2_ERROR_CODES = ("server_error", "rate_limit_exceeded", "invalid_prompt")
INCOMPLETE_REASONS = {"max_output_tokens": "max_completion_tokens"}


# ---------------------------------------------------------------- operations


def create(call: Call) -> Json:
    """One request once the assistant is known, one more for additional messages."""
    _check(call.body)
    conversation_id = to_upstream(call.ids["thread_id"])
    additional = messages.to_items(call.body.get("additional_messages"), "additional_messages")
    agent = call.memory.agents.load(call.api, to_upstream(call.body["assistant_id"]))
    request = to_response(
        call.body, agent, conversation_id, lambda: threads.vector_stores(call.api, conversation_id)
    )
    return _add_and_start(call, additional, request)


def retrieve(call: Call) -> Json:
    response = _own(call, call.ids["run_id"])
    return _shown(call, response, _outputs_in_thread(call.api, response))


def cancel(call: Call) -> Json:
    """A run that waits for outputs is cancelled by answering its calls: unanswered, they block the thread."""
    response = _own(call, call.ids["run_id"])
    if response["status"] not in ENDED:
        return _shown(call, call.api.post(f"/responses/{response['id']}/cancel"))
    outputs = _outputs_in_thread(call.api, response)
    pending = [one["call_id"] for one in pending_calls(response, outputs)]
    if not pending:
        raise V2Error(400, f"Cannot cancel run with status '{to_run(response, outputs)['status']}'.")
    answered = [_output(call_id, CANCELLED_OUTPUT) for call_id in pending]
    messages.add_items(call.api, conversation_of(response), answered)
    return _shown(call, response, outputs | dict.fromkeys(pending, CANCELLED_OUTPUT))


def submit_tool_outputs(call: Call) -> Json:
    """All outstanding outputs start the next response, whose id the run has from then on; some of them are
    kept in the thread while the run goes on waiting for the others."""
    fields.check(call.body, OUTPUTS_FIELDS, "a submission of tool outputs")
    if call.body.get("stream"):
        refuse_field("stream", "runs are polled")
    response = _own(call, call.ids["run_id"])
    known = _outputs_in_thread(call.api, response)
    pending = [one["call_id"] for one in pending_calls(response, known)]
    if not pending:
        raise V2Error(
            400, f"Runs in status '{to_run(response, known)['status']}' do not accept tool outputs."
        )
    outputs = _checked_outputs(call.body.get("tool_outputs"), pending)
    if len(outputs) == len(pending):
        return _add_and_start(call, outputs, _following(response))
    messages.add_items(call.api, conversation_of(response), outputs)
    return _shown(call, response, known | {one["call_id"]: one["output"] for one in outputs})


def list_messages(call: Call) -> Json:
    """The messages that one run wrote, as its response has them."""
    run_id, thread_id = call.query["run_id"], call.ids["thread_id"]
    response = call.memory.responses.ended(to_upstream(run_id)) or _own(call, run_id)
    _require_thread(response, thread_id, run_id)
    written = [
        messages.to_message(item, thread_id, run_id, _assistant_id(response))
        for item in response["output"]
        if messages.is_message(item)
    ]
    return pages.v2_list(*pages.cut(written, call.query))


# ---------------------------------------------------------------- translation


def to_response(body: Json, agent: Json, conversation_id: str, thread_stores: Any) -> Json:
    """A v2 run to create, and its agent -> the response to create; only file_search asks for the stores."""
    _, extras = carry.unpack(agent.get("metadata"))
    agent_tools = agent.get("tools") or []
    if body.get("tools") is not None:
        agent_tools, changed = tools.to_agent_tools(body["tools"])
        extras = {k: v for k, v in extras.items() if k not in ("strict", "file_search")} | changed
    if (agent.get("multi_agent") or {}).get("enabled"):
        refuse_field("assistant_id", "the agent has multi_agent enabled, which works in agent sessions only")
    stores = [*extras.get("vector_stores", []), *thread_stores()] if "file_search" in extras else []
    instructions = agent.get("instructions") if body.get("instructions") is None else body["instructions"]
    sampling = {
        name: value
        for name in ("temperature", "top_p")
        if (value := body[name] if body.get(name) is not None else extras.get(name)) is not None
    }
    optional = {
        "max_output_tokens": body.get("max_completion_tokens"),
        "tool_choice": _tool_choice(body.get("tool_choice")),
        "parallel_tool_calls": body.get("parallel_tool_calls"),
        "reasoning": _reasoning(body, agent),
        "text": _text(body, agent, extras),
        "service_tier": None if agent.get("service_tier") == "auto" else agent.get("service_tier"),
    }
    return {
        "model": body.get("model") or agent["model"],
        "conversation": conversation_id,
        "input": [],  # leaving it out was seen to fail (unverified)
        "instructions": "\n".join(
            part for part in (instructions, body.get("additional_instructions")) if part
        )
        or None,
        "tools": tools.to_response_tools(agent_tools, extras, list(dict.fromkeys(stores))),
        "background": True,
        "store": True,
        "truncation": "auto",  # as v2 did: without it a long thread dies of its context's length
        "metadata": carry.pack(
            {"assistant": agent["id"]} | ({"sampling": sampling} if sampling else {}), body.get("metadata")
        ),
        **sampling,  # reasoning models refuse them: only what was given
        **{name: value for name, value in optional.items() if value is not None},
    }


def to_run(response: Json, outputs: dict[str, str] | None = None) -> Json:
    """A response -> the v2 run; `outputs` are those that its function calls have got, by call id."""
    metadata, _ = carry.unpack(response.get("metadata"))
    pending = pending_calls(response, outputs or {})
    status = _status(response, pending, outputs or {})
    ended = int(response["completed_at"]) if response.get("completed_at") else None
    return {
        "id": to_v2(response["id"]),
        "object": "thread.run",
        "created_at": int(response["created_at"]),
        "thread_id": to_v2(conversation_of(response)),
        "assistant_id": _assistant_id(response),
        "status": status,
        "required_action": _required_action(pending) if status == "requires_action" else None,
        "last_error": _last_error(response) if status == "failed" else None,
        "expires_at": None,
        "started_at": None,
        "cancelled_at": None,
        "failed_at": None,
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
        "max_prompt_tokens": None,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "response_format": tools.from_response_format(response.get("text")),
        "tool_choice": _v2_tool_choice(response.get("tool_choice")),
        "parallel_tool_calls": response.get("parallel_tool_calls") is not False,
    }


def pending_calls(response: Json, outputs: dict[str, str]) -> list[Json]:
    """The function calls that a completed response ended in, less those that have an output."""
    if response["status"] != "completed":
        return []
    calls = [item for item in response["output"] if item["type"] == "function_call"]
    return [call for call in calls if call["call_id"] not in outputs]


def _status(response: Json, pending: list[Json], outputs: dict[str, str]) -> str:
    if not isinstance(response["status"], str):
        raise TypeError("a response without a status")
    if pending:
        return "requires_action"
    return "cancelled" if CANCELLED_OUTPUT in outputs.values() else response["status"]


def _add_and_start(call: Call, items: list[Json], request: Json) -> Json:
    """Adds the items first: as the response's input they would be lost with a response that fails. They are
    taken back where it is refused, so that a repeated call does not double them."""
    conversation_id = str(request["conversation"])
    added = messages.add_items(call.api, conversation_id, items)
    try:
        return _shown(call, call.api.post("/responses", request))
    except (V2Error, UpstreamError):
        messages.take_back(call.api, conversation_id, added)
        raise


def _shown(call: Call, response: Json, outputs: dict[str, str] | None = None) -> Json:
    run = to_run(response, outputs)
    call.memory.responses.learn(response, waits=run["status"] == "requires_action")
    return run


def _own(call: Call, run_id: str) -> Json:
    response = call.api.get(f"/responses/{to_upstream(run_id)}")
    if not isinstance(response["status"], str):
        raise TypeError("no response")  # not the caller's mistake: the answer is nonsense
    _require_thread(response, call.ids["thread_id"], run_id)
    return response


def _require_thread(response: Json, thread_id: str, run_id: str) -> None:
    """A run is shown only under its own thread."""
    if conversation_of(response) != to_upstream(thread_id):
        raise V2Error(404, f"No run found with id '{run_id}' in thread '{thread_id}'.")


def _outputs_in_thread(api: OpenAIApi, response: Json) -> dict[str, str]:
    """The outputs that the response's calls have got, read backwards from the thread's end to the calls."""
    calls = {call["call_id"] for call in pending_calls(response, {})}
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


def _output(call_id: str, output: str) -> Json:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def _checked_outputs(given: object, expected: list[str]) -> list[Json]:
    if not isinstance(given, list) or not given:
        raise V2Error(400, "Missing required parameter: 'tool_outputs'.", param="tool_outputs")
    outputs: dict[str, Json] = {}
    for place, one in enumerate(given):
        param = f"tool_outputs[{place}]"
        call_id = fields.check(one, OUTPUT_FIELDS, "a tool output", param).get("tool_call_id")
        if call_id not in expected or call_id in outputs:
            raise V2Error(
                400,
                f"Expected tool outputs for call_ids {expected}, each once; {param} is for {call_id!r}.",
                param=f"{param}.tool_call_id",
            )
        if not isinstance(one.get("output"), str):
            raise V2Error(400, f"Invalid '{param}.output': text is wanted.", param=f"{param}.output")
        outputs[call_id] = _output(call_id, one["output"])
    return list(outputs.values())


def _following(response: Json) -> Json:
    """The next response of the same run, with the same settings."""
    metadata, extras = carry.unpack(response.get("metadata"))
    kept = ("model", "instructions", "tools", "max_output_tokens", "parallel_tool_calls", "text", "reasoning")
    return {name: response[name] for name in kept if response.get(name) is not None} | {
        "conversation": conversation_of(response),
        "input": [],
        "background": True,
        "store": True,
        "truncation": "auto",
        "metadata": carry.pack(extras, metadata),
        **extras.get("sampling", {}),
    }


def _text(body: Json, agent: Json, extras: Json) -> Json | None:
    own = body.get("response_format")
    wanted = own if own is not None else response_format(agent, extras)
    text: Json = {}
    if (text_format := tools.to_response_format(wanted)) is not None:
        text["format"] = text_format
    verbosity = (agent.get("text") or {}).get("verbosity")
    if verbosity not in (None, "medium"):  # the default, which older models do not accept in words
        text["verbosity"] = verbosity
    return text or None


def _reasoning(body: Json, agent: Json) -> Json | None:
    settings = {name: value for name, value in (agent.get("reasoning") or {}).items() if value is not None}
    if body.get("reasoning_effort"):
        settings["effort"] = body["reasoning_effort"]
    return settings or None


def _tool_choice(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    fields.check(choice, TOOL_CHOICE_FIELDS, "a tool choice", "tool_choice")
    if choice.get("type") != "function":
        return {"type": choice.get("type")}
    name = (choice.get("function") or {}).get("name")
    if not isinstance(name, str):
        raise V2Error(
            400, "Missing required parameter: 'tool_choice.function.name'.", param="tool_choice.function.name"
        )
    return {"type": "function", "name": name}


def _v2_tool_choice(choice: Any) -> Any:
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    if isinstance(choice, dict) and choice.get("type") == "file_search":
        return {"type": "file_search"}
    return choice if choice in ("none", "auto", "required") else "auto"


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
    return (
        {"code": code, "message": message}
        if code in V2_ERROR_CODES
        else {"code": "server_error", "message": f"{code}: {message}"}
    )


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


def _assistant_id(response: Json) -> str:
    _, extras = carry.unpack(response.get("metadata"))
    return to_v2(str(extras.get("assistant", "")))


def _check(body: Json) -> None:
    fields.check(body, FIELDS, "a run")
    if not isinstance(body.get("assistant_id"), str):
        raise V2Error(400, "Missing required parameter: 'assistant_id'.", param="assistant_id")
    for name, why in (
        ("stream", "runs are polled"),
        ("include", "there are no run steps"),
        ("max_prompt_tokens", "responses have no such limit"),
    ):
        if body.get(name):
            refuse_field(name, why)
    if (strategy := body.get("truncation_strategy")) is not None:
        fields.check(strategy, TRUNCATION_FIELDS, "a truncation strategy", "truncation_strategy")
        if strategy.get("type") != "auto" or strategy.get("last_messages") is not None:
            refuse_field("truncation_strategy", "only auto is left")
