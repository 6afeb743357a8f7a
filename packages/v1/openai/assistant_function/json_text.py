"""JSON as its standard has it, and only as deep as can be walked through by recursion."""

import json
import re
from typing import Any, Never

MAX_DEPTH = 100
_MARKS, _QUOTE, _BACKSLASH = (b"[", b"{", b","), b'"', ord("\\")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair: JSON's text may hold it, UTF-8 may not


def loads(text: str | bytes) -> Any:
    """Raises ValueError for what is not JSON: NaN, and depths that nobody can read, are not."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as problem:
        raise ValueError("nested too deeply") from problem


def has_more_values(text: bytes, limit: int) -> bool:
    """Whether parsing this JSON would make more than so many objects, told without making them.

    Counted is what begins a value or follows one, `[`, `{` and `,`. Where the text has enough of these, those
    inside of strings are left out, and each string counts as one."""
    if sum(map(text.count, _MARKS)) <= limit:
        return False
    values = place = 0
    while values <= limit:
        string = text.find(_QUOTE, place)
        end = len(text) if string < 0 else string
        values += sum(text.count(mark, place, end) for mark in _MARKS)
        if string < 0:
            break
        values += 1
        place = _find_end_of_string(text, string + 1)
    return values > limit


def _find_end_of_string(text: bytes, begin: int) -> int:
    """The place behind the quotation mark that ends the string which begins here."""
    while (end := text.find(_QUOTE, begin)) >= 0:
        escapes = end
        while escapes > begin and text[escapes - 1] == _BACKSLASH:
            escapes -= 1
        if (end - escapes) % 2 == 0:
            return end + 1
        begin = end + 1
    return len(text)


def is_too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether lists and objects are nested in it more than so many times."""
    level = [value]
    for _ in range(limit):
        lists = [
            part.values() if isinstance(part, dict) else part
            for part in level
            if isinstance(part, dict | list)
        ]
        if not lists:
            return False
        level = [inner for one in lists for inner in one]
    return bool(level)


def _refuse_constant(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")
