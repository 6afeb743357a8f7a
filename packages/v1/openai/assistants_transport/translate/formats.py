"""Answer formats in their three spellings: v2's response_format, an agent's and a response's text.format."""

from typing import TYPE_CHECKING, Any

from assistants_transport.body_schema import FieldTypes, check_fields
from assistants_transport.translate.tools import FUNCTION_NAME
from assistants_transport.v2_errors import Json, V2Error, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

JSON_OBJECT: "v2.JsonObjectFormat" = {"type": "json_object"}
SCHEMA_FIELD_TYPES: FieldTypes = {"name": str, "description": str, "schema": dict, "strict": bool}


def agent_format_from_v2(response_format: object) -> tuple[Json | None, Any]:
    """-> (the agent's text.format or None for plain text, the part of v2's that goes into the extras).

    Raises V2Error 400 for another format than v2's four."""
    if response_format in (None, "auto") or response_format == {"type": "text"}:
        return None, None
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    if not isinstance(response_format, dict) or kind not in ("json_object", "json_schema"):
        refuse_value("response_format", f"{str(kind)[:40]!r} is none of auto, text, json_object, json_schema")
    if kind == "json_object":  # which agents do not know
        return None, JSON_OBJECT
    given = _check_schema(response_format.get("json_schema"))
    rest = {name: value for name, value in given.items() if name != "schema" and value is not None}
    return {"type": "json_schema", "schema": given["schema"]}, rest


def v2_format_from_agent(agent: Json, agent_extras: Json) -> "v2.ResponseFormat":
    """Puts both parts together again.

    Extras whose part in the agent is missing are ignored: another program has changed the agent since."""
    text_format, rest = (agent.get("text") or {}).get("format"), agent_extras.get("format") or {}
    if text_format and text_format.get("type") == "json_schema":
        named = {name: rest[name] for name in ("name", "strict", "description") if name in rest}
        schema = {"name": "answer", **named, "schema": text_format["schema"]}
        return {"type": "json_schema", "json_schema": schema}
    return JSON_OBJECT if rest == JSON_OBJECT else "auto"


def text_format_from_v2(response_format: object) -> Json | None:
    """-> a response's text.format, None for plain text. V2Error 400 as in agent_format_from_v2."""
    text_format, rest = agent_format_from_v2(response_format)
    return {**text_format, **rest} if text_format else rest


def v2_format_from_response(text: object) -> "v2.ResponseFormat":
    """A response's `text` -> v2's response_format."""
    text_format = (text.get("format") if isinstance(text, dict) else None) or {}
    if text_format.get("type") == "json_schema":
        schema = {name: value for name, value in text_format.items() if name != "type" and value is not None}
        return {"type": "json_schema", "json_schema": schema}
    return JSON_OBJECT if text_format.get("type") == "json_object" else "auto"


def _check_schema(given: Any) -> Json:
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("schema"), dict)
        or not isinstance(given.get("name"), str)
        or not FUNCTION_NAME.fullmatch(given["name"])
    ):
        raise V2Error(
            400,
            "response_format.json_schema needs a schema and a name of 1 to 64 letters, digits, _ and -.",
            param="response_format.json_schema",
        )
    return check_fields(given, SCHEMA_FIELD_TYPES, "a JSON schema", "response_format.json_schema")
