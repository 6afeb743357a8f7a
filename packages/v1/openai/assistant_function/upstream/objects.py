"""What OpenAI answered: the object or the page that was asked for, or Nonsense."""

from typing import TYPE_CHECKING, Any

from assistant_function import json_text as strict_json
from assistant_function.errors import NOT_UNDERSTOOD, Json, Nonsense

if TYPE_CHECKING:
    from openai._legacy_response import LegacyAPIResponse

MOST_DEPTH = 100  # what walks through an answer does so by recursion


def plain(answer: "LegacyAPIResponse[Any]", kind: str) -> Json:
    """The object of this kind that was answered; Nonsense where the server answered something else."""
    try:
        found = strict_json.loads(answer.content)
    except ValueError as problem:
        raise Nonsense(NOT_UNDERSTOOD) from problem
    if not isinstance(found, dict) or found.get("object") != kind or strict_json.is_deep(found, MOST_DEPTH):
        raise Nonsense(NOT_UNDERSTOOD)
    if kind == "list" and not isinstance(found.get("data"), list):
        raise Nonsense(NOT_UNDERSTOOD)
    needed = ("id", "thread_id", "status") if kind == "thread.run" else ("id",)
    if kind != "list" and not all(isinstance(found.get(name), str) for name in needed):
        raise Nonsense(NOT_UNDERSTOOD)
    return found


def page(answer: "LegacyAPIResponse[Any]", kind: str) -> tuple[list[Json], bool]:
    """A page of objects -> (its objects, whether there are more)."""
    found = plain(answer, "list")
    if not all(
        isinstance(one, dict) and one.get("object") == kind and one.get("id") for one in found["data"]
    ):
        raise Nonsense(NOT_UNDERSTOOD)
    return found["data"], bool(found.get("has_more"))
