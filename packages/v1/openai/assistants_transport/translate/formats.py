"""Answer formats, between the three spellings: Assistants v2, Agents, Responses."""

from typing import Any

from assistants_transport import body_schema as fields
from assistants_transport.translate.tools import NAME
from assistants_transport.v2_errors import Json, V2Error, refuse_value

KINDS = ("json_object", "json_schema")
JSON_OBJECT: Json = {"type": "json_object"}
SCHEMA_FIELDS: fields.Types = {"name": str, "description": str, "schema": dict, "strict": bool}


def split(response_format: object) -> tuple[Json | None, Any]:
    """v2 response_format -> (an agent's text.format, what it cannot say)."""
    if response_format in (None, "auto") or response_format == {"type": "text"}:
        return None, None
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    if not isinstance(response_format, dict) or kind not in KINDS:
        refuse_value("response_format", f"{str(kind)[:40]!r} is none of auto, text, json_object, json_schema")
    if kind == "json_object":
        return None, JSON_OBJECT
    given = _checked_schema(response_format.get("json_schema"))
    rest = {name: value for name, value in given.items() if name != "schema" and value is not None}
    return {"type": "json_schema", "schema": given["schema"]}, rest


def _checked_schema(given: Any) -> Json:
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("schema"), dict)
        or not isinstance(given.get("name"), str)
        or not NAME.fullmatch(given["name"])
    ):
        raise V2Error(
            400,
            "response_format.json_schema needs a schema and a name of 1 to 64 letters, digits, _ and -.",
            param="response_format.json_schema",
        )
    return fields.check(given, SCHEMA_FIELDS, "a JSON schema", "response_format.json_schema")


def join(text_format: Json | None, rest: Any) -> Json | str:
    """The two parts of split -> v2 response_format; a rest without its format is left over from before
    another program's update."""
    if text_format and text_format.get("type") == "json_schema":
        named = {name: rest[name] for name in ("name", "strict", "description") if name in (rest or {})}
        schema = {"name": "answer", **named, "schema": text_format["schema"]}
        return {"type": "json_schema", "json_schema": schema}
    return JSON_OBJECT if rest == JSON_OBJECT else "auto"


def of_agent(agent: Json, extras: Json) -> Json | str:
    """The v2 response_format that an agent and its extras stand for."""
    return join((agent.get("text") or {}).get("format"), extras.get("format"))


def to_response(response_format: object) -> Json | None:
    """v2 response_format -> a response's text.format, None for plain text."""
    text_format, rest = split(response_format)
    return {**text_format, **rest} if text_format else rest


def from_response(text: object) -> Json | str:
    """A response's `text` -> v2 response_format."""
    text_format = (text.get("format") if isinstance(text, dict) else None) or {}
    if text_format.get("type") == "json_schema":
        schema = {name: value for name, value in text_format.items() if name != "type" and value is not None}
        return {"type": "json_schema", "json_schema": schema}
    return JSON_OBJECT if text_format.get("type") == "json_object" else "auto"
