"""A v2 run to create -> the background response to create."""

from collections.abc import Callable
from typing import Any

from assistants_transport import body_schema as fields
from assistants_transport import extras as carry
from assistants_transport.request import conversation_of
from assistants_transport.translate import formats, tools
from assistants_transport.v2_errors import Json, refuse_field, refuse_missing

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
REFUSED = {
    "stream": "runs are polled",
    "include": "there are no run steps",
    "max_prompt_tokens": "responses have no such limit",
}
TRUNCATION_FIELDS: fields.Types = {"type": str, "last_messages": fields.ANYTHING}
TOOL_CHOICE_FIELDS: fields.Types = {"type": str, "function": dict}
OF_EVERY_RUN: Json = {
    "input": [],  # leaving it out was seen to fail (unverified)
    "background": True,
    "store": True,
    "truncation": "auto",  # as v2 did: without it a long thread dies of its context's length
}
KEPT = ("model", "instructions", "tools", "max_output_tokens", "parallel_tool_calls", "text", "reasoning")


def check(body: Json) -> None:
    """V2Error 400 names what cannot be carried."""
    fields.check(body, FIELDS, "a run")
    if not isinstance(body.get("assistant_id"), str):
        refuse_missing("assistant_id")
    for name, why in REFUSED.items():
        if body.get(name):
            refuse_field(name, why)
    if (strategy := body.get("truncation_strategy")) is not None:
        fields.check(strategy, TRUNCATION_FIELDS, "a truncation strategy", "truncation_strategy")
        if strategy.get("type") != "auto" or strategy.get("last_messages") is not None:
            refuse_field("truncation_strategy", "only auto is left")


def to_response(
    body: Json, agent: Json, conversation_id: str, thread_stores: Callable[[], list[str]]
) -> Json:
    """The first response of a run of this agent; only file_search asks for the thread's vector stores."""
    agent_tools, extras = _tools(body, agent)
    if (agent.get("multi_agent") or {}).get("enabled"):
        refuse_field("assistant_id", "the agent has multi_agent enabled, which works in agent sessions only")
    stores = [*extras.get("vector_stores", []), *thread_stores()] if "file_search" in extras else []
    sampling = _sampling(body, extras)
    carried = {"assistant": agent["id"]} | ({"sampling": sampling} if sampling else {})
    optional = {
        "max_output_tokens": body.get("max_completion_tokens"),
        "tool_choice": _tool_choice(body.get("tool_choice")),
        "parallel_tool_calls": body.get("parallel_tool_calls"),
        "reasoning": _reasoning(body, agent),
        "text": _text(body, agent, extras),
        "service_tier": None if agent.get("service_tier") == "auto" else agent.get("service_tier"),
    }
    return {
        **OF_EVERY_RUN,
        "model": body.get("model") or agent["model"],
        "conversation": conversation_id,
        "instructions": _instructions(body, agent),
        "tools": tools.to_response_tools(agent_tools, extras, list(dict.fromkeys(stores))),
        "metadata": carry.pack(carried, body.get("metadata")),
        **sampling,
        **{name: value for name, value in optional.items() if value is not None},
    }


def following(response: Json) -> Json:
    """The next response of the same run, with the same settings."""
    metadata, extras = carry.unpack(response.get("metadata"))
    return {
        **OF_EVERY_RUN,
        **{name: response[name] for name in KEPT if response.get(name) is not None},
        "conversation": conversation_of(response),
        "metadata": carry.pack(extras, metadata),
        **extras.get("sampling", {}),
    }


def _tools(body: Json, agent: Json) -> tuple[list[Json], Json]:
    """The agent's tools and extras; the run's own tools take their place."""
    _, extras = carry.unpack(agent.get("metadata"))
    if body.get("tools") is None:
        return agent.get("tools") or [], extras
    own_tools, own_extras = tools.to_agent_tools(body["tools"])
    return own_tools, {k: v for k, v in extras.items() if k not in ("strict", "file_search")} | own_extras


def _sampling(body: Json, extras: Json) -> Json:
    """Only what was given: reasoning models refuse it."""
    given = {
        name: extras.get(name) if body.get(name) is None else body[name] for name in ("temperature", "top_p")
    }
    return {name: value for name, value in given.items() if value is not None}


def _instructions(body: Json, agent: Json) -> str | None:
    own = body.get("instructions")
    parts = (agent.get("instructions") if own is None else own, body.get("additional_instructions"))
    return "\n".join(part for part in parts if part) or None


def _text(body: Json, agent: Json, extras: Json) -> Json | None:
    own = body.get("response_format")
    wanted = own if own is not None else formats.of_agent(agent, extras)
    text: Json = {}
    if (text_format := formats.to_response(wanted)) is not None:
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
        refuse_missing("tool_choice.function.name")
    return {"type": "function", "name": name}
