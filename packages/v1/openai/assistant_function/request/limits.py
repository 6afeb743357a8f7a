"""What a caller may send and be answered at most; checked here for both ways in, before anything is sent.

By action and by path the same things are spelled differently: `additionalInstructions`, or v2's
`additional_instructions`. What an assistant is made of has no limit here: who may make one is the owner."""

import json
from collections.abc import Iterator
from typing import Any

from assistant_function.errors import InvalidRequest, Json, TooLong
from assistant_function.request.settings import Settings

TEXTS = (
    *("message", "content", "output"),
    *("instructions", "additionalInstructions", "additional_instructions"),
)
MESSAGES = ("messages", "additional_messages")
HOLDERS = (*MESSAGES, "toolOutputs", "tool_outputs", "thread")


def check_sizes(given: Json, settings: Settings) -> None:
    """Raises TooLong (413) for a text beyond the setting MAX_MESSAGE_CHARS, whoever holds it, and for more
    messages than MAX_MESSAGES_PER_CALL."""
    thread, limit = given.get("thread"), settings.max_messages_per_call
    for name in MESSAGES:
        for holder in (given, thread if isinstance(thread, dict) else {}):
            count = len(messages) if isinstance(messages := holder.get(name), list) else 0
            if count > limit:
                told = f"{name} has {count} entries; at most {limit} are taken"
                raise TooLong(f"{told} (MAX_MESSAGES_PER_CALL)")
    for name, text in _find_texts(given):
        length = len(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False))
        if length > settings.max_message_chars:
            raise TooLong(f"{name} has {length} characters; at most {settings.max_message_chars} are taken")


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


def _find_texts(given: Json, place: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        if name in TEXTS:
            yield place + name, value
        elif name in HOLDERS:
            held = value if isinstance(value, list) else [value]
            for number, one in enumerate(held):
                where = f"{place}{name}[{number}]." if isinstance(value, list) else f"{place}{name}."
                yield from _find_texts(one, where) if isinstance(one, dict) else ()
