"""What OpenAI answered: the object or the page that was asked for, else InvalidUpstreamResponse."""

from typing import TYPE_CHECKING, Any, cast

from assistant_function import json_text
from assistant_function.errors import InvalidUpstreamResponse, Json

if TYPE_CHECKING:
    from openai._legacy_response import LegacyAPIResponse

    from assistants_transport.v2_objects import V2Assistant, V2Deleted, V2Message, V2Run, V2Thread

    Raw = LegacyAPIResponse[Any]


def parse_assistant(answer: "Raw") -> "V2Assistant":
    return cast("V2Assistant", _parse_object(answer, "assistant"))


def parse_thread(answer: "Raw") -> "V2Thread":
    return cast("V2Thread", _parse_object(answer, "thread"))


def parse_message(answer: "Raw") -> "V2Message":
    return cast("V2Message", _parse_object(answer, "thread.message"))


def parse_run(answer: "Raw") -> "V2Run":
    return cast("V2Run", _parse_object(answer, "thread.run", ("id", "thread_id", "status")))


def parse_deleted(answer: "Raw", kind: str) -> "V2Deleted":
    """`kind` is assistant or thread."""
    return cast("V2Deleted", _parse_object(answer, f"{kind}.deleted"))


def parse_assistants(answer: "Raw") -> "tuple[list[V2Assistant], bool]":
    """A page of assistants -> (the assistants, whether there are more)."""
    return cast("tuple[list[V2Assistant], bool]", _parse_page(answer, "assistant"))


def parse_messages(answer: "Raw") -> "tuple[list[V2Message], bool]":
    """A page of messages -> (the messages, whether there are more)."""
    return cast("tuple[list[V2Message], bool]", _parse_page(answer, "thread.message"))


def _parse_object(answer: "Raw", kind: str, required: tuple[str, ...] = ("id",)) -> Json:
    """The object of this kind, with at least these texts in it."""
    found = _parse_json(answer, kind)
    if not all(isinstance(found.get(name), str) for name in required):
        raise InvalidUpstreamResponse
    return found


def _parse_page(answer: "Raw", kind: str) -> tuple[list[Json], bool]:
    found = _parse_json(answer, "list")
    data = found.get("data")
    if not isinstance(data, list) or not all(
        isinstance(one, dict) and one.get("object") == kind and one.get("id") for one in data
    ):
        raise InvalidUpstreamResponse
    return data, bool(found.get("has_more"))


def _parse_json(answer: "Raw", kind: str) -> Json:
    try:
        found = json_text.loads(answer.content)
    except ValueError as problem:
        raise InvalidUpstreamResponse from problem
    if not isinstance(found, dict) or found.get("object") != kind or json_text.is_too_deep(found):
        raise InvalidUpstreamResponse
    return found
