"""Cuts v2's cursor pages out of upstream lists, which hold other objects too and know no `before`."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json, UpstreamError, V2Error, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MAX_PAGE_LIMIT = 100  # of v2's lists and of today's
DEFAULT_PAGE_LIMIT = 20
OPPOSITE_ORDER = {"asc": "desc", "desc": "asc"}


def iterate_all(
    api: OpenAIApi, path: str, order: str, after: str | None = None, page_size: int = MAX_PAGE_LIMIT
) -> Iterator[Json]:
    """All objects of an upstream list behind the cursor `after`. Pages are requested as they are needed."""
    while True:
        query: Json = {"limit": page_size, "order": order}
        page = api.get(path, query | ({"after": after} if after else {}))
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        after = page["data"][-1]["id"]


def fetch_page(
    api: OpenAIApi,
    path: str,
    query: dict[str, str],
    keep: Callable[[Json], bool],
    to_cursor: Callable[[str], str],
) -> tuple[list[Json], bool]:
    """The upstream objects of one v2 page -> (objects, whether there are more).

    `query` may hold v2's limit, order, after and before; V2Error 400 for a wrong one. Only objects that
    `keep` accepts count. `to_cursor` translates the id in `after` or `before`.
    `before` alone is read backwards from its cursor; together with `after` the page lies between both."""
    limit, order = _parse_limit(query), _parse_order(query)
    after, before = (to_cursor(query[name]) if name in query else None for name in ("after", "before"))
    if before is not None and after is not None:
        between = list(filter(keep, _take_until(before, iterate_all(api, path, order, after))))
        return between[:limit], len(between) > limit
    backwards = before is not None
    found = iterate_all(
        api,
        path,
        OPPOSITE_ORDER[order] if backwards else order,
        before if backwards else after,
        page_size=min(MAX_PAGE_LIMIT, max(limit + 1, DEFAULT_PAGE_LIMIT)),
    )
    try:
        page = list(islice(filter(keep, found), limit + 1))
    except UpstreamError as refusal:
        if backwards and (refusal.details() or {}).get("param") == "after":  # the caller sent `before`
            raise _unknown_cursor_error(query, "before") from refusal
        raise
    kept = page[:limit]
    return (kept[::-1] if backwards else kept), len(page) > limit


def slice_page(objects: "list[v2.Listed]", query: dict[str, str]) -> "tuple[list[v2.Listed], bool]":
    """The same page, cut out of a whole list that is at hand, oldest first."""
    limit, order = _parse_limit(query), _parse_order(query)
    ordered = objects if order == "asc" else objects[::-1]
    ids = [str(item["id"]) for item in ordered]
    start = _find_cursor(ids, query, "after") + 1 if "after" in query else 0
    end = _find_cursor(ids, query, "before") if "before" in query else len(ids)
    between = ordered[start:end]
    backwards = "before" in query and "after" not in query
    return between[-limit:] if backwards else between[:limit], len(between) > limit


def make_list(data: "list[v2.Listed]", has_more: bool) -> "v2.List[v2.Listed]":
    """v2's list object around the objects of one page."""
    first_id, last_id = (str(data[0]["id"]), str(data[-1]["id"])) if data else (None, None)
    return {"object": "list", "data": data, "first_id": first_id, "last_id": last_id, "has_more": has_more}


def _take_until(end_id: str, objects: Iterable[Json]) -> list[Json]:
    """The objects ahead of the one with this id; none if it does not come at all."""
    taken: list[Json] = []
    for item in objects:
        if item["id"] == end_id:
            return taken
        taken.append(item)
    return []


def _find_cursor(ids: list[str], query: dict[str, str], name: str) -> int:
    if query[name] not in ids:
        raise _unknown_cursor_error(query, name)
    return ids.index(query[name])


def _unknown_cursor_error(query: dict[str, str], name: str) -> V2Error:
    message = f"Invalid '{name}': {query[name][:140]!r} is not in this list."
    return V2Error(400, message, param=name, code="invalid_value")


def _parse_limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_PAGE_LIMIT))
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_PAGE_LIMIT:
        refuse_value("limit", f"{text[:40]!r} is not between 1 and {MAX_PAGE_LIMIT}")
    return int(text)


def _parse_order(query: dict[str, str]) -> str:
    order = query.get("order", "desc")
    if order not in OPPOSITE_ORDER:
        refuse_value("order", f"{order[:40]!r} is neither asc nor desc")
    return order
