"""Reads an object back to find out whether a change whose answer was lost was carried out."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from assistant_function.errors import AnswerLost, Gone

EMPTY: tuple[Any, ...] = (None, "", [], {})  # all the same to OpenAI
T = TypeVar("T")
Found = TypeVar("Found", bound=Mapping[str, Any])


def send_or_find(send: Callable[[], T], find: Callable[[], T | None]) -> T:
    """Sends a change and returns its answer; where that is lost, returns what `find` finds of it.

    Where `find` finds nothing, or fails too, the loss of the answer is raised."""
    try:
        return send()
    except AnswerLost:
        with contextlib.suppress(Exception):
            if found := find():
                return found
        raise


def is_gone(retrieve: Callable[[], object]) -> bool:
    """Whether the object to be deleted is not there any more."""
    try:
        retrieve()
    except Gone:
        return True
    return False


def match_written(found: Found, given: Mapping[str, Any]) -> Found | None:
    """Returns the object where it holds what was to be written into it; metadata is replaced as a whole."""
    metadata = found.get("metadata") or {}
    same = metadata == (given.get("metadata", metadata) or {})
    return found if same and _holds(found, given) else None


def _holds(found: Any, given: Any) -> bool:
    """Whether each given value was taken over; a value that was left out may have got one."""
    if isinstance(found, Mapping) and isinstance(given, Mapping):
        return all(_holds(found.get(name), value) for name, value in given.items())
    if isinstance(found, list) and isinstance(given, list):
        return len(found) == len(given) and all(map(_holds, found, given))
    return bool(found == given) or (found in EMPTY and given in EMPTY)
