"""A v2 run to create -> the background response to create."""

from typing import Any

from assistants_transport import extras
from assistants_transport.body_schema import ANYTHING, NUMBER, FieldTypes, check_fields
from assistants_transport.ids import conversation_id_of
from assistants_transport.translate import formats, tools
from assistants_transport.translate.marks import make_run_mark
from assistants_transport.translate.rounds import extras_of_next_round
from assistants_transport.v2_errors import Json, V2Error, refuse_field, refuse_missing

REFUSED_FIELDS = {
    "stream": "runs are polled",
    "include": "it belongs into the query of a request for run steps",
    "max_prompt_tokens": "responses have no such limit",
}
RUN_FIELD_TYPES: FieldTypes = {
    "assistant_id": str,
    "instructions": str,
    "additional_instructions": str,
    "additional_messages": list,
    "model": str,
    "tools": list,
    "metadata": dict,
    "temperature": NUMBER,
    "top_p": NUMBER,
    "max_completion_tokens": int,
    "response_format": ANYTHING,
    "tool_choice": ANYTHING,
    "parallel_tool_calls": bool,
    "truncation_strategy": dict,
    "reasoning_effort": str,
    **dict.fromkeys(REFUSED_FIELDS, ANYTHING),
}
TRUNCATION_FIELD_TYPES: FieldTypes = {"type": str, "last_messages": ANYTHING}
TOOL_CHOICE_FIELD_TYPES: FieldTypes = {"type": str, "function": dict}
FIELDS_OF_EVERY_RESPONSE: Json = {
    "input": [],  # leaving it out was seen to fail (unverified)
    "background": True,
    "store": True,
    "truncation": "auto",  # as in v2; without it a thread longer than the model's context fails
}
MAX_CACHE_KEY_CHARACTERS = 64
# What runs take of an agent. Another object or list among its fields works in agent sessions only.
CARRIED_AGENT_FIELDS = {"metadata", "tools", "text", "reasoning"}
OFF_VALUES = (None, False, "auto", "default", "disabled")
# the next response of a run repeats these fields of the one before
KEPT_NAMES = (
    "model",
    "instructions",
    "tools",
    "max_output_tokens",
    "parallel_tool_calls",
    "text",
    "reasoning",
)


def check_run(body: Json) -> None:
    """Raises V2Error 400 for a field that is wrong or that today's OpenAI has no place for."""
    check_fields(body, RUN_FIELD_TYPES, "a run")
    if not isinstance(body.get("assistant_id"), str):
        refuse_missing("assistant_id")
    for name, why in REFUSED_FIELDS.items():
        if body.get(name):
            refuse_field(name, why)
    if (strategy := body.get("truncation_strategy")) is not None:
        check_fields(strategy, TRUNCATION_FIELD_TYPES, "a truncation strategy", "truncation_strategy")
        if strategy.get("type") != "auto" or strategy.get("last_messages") is not None:
            refuse_field("truncation_strategy", "only auto is left")


def check_update(body: Json) -> None:
    """Raises V2Error 400 for a field of a run's update other than its metadata."""
    check_fields(body, {"metadata": dict}, "an update of a run")
    extras.check_limits(body.get("metadata") or {})


def needs_thread_extras(body: Json, agent: Json) -> bool:
    """Whether the run's tools look into what the thread has. V2Error 400 as in response_from_run."""
    return not {"file_search", "code_interpreter"}.isdisjoint(_choose_tools(body, agent)[1])


def response_from_run(
    body: Json, agent: Json, conversation_id: str, thread_extras: Json, mark: str | None = None
) -> Json:
    """The checked body of a run and the agent that runs -> the run's first response.

    `thread_extras` are those of the conversation, {} where the tools need none of them. `mark` stands for the
    request's Idempotency-Key.
    Raises V2Error 400 for settings of the run or of the agent that a response cannot carry."""
    agent_tools, agent_extras = _choose_tools(body, agent)
    response_tools = tools.response_tools_from_agent(agent_tools, agent_extras, thread_extras)
    sampling = _merge_sampling(body, agent_extras)
    told = {"assistant": agent["id"], "thread": conversation_id, "sampling": sampling, "request": mark}
    run_extras = {name: value for name, value in told.items() if value}
    optional = {
        "max_output_tokens": body.get("max_completion_tokens"),
        "tool_choice": _tool_choice_from_v2(body.get("tool_choice")),
        "parallel_tool_calls": body.get("parallel_tool_calls"),
        "reasoning": _merge_reasoning(body, agent),
        "text": _merge_text(body, agent, agent_extras),
        "include": tools.includes_of(response_tools),
        "service_tier": None if agent.get("service_tier") == "auto" else agent.get("service_tier"),
    }
    return {
        **FIELDS_OF_EVERY_RESPONSE,
        **({"input": [make_run_mark(mark)]} if mark else {}),
        "model": body.get("model") or agent["model"],
        "conversation": conversation_id,
        "instructions": _merge_instructions(body, agent),
        "tools": response_tools,
        "metadata": extras.pack(run_extras, body.get("metadata")),
        "prompt_cache_key": agent["id"][:MAX_CACHE_KEY_CHARACTERS],
        **sampling,
        **{name: value for name, value in optional.items() if value is not None},
    }


