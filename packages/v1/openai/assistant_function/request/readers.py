"""Readers: one parameter's value as the caller sent it -> the checked and typed value."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Never

from assistant_function import json_text
from assistant_function.errors import InvalidRequest, Json

MAX_TEXT_CHARACTERS = 256_000  # Assistants v2: instructions and messages
MAX_PAIRS, MAX_KEY_CHARACTERS, MAX_VALUE_CHARACTERS = 16, 64, 512  # metadata of every OpenAI object
MAX_NAME_CHARACTERS = 256
MAX_WAIT_SECONDS = 900  # the platform's longest call
MIN_TOKENS, MAX_TOKENS = 16, 1_000_000  # Responses: max_output_tokens begins at 16
MAX_PARAMETER_DEPTH = 64
MAX_PARAMETER_VALUES = 20_000  # the SDK takes some 0.1 ms for each, and a body of 1 MB may hold 300,000
ID_PATTERN = "(?!runs$)[A-Za-z0-9_-]{1,128}"  # /threads/runs is another endpoint
_ID = re.compile(ID_PATTERN)
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
NOT_BLANK = "[^\\s\\x00\\u200b-\\u200d\\u2060\\ufeff]"  # one character that can be seen
_NOT_BLANK = re.compile(NOT_BLANK)
_OUTPUT_ID_NAMES = ("toolCallId", "tool_call_id", "id")


@dataclass(frozen=True)
class Reader:
    """What reads a parameter's value (raising InvalidRequest), and the JSON Schema of what it takes."""

    read: Callable[[str, Any], Any]
    schema: Json

    def __call__(self, name: str, value: Any) -> Any:
        return self.read(name, value)


def reads(schema: Json) -> Callable[[Callable[[str, Any], Any]], Reader]:
    """Makes a function a reader of this schema; `#/…` names a part of schemas.PARTS."""
    return lambda read: Reader(read, schema)


@reads({"type": "string", "maxLength": MAX_TEXT_CHARACTERS})
def read_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        _refuse(name, "must be text")
    if len(value) > MAX_TEXT_CHARACTERS:
        _refuse(name, f"must have at most {MAX_TEXT_CHARACTERS} characters")
    _check_sendable(name, value)
    return value


