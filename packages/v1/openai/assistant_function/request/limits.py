"""What a caller may send and be answered at most; checked here for both ways in, before anything is sent.

By action and by path the same things are spelled differently: `additionalInstructions`, or v2's
`additional_instructions`. What an assistant is told has no limit here: who may make one is the owner."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from assistant_function.errors import InvalidRequest, Json, TooLong
from assistant_function.request.settings import Settings

MAX_IMAGES = 10  # of one message; the model reads each as some 1,000 tokens
MAX_FORMAT_CHARACTERS = 32_000  # the model reads a schema with every run
TEXTS = (
    *("message", "content", "output"),
    *("instructions", "additionalInstructions", "additional_instructions"),
)
MESSAGES = ("messages", "additional_messages")
LISTS = (*MESSAGES, "toolOutputs", "tool_outputs")
FORMATS = ("responseFormat", "response_format")
IMAGE_PARTS = ("image_url", "image_file")


class Part(NamedTuple):
    """A value of a call: its name, where it lies in the call, and what it is."""

    name: str
    place: str
    value: Any


def check_limits(given: Json, settings: Settings, *, is_owners: bool) -> None:
    """`is_owners`: it is about assistants. Raises TooLong (413) beyond MAX_MESSAGE_CHARS and
    MAX_MESSAGES_PER_CALL, InvalidRequest (400) beyond the limits that are not set."""
    for part in _walk(given):
        if part.name in FORMATS:
            _check_format(part)
        elif not is_owners and part.name in TEXTS:
            _check_text(part, settings)
        elif not is_owners and part.name in MESSAGES:
            _check_count(part, settings)


def limit_answer(given: Json, name: str, settings: Settings) -> Json:
    """What is given for a run, with a limit of its answer in any case; `name` is what that is called.

    Raises InvalidRequest for more tokens than the setting MAX_COMPLETION_TOKENS."""
    limit, wanted = settings.max_completion_tokens, given.get(name)
    if limit is None:
        return given
    if wanted is None:
        return given | {name: limit}
    if not isinstance(wanted, int) or wanted > limit:
        raise InvalidRequest(f"{name} must be at most {limit}")
    return given


def _walk(given: Json, place: str = "") -> Iterator[Part]:
    """All values of the call that a limit may be about; what is nested deeper is none."""
    for name, value in given.items():
        yield Part(name, place + name, value)
        if name == "thread" and isinstance(value, dict):
            yield from _walk(value, f"{place}{name}.")
        elif name in LISTS and isinstance(value, list):
            for number, one in enumerate(value):
                yield from _walk(one, f"{place}{name}[{number}].") if isinstance(one, dict) else ()


def _check_text(part: Part, settings: Settings) -> None:
    length = _count_characters(part)
    if length > settings.max_message_chars:
        raise TooLong(f"{part.place} has {length} characters; at most {settings.max_message_chars} are taken")
    if isinstance(part.value, list) and sum(map(_is_image, part.value)) > MAX_IMAGES:
        raise InvalidRequest(f"{part.place} must have at most {MAX_IMAGES} images")


def _check_count(part: Part, settings: Settings) -> None:
    limit, count = settings.max_messages_per_call, len(part.value) if isinstance(part.value, list) else 0
    if count > limit:
        raise TooLong(f"{part.place} has {count} entries; at most {limit} are taken (MAX_MESSAGES_PER_CALL)")


def _check_format(part: Part) -> None:
    if _count_characters(part) > MAX_FORMAT_CHARACTERS:
        raise InvalidRequest(f"{part.place} must have at most {MAX_FORMAT_CHARACTERS} characters as JSON")


def _count_characters(part: Part) -> int:
    try:
        text = part.value if isinstance(part.value, str) else json.dumps(part.value, ensure_ascii=False)
    except RecursionError as problem:
        raise InvalidRequest(f"{part.place} is nested too deeply") from problem
    return len(text)


def _is_image(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in IMAGE_PARTS
