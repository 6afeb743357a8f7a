"""A v2 assistant <-> an agent. The fields that an agent has no place for are kept in its extras."""

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from assistants_transport import extras
from assistants_transport.body_schema import ANYTHING, NUMBER, FieldType, check_fields, is_number_within
from assistants_transport.ids import to_v2_id
from assistants_transport.translate import formats, tools
from assistants_transport.v2_errors import Json, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2


class Field(NamedTuple):
    """A field of a v2 assistant: its type, where the agent keeps it, and its limits.

    `kept_in`: "agent" for an agent's field of the same name, "extras" for the agent's metadata, both without
    a change; "translated" for a field that has code of its own below."""

    type: FieldType
    kept_in: Literal["agent", "extras", "translated"]
    range: tuple[int, int] | None = None
    max_characters: int | None = None


MAX_AGENT_NAME_CHARACTERS = 128

# To carry one more field as it is, add it here and to v2.CarriedFields.
ASSISTANT_FIELDS = {
    "model": Field(str, "agent"),
    "instructions": Field(str, "agent"),
    "temperature": Field(NUMBER, "extras", range=(0, 2)),
    "top_p": Field(NUMBER, "extras", range=(0, 1)),
    "name": Field(str, "translated", max_characters=256),
    "description": Field(str, "extras", max_characters=512),
    "metadata": Field(dict, "translated"),
    "tools": Field(list, "translated"),
    "tool_resources": Field(dict, "translated"),
    "response_format": Field(ANYTHING, "translated"),
    "reasoning_effort": Field(str, "translated"),
}
ASSISTANT_FIELD_TYPES = {name: field.type for name, field in ASSISTANT_FIELDS.items()}


def check_assistant(body: Json) -> None:
    """Raises V2Error 400 for a field that is unknown, of another type or outside its limits."""
    check_fields(body, ASSISTANT_FIELD_TYPES, "an assistant")
    for name, field in ASSISTANT_FIELDS.items():
        value = body.get(name)
        if value is None:
            continue
        if field.range and not is_number_within(value, *field.range):
            refuse_value(name, f"it must be between {field.range[0]} and {field.range[1]}")
        if field.max_characters and len(value) > field.max_characters:
            refuse_value(name, f"at most {field.max_characters} characters can be carried")


def needs_stored_agent(body: Json) -> bool:
    """Whether an update changes objects that hold other settings too, so that they must be read first."""
    return any(ASSISTANT_FIELDS[name].kept_in != "agent" for name in body)


def agent_from_assistant(body: Json, stored: Json) -> Json:
    """The checked body of a create or update -> the fields of the agent to send.

    `stored` is the agent so far, {} for a new one. Raises V2Error 400 for tools and formats that cannot be
    carried, and for extras that do not fit into the metadata."""
    metadata, agent_extras = extras.unpack(stored.get("metadata"))
    agent = {name: body[name] for name in body if ASSISTANT_FIELDS[name].kept_in == "agent"}
    changed = {name: body[name] for name in body if ASSISTANT_FIELDS[name].kept_in == "extras"}
    if "name" in body:
        changed["name"] = agent["name"] = body["name"]
        if body["name"] is not None:
            agent["name"] = body["name"][:MAX_AGENT_NAME_CHARACTERS]
            changed["name"] = body["name"] if body["name"] != agent["name"] else None
    if "reasoning_effort" in body:
        agent["reasoning"] = (stored.get("reasoning") or {}) | {"effort": body["reasoning_effort"]}
    if "tools" in body:
        agent["tools"], tool_extras = tools.agent_tools_from_v2(body["tools"] or [])
        changed |= {name: tool_extras.get(name) for name in tools.TOOL_EXTRAS}
    if "tool_resources" in body:
        changed |= tools.resource_extras_from_v2(body["tool_resources"])
    if "response_format" in body:
        text_format, changed["format"] = formats.agent_format_from_v2(body["response_format"])
        agent["text"] = (stored.get("text") or {}) | {"format": text_format or {"type": "text"}}
    if changed or "metadata" in body:
        merged = {name: value for name, value in (agent_extras | changed).items() if value is not None}
        agent["metadata"] = extras.pack(merged, body.get("metadata", metadata))
    return agent


def assistant_from_agent(agent: Json) -> "v2.Assistant":
    """Any agent -> the v2 assistant, those of other programs too."""
    metadata, agent_extras = extras.unpack(agent.get("metadata"))
    sources = {"agent": agent, "extras": agent_extras}
    carried = {
        name: sources[field.kept_in].get(name)
        for name, field in ASSISTANT_FIELDS.items()
        if field.kept_in in sources
    }
    return {
        **cast("v2.CarriedFields", carried),
        "id": to_v2_id(agent["id"]),
        "object": "assistant",
        "created_at": agent["created_at"],
        "model": agent["model"],
        "name": _whole_name(agent.get("name"), agent_extras.get("name")),
        "tools": tools.v2_tools_from_agent(agent.get("tools") or [], agent_extras),
        "tool_resources": tools.v2_resources_from_extras(agent_extras),
        "metadata": metadata,
        "response_format": formats.v2_format_from_agent(agent, agent_extras),
        "reasoning_effort": (agent.get("reasoning") or {}).get("effort"),
    }


def _whole_name(name: str | None, carried: object) -> str | None:
    """The name that the extras carry, unless another program has renamed the agent since."""
    is_cut = isinstance(carried, str) and carried[:MAX_AGENT_NAME_CHARACTERS] == name
    return str(carried) if is_cut else name