@reads({"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARACTERS})
def read_model(name: str, value: Any) -> str:
    if not isinstance(value, str):
        _refuse(name, "must be text")
    if not 0 < len(value) <= MAX_NAME_CHARACTERS:
        _refuse(name, f"must have 1 to {MAX_NAME_CHARACTERS} characters")
    _check_sendable(name, value)
    return value


@reads({"type": "string", "pattern": NOT_BLANK})
def read_message(name: str, value: Any) -> str:
    """A message's text; how long it may be is a setting, which the handlers know."""
    if not isinstance(value, str):
        _refuse(name, "must be text")
    if not _NOT_BLANK.search(value):
        _refuse(name, "must not be blank")
    _check_sendable(name, value)
    return value


@reads({"type": "string", "pattern": f"^{ID_PATTERN}$"})
def read_id(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        _refuse(name, "must be an id: 1 to 128 letters, digits, _ and -")
    return value


def integer_between(low: int, high: int) -> Reader:
    @reads({"type": "integer", "minimum": low, "maximum": high})
    def read(name: str, value: Any) -> int:
        number = _to_number(value)
        if number is None or number != int(number) or not low <= number <= high:
            _refuse(name, f"must be a whole number from {low} to {high}")
        return int(number)

    return read


def number_between(low: float, high: float) -> Reader:
    @reads({"type": "number", "minimum": low, "maximum": high})
    def read(name: str, value: Any) -> float:
        given = _to_number(value)
        if given is None or not low <= given <= high:
            _refuse(name, f"must be a number from {low} to {high}")
        return given

    return read


def one_of(*options: str) -> Reader:
    @reads({"type": "string", "enum": list(options)})
    def read(name: str, value: Any) -> str:
        if value not in options:
            _refuse(name, f"must be {' or '.join(options)}")
        return str(value)

    return read


@reads({"$ref": "#/components/schemas/Metadata"})
def read_metadata(name: str, value: Any) -> dict[str, str]:
    pairs = _read_json(name, value, dict, "an object")
    if len(pairs) > MAX_PAIRS:
        _refuse(name, f"holds at most {MAX_PAIRS} pairs")
    for key, inner in pairs.items():
        if not 0 < len(key) <= MAX_KEY_CHARACTERS:
            _refuse(name, f"keys have 1 to {MAX_KEY_CHARACTERS} characters")
        if not isinstance(inner, str) or len(inner) > MAX_VALUE_CHARACTERS:
            _refuse(f"{name}.{key}", f"must be text of at most {MAX_VALUE_CHARACTERS} characters")
    return dict(pairs)


@reads({"$ref": "#/components/schemas/Tools"})
def read_tools(name: str, value: Any) -> list[Json]:
    found = _read_objects(name, value)
    for place, tool in enumerate(found):
        if not isinstance(tool.get("type"), str):
            _refuse(f"{name}[{place}].type", "is required")
    return found


@reads({"$ref": "#/components/schemas/NewMessages"})
def read_messages(name: str, value: Any) -> list[Json]:
    """`[{role, content}]`, content as text or as Assistants v2 content parts."""
    found = _read_objects(name, value)
    for place, message in enumerate(found):
        if message.get("role") not in ("user", "assistant"):
            _refuse(f"{name}[{place}].role", "must be user or assistant")
        content = message.get("content")
        if not isinstance(content, str | list) or not content:
            _refuse(f"{name}[{place}].content", "is required: text or a list of parts")
        if not any(_NOT_BLANK.search(text) for text in _list_texts(content)):
            _refuse(f"{name}[{place}].content", "must not be blank")
    return found


def _list_texts(content: str | list[Any]) -> list[str]:
    """The texts of a message; a part that is no text stands for itself."""
    parts = [content] if isinstance(content, str) else content
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return [text if isinstance(text, str) else "no text" for text in texts]


@reads({"$ref": "#/components/schemas/ToolOutputs"})
def read_tool_outputs(name: str, value: Any) -> list[Json]:
    """`[{toolCallId, output}]` -> as v2 wants them; an output that is no text is sent as JSON."""
    found = []
    for place, given in enumerate(_read_objects(name, value)):
        call_id = next((given[key] for key in _OUTPUT_ID_NAMES if key in given), None)
        if not isinstance(call_id, str) or not _ID.fullmatch(call_id):
            _refuse(f"{name}[{place}].toolCallId", "is required: the id of the tool call")
        if given.get("output") is None:
            _refuse(f"{name}[{place}].output", "is required: text or JSON")
        if unknown := given.keys() - {*_OUTPUT_ID_NAMES, "output"}:
            _refuse(f"{name}[{place}].{min(unknown)[:80]}", "is not known")
        output = given["output"]
        found.append(
            {"tool_call_id": call_id, "output": output if isinstance(output, str) else json.dumps(output)}
        )
    if not found:
        _refuse(name, "must hold at least one output")
    return found


@reads({"$ref": "#/components/schemas/ToolResources"})
def read_tool_resources(name: str, value: Any) -> Json:
    """What v2's tools use, in v2's own spelling: `{"file_search": {"vector_store_ids": [...]}}`."""
    return dict(_read_json(name, value, dict, "an object"))


@reads({"$ref": "#/components/schemas/ResponseFormat"})
def read_response_format(name: str, value: Any) -> Json | str:
    """`auto`, `text`, `json_object`, or the object that v2 takes."""
    word = value.strip('"') if isinstance(value, str) else None  # as JSON text it has quotation marks
    if word == "auto":
        return word
    if word in ("text", "json_object"):
        return {"type": word}
    found: Json = _read_json(name, value, dict, "auto, text, json_object or an object")
    if not isinstance(found.get("type"), str):
        _refuse(f"{name}.type", "is required")
    if unknown := found.keys() - {"type", "json_schema" if found["type"] == "json_schema" else "type"}:
        _refuse(f"{name}.{min(unknown)[:80]}", "is not known")
    return found


def parse_json(name: str, value: str) -> Any:
    """JSON text -> its value; InvalidRequest for anything else, NaN and unreadable depths included."""
    if json_text.has_more_values(value.encode(errors="surrogatepass"), MAX_PARAMETER_VALUES):
        _refuse_too_many(name)
    try:
        return json_text.loads(value)
    except ValueError:
        _refuse(name, "must be JSON")


def _read_json(name: str, value: Any, kind: type, wanted: str) -> Any:
    found = parse_json(name, value) if isinstance(value, str) else value
    if not isinstance(found, kind):
        _refuse(name, f"must be JSON: {wanted}")
    _check_sendable(name, found)
    return found


def _check_sendable(name: str, value: Any) -> None:
    """Refuses what no request can carry: half a surrogate pair, NaN, unreadable depths, too many values."""
    left, values = [(value, 0)], 1
    while left:
        part, depth = left.pop()
        values += len(part) if isinstance(part, dict | list) else 0
        if values > MAX_PARAMETER_VALUES:
            _refuse_too_many(name)
        if depth > MAX_PARAMETER_DEPTH:
            _refuse(name, "is nested too deeply")
        if isinstance(part, str) and json_text.LONE_SURROGATE.search(part):
            _refuse(name, "must be valid Unicode text")
        if isinstance(part, float) and not math.isfinite(part):
            _refuse(name, "must be JSON")
        if isinstance(part, dict | list):
            left += [(inner, depth + 1) for inner in part]
        if isinstance(part, dict):
            left += [(inner, depth + 1) for inner in part.values()]


def _read_objects(name: str, value: Any) -> list[Json]:
    found = _read_json(name, value, list, "a list of objects")
    if not all(isinstance(entry, dict) for entry in found):
        _refuse(name, "must be JSON: a list of objects")
    return list(found)


def _to_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value) if not isinstance(value, str) or _NUMBER.fullmatch(value) else math.nan
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _refuse_too_many(name: str) -> Never:
    _refuse(name, f"must be made of at most {MAX_PARAMETER_VALUES} values")


def _refuse(name: str, why: str) -> Never:
    raise InvalidRequest(f"{name} {why}")
