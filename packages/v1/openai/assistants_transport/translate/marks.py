"""Marks: which request a message or an answer comes from, written where nobody reads it.

Items have no metadata. So a mark is nine characters without a glyph: behind the text of a message that was
sent with an Idempotency-Key, and alone in a developer's message ahead of what such a run wrote. Whoever reads
the conversation knows each request's work by it, whatever answers were lost. That upstream keeps such
characters, and that models pay no heed to them, is unverified."""

import hashlib
import re

from assistants_transport.v2_errors import Json

MARK_DIGITS = 8  # hexadecimal; two keys of one thread are alike once in four thousand million
_BEGIN = "\u2063"  # the invisible separator
_FIRST_DIGIT = 0xFE00  # of the sixteen variation selectors
_LAST_DIGIT = _FIRST_DIGIT + 15
_MARK = re.compile(f"{_BEGIN}([{chr(_FIRST_DIGIT)}-{chr(_LAST_DIGIT)}]{{{MARK_DIGITS}}})\\Z")
_NO_REQUEST = "0" * MARK_DIGITS


def mark_from_key(key: str) -> str:
    """The mark of a request with this Idempotency-Key: eight hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()[:MARK_DIGITS].replace(_NO_REQUEST, "1" * MARK_DIGITS)


def split_text(text: str) -> tuple[str, str | None]:
    """A text as it is stored -> (the text that was sent, its mark)."""
    found = _MARK.search(text, max(0, len(text) - MARK_DIGITS - 1))
    if found is None:
        return text, None
    return text[: found.start()], "".join(f"{ord(one) - _FIRST_DIGIT:x}" for one in found[1])


def mark_message(item: Json, mark: str) -> Json:
    """A message item to create, with the mark behind its last text, or behind its parts where it has none."""
    content = item["content"]
    if isinstance(content, str):
        return {**item, "content": _mark_text(content, mark)}
    if content[-1]["type"] != "input_text":
        return {**item, "content": [*content, {"type": "input_text", "text": _hide(mark)}]}
    last = {**content[-1], "text": _mark_text(content[-1]["text"], mark)}
    return {**item, "content": [*content[:-1], last]}


def make_run_mark(mark: str) -> Json:
    """The item that stands ahead of what a run wrote."""
    return {
        "type": "message",
        "role": "developer",
        "content": [{"type": "input_text", "text": _hide(mark)}],
    }


def find_run_mark(item: Json) -> str | None:
    """The mark that stands ahead of what a run wrote; None for any other item."""
    return _find_mark(item["content"]) if _is_message_of(item, "developer") else None


def find_message_mark(item: Json) -> str | None:
    """The mark of a user's message; None for any other item: a model may repeat a mark that it has read."""
    return _find_mark(item["content"]) if _is_message_of(item, "user") else None


def escape_text(text: str) -> str:
    """A text to send without a mark. One that ends as if it had a mark gets one of no request behind it."""
    return text if split_text(text)[1] is None else text + _hide(_NO_REQUEST)


def _mark_text(escaped: str, mark: str) -> str:
    text, found = split_text(escaped)
    return (text if found == _NO_REQUEST else escaped) + _hide(mark)


def _is_message_of(item: Json, role: str) -> bool:
    return bool(item["type"] == "message" and item["role"] == role)


def _find_mark(content: str | list[Json]) -> str | None:
    last = content if isinstance(content, str) else (content[-1].get("text") if content else None)
    return split_text(last)[1] if isinstance(last, str) else None


def _hide(mark: str) -> str:
    return _BEGIN + "".join(chr(_FIRST_DIGIT + int(digit, 16)) for digit in mark)
