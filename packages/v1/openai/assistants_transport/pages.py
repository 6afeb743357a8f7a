"""Cursor pages: fills a page from upstream pages that hold other things too, or that know no `before`."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json, UpstreamError, V2Error, refuse_value

MOST_PER_REQUEST = 100
DEFAULT_LIMIT = 20
OPPOSITE = {"asc": "desc", "desc": "asc"}


def every(
    api: OpenAIApi, path: str, order: str, after: str | None = None, size: int = MOST_PER_REQUEST
) -> Iterator[Json]:
    """All objects of an upstream list behind `after`, page by page, requested as they are consumed."""
    while True:
        query: Json = {"limit": size, "order": order}
        page = api.get(path, query | ({"after": after} if after else {}))
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        after = page["data"][-1]["id"]


def read(
    api: OpenAIApi,
    path: str,
    query: dict[str, str],
    keep: Callable[[Json], bool],
    cursor: Callable[[str], str] = str,
) -> tuple[list[Json], bool]:
    """One v2 page (limit, order, after, before) of the objects to keep -> (objects, whether there are more).

    `before` alone is read backwards from its cursor; with `after` the page is of what lies between."""
    limit, order = _limit(query), _order(query)
    after, before = (cursor(query[name]) if name in query else None for name in ("after", "before"))
    if before is not None and after is not None:
        between = list(filter(keep, _until(before, every(api, path, order, after))))
        return between[:limit], len(between) > limit
    backwards = before is not None
    found = every(
        api,
        path,
        OPPOSITE[order] if backwards else order,
        before if backwards else after,
        size=min(MOST_PER_REQUEST, max(limit + 1, DEFAULT_LIMIT)),
    )
    try:
        page = list(islice(filter(keep, found), limit + 1))
    except UpstreamError as refusal:
        if backwards and (refusal.details() or {}).get("param") == "after":  # which the caller did not send
            raise _not_in_list(query, "before") from refusal
        raise
    kept = page[:limit]
    return (kept[::-1] if backwards else kept), len(page) > limit


def _until(end: str, found: Iterable[Json]) -> list[Json]:
    """What comes before the object with this id; nothing where it does not come at all."""
    passed: list[Json] = []
    for item in found:
        if item["id"] == end:
            return passed
        passed.append(item)
    return []


def cut(objects: list[Json], query: dict[str, str]) -> tuple[list[Json], bool]:
    """The same page of a list that is at hand whole, oldest first."""
    limit, order = _limit(query), _order(query)
    ordered = objects if order == "asc" else objects[::-1]
    ids = [item["id"] for item in ordered]
    start = _place(ids, query, "after") + 1 if "after" in query else 0
    end = _place(ids, query, "before") if "before" in query else len(ids)
    between = ordered[start:end]
    backwards = "before" in query and "after" not in query
    return between[-limit:] if backwards else between[:limit], len(between) > limit


def _place(ids: list[str], query: dict[str, str], name: str) -> int:
    if query[name] not in ids:
        raise _not_in_list(query, name)
    return ids.index(query[name])


def _not_in_list(query: dict[str, str], name: str) -> V2Error:
    message = f"Invalid '{name}': {query[name][:140]!r} is not in this list."
    return V2Error(400, message, param=name, code="invalid_value")


def v2_list(data: list[Json], has_more: bool) -> Json:
    """v2's list object."""
    ends: dict[str, Any] = (
        {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
        if data
        else {"first_id": None, "last_id": None}
    )
    return {"object": "list", "data": data, **ends, "has_more": has_more}


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_PER_REQUEST:
        refuse_value("limit", f"{text[:40]!r} is not between 1 and {MOST_PER_REQUEST}")
    return int(text)


def _order(query: dict[str, str]) -> str:
    order = query.get("order", "desc")
    if order not in OPPOSITE:
        refuse_value("order", f"{order[:40]!r} is neither asc nor desc")
    return order
