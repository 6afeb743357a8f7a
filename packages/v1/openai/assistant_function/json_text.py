"""JSON as its standard has it, and only as deep as can be walked through by recursion."""

import json
import re
from typing import Any, Never

MAX_DEPTH = 100
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair: JSON's text may hold it, UTF-8 may not


def loads(text: str | bytes) -> Any:
    """Raises ValueError for what is not JSON: NaN, and depths that nobody can read, are not."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as problem:
        raise ValueError("nested too deeply") from problem


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
