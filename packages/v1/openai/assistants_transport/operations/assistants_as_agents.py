"""Assistants: v2 assistant <-> agent. What an agent cannot hold rides in its metadata (carry.py)."""

from assistants_transport import body_schema as fields
from assistants_transport import extras as carry
from assistants_transport import pages
from assistants_transport.ids import to_upstream, to_v2
from assistants_transport.request import Call
from assistants_transport.translate import formats, tools
from assistants_transport.v2_errors import Json, refuse_missing, refuse_value

FIELDS: fields.Types = {
    "model": str,
    "name": str,
    "instructions": str,
    "description": str,
    "metadata": dict,
    "tools": list,
    "tool_resources": dict,
    "temperature": fields.NUMBER,
    "top_p": fields.NUMBER,
    "response_format": fields.ANYTHING,
    "reasoning_effort": str,
}
AS_THEY_ARE = ("model", "name", "instructions")  # the agent knows these
IN_EXTRAS = ("description", "temperature", "top_p")  # these ride along as they are
RANGES = {"temperature": (0, 2), "top_p": (0, 1)}
MOST_CHARACTERS = {"name": 128, "description": 512}  # an agent's name is shorter than v2's 256


def create(call: Call) -> Json:
    if not isinstance(call.body.get("model"), str):
        refuse_missing("model")
    given = {name: value for name, value in call.body.items() if value is not None}
    return _learned(call, call.api.post("/agents", to_agent(given, {})))


def retrieve(call: Call) -> Json:
    return _learned(call, call.api.get(_path(call)))


def update(call: Call) -> Json:
    """Objects are replaced whole upstream, so what else is in them has to be read before they are changed."""
    _check(call.body)
    agent = call.api.get(_path(call)) if call.body.keys() - set(AS_THEY_ARE) else {}
    call.memory.agents.forget(to_upstream(call.ids["assistant_id"]))
    return _learned(call, call.api.post(_path(call), to_agent(call.body, agent)))


def delete(call: Call) -> Json:
    call.memory.agents.forget(to_upstream(call.ids["assistant_id"]))
    gone = call.api.delete(_path(call))
    return {"id": call.ids["assistant_id"], "object": "assistant.deleted", "deleted": gone["deleted"]}


def list_page(call: Call) -> Json:
    agents, has_more = pages.read(call.api, "/agents", call.query, keep=lambda _: True, cursor=to_upstream)
    return pages.v2_list([to_assistant(agent) for agent in agents], has_more)


def _path(call: Call) -> str:
    return f"/agents/{to_upstream(call.ids['assistant_id'])}"


def _learned(call: Call, agent: Json) -> Json:
    call.memory.agents.learn(agent)
    return to_assistant(agent)


def to_agent(body: Json, old: Json) -> Json:
    """A v2 create or update -> the agent's fields, given the agent so far."""
    _check(body)
    metadata, extras = carry.unpack(old.get("metadata"))
    agent: Json = {name: body[name] for name in AS_THEY_ARE if name in body}
    if "reasoning_effort" in body:
        agent["reasoning"] = (old.get("reasoning") or {}) | {"effort": body["reasoning_effort"]}
    changed = {name: body[name] for name in IN_EXTRAS if name in body}
    if "tools" in body:
        agent["tools"], tool_extras = tools.to_agent_tools(body["tools"] or [])
        changed |= {"strict": tool_extras.get("strict"), "file_search": tool_extras.get("file_search")}
    if "tool_resources" in body:
        changed["vector_stores"] = tools.vector_stores(body["tool_resources"]) or None
    if "response_format" in body:
        text_format, changed["format"] = formats.split(body["response_format"])
        agent["text"] = (old.get("text") or {}) | {"format": text_format or {"type": "text"}}
    if changed or "metadata" in body:
        together = {name: value for name, value in (extras | changed).items() if value is not None}
        agent["metadata"] = carry.pack(together, body.get("metadata", metadata))
    return agent


def to_assistant(agent: Json) -> Json:
    """An agent -> the v2 assistant."""
    metadata, extras = carry.unpack(agent.get("metadata"))
    return {
        "id": to_v2(agent["id"]),
        "object": "assistant",
        "created_at": agent["created_at"],
        "name": agent.get("name"),
        "description": extras.get("description"),
        "model": agent["model"],
        "instructions": agent.get("instructions"),
        "tools": tools.from_agent_tools(agent.get("tools") or [], extras),
        "tool_resources": tools.v2_resources(extras.get("vector_stores", [])),
        "metadata": metadata,
        "temperature": extras.get("temperature"),
        "top_p": extras.get("top_p"),
        "response_format": formats.of_agent(agent, extras),
        "reasoning_effort": (agent.get("reasoning") or {}).get("effort"),
    }


def _check(body: Json) -> None:
    fields.check(body, FIELDS, "an assistant")
    for name, (low, high) in RANGES.items():
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not low <= value <= high):
            refuse_value(name, f"it must be between {low} and {high}")
    for name, most in MOST_CHARACTERS.items():
        if len(str(body.get(name) or "")) > most:
            refuse_value(name, f"at most {most} characters can be carried")
