"""JSON as its standard has it, and only as deep as can be walked through."""

import json
import re
from typing import Any, Never

LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair: JSON's text may hold it, UTF-8 may not


def loads(text: str | bytes) -> Any:
    """ValueError for what is no JSON: NaN and depths that nobody can read are none."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as problem:
        raise ValueError("nested too deeply") from problem


def is_deep(value: Any, most: int) -> bool:
    """Whether lists and objects are nested in it more than so many times."""
    level = [value]
    for _ in range(most):
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
