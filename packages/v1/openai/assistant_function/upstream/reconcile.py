"""A change whose answer was lost: found out where OpenAI can tell, instead of guessing."""

import contextlib
from collections.abc import Callable
from typing import Any

from assistant_function.errors import Json, failure

LOST_STATUSES = (502, 504)
NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout")  # httpx2's: there is nothing to find out
EMPTY: tuple[Any, ...] = (None, "", [], {})  # all the same to OpenAI


def found_out(change: Callable[[], Json], look: Callable[[], Json | None]) -> Json:
    """The change's answer; where that is lost, what `look` finds of it.

    Where that is nothing, or looking fails too, the first failure stands."""
    try:
        return change()
    except Exception as problem:
        never_sent = type(problem.__cause__).__name__ in NEVER_SENT
        if failure(problem).status not in LOST_STATUSES or never_sent:
            raise
        with contextlib.suppress(Exception):
            if found := look():
                return found
        raise


def gone(retrieve: Callable[[], object]) -> Json | None:
    """`{deleted: true}` where the object to be deleted is not there."""
    try:
        retrieve()
    except Exception as problem:
        if failure(problem).status == 404:
            return {"deleted": True}
        raise
    return None


def written(found: Json, given: Json) -> Json | None:
    """The object, where it holds what was to be written into it; metadata is replaced as a whole."""
    metadata = found.get("metadata") or {}
    same = metadata == (given.get("metadata", metadata) or {})
    return found if same and _holds(found, given) else None


def _holds(found: Any, given: Any) -> bool:
    """What was left out may have got a value."""
    if isinstance(found, dict) and isinstance(given, dict):
        return all(_holds(found.get(name), value) for name, value in given.items())
    if isinstance(found, list) and isinstance(given, list):
        return len(found) == len(given) and all(map(_holds, found, given))
    return bool(found == given) or (found in EMPTY and given in EMPTY)