def next_response_from_response(response: Json) -> Json:
    """A response that ended in function calls -> the next one of the same run, with the same settings."""
    metadata, _ = extras.unpack(response.get("metadata"))
    run_extras = extras_of_next_round(response)
    kept = {name: response[name] for name in KEPT_NAMES if response.get(name) is not None}
    optional = {
        "include": tools.includes_of(kept.get("tools") or []),
        "prompt_cache_key": run_extras.get("assistant", "")[:MAX_CACHE_KEY_CHARACTERS] or None,
    }
    return {
        **FIELDS_OF_EVERY_RESPONSE,
        **kept,
        "conversation": conversation_id_of(response),
        "metadata": _pack_rounds(run_extras, metadata),
        **run_extras.get("sampling", {}),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _pack_rounds(run_extras: Json, metadata: Json) -> dict[str, str]:
    """Which rounds wrote messages gives way: it can be found by going through all of them."""
    try:
        return extras.pack(run_extras, metadata)
    except V2Error:
        return extras.pack(run_extras | {"wrote": None}, metadata)


def _choose_tools(body: Json, agent: Json) -> tuple[list[Json], Json]:
    """The run's own tools, or else the agent's, as agent tools; and the agent's extras to go with them."""
    _, agent_extras = extras.unpack(agent.get("metadata"))
    agent_tools = agent.get("tools") or []
    if body.get("tools") is not None:
        agent_tools, own = tools.agent_tools_from_v2(body["tools"])
        agent_extras = {k: v for k, v in agent_extras.items() if k not in tools.TOOL_EXTRAS} | own
    for name in agent.keys() - CARRIED_AGENT_FIELDS:
        if isinstance(agent[name], (dict, list)) and _is_on(agent[name]):
            refuse_field("assistant_id", f"the agent has {name} enabled, which works in agent sessions only")
    return agent_tools, agent_extras


def _is_on(setting: Any) -> bool:
    """Whether a setting of an agent, or anything in it, is other than by default."""
    if isinstance(setting, dict):
        return any(map(_is_on, [setting["enabled"]] if "enabled" in setting else setting.values()))
    return bool(setting) if isinstance(setting, list) else setting not in OFF_VALUES


def _merge_sampling(body: Json, agent_extras: Json) -> Json:
    """temperature and top_p if the run or the assistant sets them: reasoning models refuse them."""
    merged = {
        name: agent_extras.get(name) if body.get(name) is None else body[name]
        for name in ("temperature", "top_p")
    }
    return {name: value for name, value in merged.items() if value is not None}


def _merge_instructions(body: Json, agent: Json) -> str | None:
    own = body.get("instructions")
    parts = (agent.get("instructions") if own is None else own, body.get("additional_instructions"))
    return "\n".join(part for part in parts if part) or None


def _merge_text(body: Json, agent: Json, agent_extras: Json) -> Json | None:
    own = body.get("response_format")
    wanted = own if own is not None else formats.v2_format_from_agent(agent, agent_extras)
    text: Json = {}
    if (text_format := formats.text_format_from_v2(wanted)) is not None:
        text["format"] = text_format
    verbosity = (agent.get("text") or {}).get("verbosity")
    if verbosity not in (None, "medium"):  # older models refuse verbosity, even the default
        text["verbosity"] = verbosity
    return text or None


def _merge_reasoning(body: Json, agent: Json) -> Json | None:
    settings = {name: value for name, value in (agent.get("reasoning") or {}).items() if value is not None}
    if body.get("reasoning_effort"):
        settings["effort"] = body["reasoning_effort"]
    return settings or None


def _tool_choice_from_v2(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    check_fields(choice, TOOL_CHOICE_FIELD_TYPES, "a tool choice", "tool_choice")
    if choice.get("type") != "function":
        return {"type": choice.get("type")}
    name = (choice.get("function") or {}).get("name")
    if not isinstance(name, str):
        refuse_missing("tool_choice.function.name")
    return {"type": "function", "name": name}
