"""What OpenAI answered: the object or the page that was asked for, else InvalidUpstreamResponse."""

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from assistant_function import json_text
from assistant_function.errors import InvalidUpstreamResponse, Json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assistants_transport import v2_objects as v2


class Raw(Protocol):
    """An answer as the SDK or the transport gives it."""

    @property
    def content(self) -> bytes: ...


T = TypeVar("T", bound=Any)


def parse_assistant(answer: Raw) -> "v2.Assistant":
    return cast("v2.Assistant", read_object(answer.content, "assistant"))


def parse_thread(answer: Raw) -> "v2.Thread":
    thread = read_object(answer.content, "thread")
    if not isinstance(thread.get("metadata"), dict | None):
        raise InvalidUpstreamResponse
    return cast("v2.Thread", thread)


def parse_message(answer: Raw) -> "v2.Message":
    return read_message(answer.content)


def read_message(text: str | bytes) -> "v2.Message":
    return cast("v2.Message", read_object(text, "thread.message"))


def parse_run(answer: Raw) -> "v2.Run":
    return read_run(answer.content)


def read_run(text: str | bytes) -> "v2.Run":
    return cast("v2.Run", read_object(text, "thread.run", ("id", "thread_id", "status")))


def parse_deleted(answer: Raw, kind: str) -> "v2.Deleted":
    """`kind` is assistant, thread or thread.message."""
    return cast("v2.Deleted", read_object(answer.content, f"{kind}.deleted"))


def parse_assistants(answer: Raw) -> "tuple[list[v2.Assistant], bool]":
    """A page of assistants -> (the assistants, whether there are more)."""
    return cast("tuple[list[v2.Assistant], bool]", _parse_page(answer, "assistant"))


def parse_messages(answer: Raw) -> "tuple[list[v2.Message], bool]":
    """A page of messages -> (the messages, whether there are more)."""
    return cast("tuple[list[v2.Message], bool]", _parse_page(answer, "thread.message"))


def parse_runs(answer: Raw) -> "tuple[list[v2.Run], bool]":
    """A page of runs -> (the runs, whether there are more)."""
    return cast("tuple[list[v2.Run], bool]", _parse_page(answer, "thread.run"))


def parse_steps(answer: Raw) -> "tuple[list[v2.Step], bool]":
    """A page of run steps -> (the steps, whether there are more)."""
    return cast("tuple[list[v2.Step], bool]", _parse_page(answer, "thread.run.step"))


def iterate_first(
    ask: "Callable[..., Raw]", parse: "Callable[[Raw], tuple[list[T], bool]]", limit: int
) -> "Iterator[T]":
    """The first objects of a list, at most `limit`. A page of long ones comes shorter than was asked for."""
    more: Json = {}
    while limit > 0:
        found, has_more = parse(ask(limit=limit, **more))
        limit -= len(found) if has_more and found else limit
        more = {"after": found[-1]["id"]} if found else {}
        while found:  # none of them is held here while the next page is read
            yield found.pop(0)


def read_object(text: str | bytes, kind: str, required: tuple[str, ...] = ("id",)) -> Json:
    """The object of this kind in JSON, with at least these texts in it."""
    found = _read_json(text, kind)
    if not all(isinstance(found.get(name), str) for name in required):
        raise InvalidUpstreamResponse
    return found


def _parse_page(answer: Raw, kind: str) -> tuple[list[Json], bool]:
    found = _read_json(answer.content, "list", None)  # some servers do not say that it is a list
    data = found.get("data")
    if not isinstance(data, list) or not all(
        isinstance(one, dict) and one.get("object") == kind and one.get("id") for one in data
    ):
        raise InvalidUpstreamResponse
    return data, bool(found.get("has_more"))


def _read_json(text: str | bytes, *kinds: str | None) -> Json:
    try:
        found = json_text.loads(text)
    except ValueError as problem:
        raise InvalidUpstreamResponse from problem
    if not isinstance(found, dict) or found.get("object") not in kinds or json_text.is_too_deep(found):
        raise InvalidUpstreamResponse
    return found
