"""Cuts v2's cursor pages out of upstream lists, which hold other objects too and know no `before`."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json, UpstreamError, V2Error, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MAX_PAGE_LIMIT = 100  # of v2's lists and of today's
DEFAULT_PAGE_LIMIT = 20
MAX_PAGES = 10  # of upstream, for one of v2's
OPPOSITE_ORDER = {"asc": "desc", "desc": "asc"}


class Page(NamedTuple):
    """Objects of an upstream list, and whether there are more behind them."""

    objects: list[Json]
    has_more: bool


def iterate_pages(
    api: OpenAIApi, path: str, order: str, after: str | None = None, page_size: int = MAX_PAGE_LIMIT
) -> Iterator[Page]:
    """The pages of an upstream list behind the cursor `after`, requested as they are needed.

    A page may come shorter than it was asked for, because its objects are long: then so is the next one."""
    has_more = True
    while has_more:
        query: Json = {"limit": page_size, "order": order}
        page = api.get(path, query | ({"after": after} if after else {}))
        objects = page.pop("data")  # else this page would be held here while the next one is read
        has_more = bool(page.get("has_more") and objects)
        if has_more:
            after, page_size = objects[-1]["id"], min(page_size, 2 * len(objects))
        yield Page(objects, has_more)
        del objects


def iterate_all(api: OpenAIApi, path: str, order: str) -> Iterator[Json]:
    """All objects of an upstream list. Pages are requested as they are needed."""
    for page in iterate_pages(api, path, order):
        while page.objects:
            yield page.objects.pop(0)


class _Wanted(NamedTuple):
    """The page that is asked for: at most `limit` objects that `keep` accepts of the list at this path."""

    api: OpenAIApi
    path: str
    order: str
    limit: int
    keep: Callable[[Json], bool]


def fetch_page(
    api: OpenAIApi,
    path: str,
    query: dict[str, str],
    keep: Callable[[Json], bool],
    to_cursor: Callable[[str], str],
) -> tuple[list[Json], bool]:
    """The upstream objects of one v2 page -> (objects, whether there may be more).

    `query` may hold v2's limit, order, after and before; V2Error 400 for a wrong one. Only objects that
    `keep` accepts count. `to_cursor` translates the id in `after` or `before`.
    `before` alone is read backwards from its cursor; together with `after` the page lies between both."""
    wanted = _Wanted(api, path, _parse_order(query), _parse_limit(query), keep)
    after, before = (to_cursor(query[name]) if name in query else None for name in ("after", "before"))
    if before is None:
        return _fetch_behind(wanted, after)
    if after is not None:
        return _fetch_between(wanted, after, before, _unknown_cursor_error(query, "before"))
    try:
        kept, has_more = _fetch_behind(wanted._replace(order=OPPOSITE_ORDER[wanted.order]), before)
    except UpstreamError as refusal:
        if (refusal.details() or {}).get("param") == "after":  # the caller sent `before`
            raise _unknown_cursor_error(query, "before") from refusal
        raise
    return kept[::-1], has_more


def _fetch_behind(wanted: _Wanted, cursor: str | None) -> tuple[list[Json], bool]:
    """The first objects behind the cursor.

    No request is made only to learn whether there are more: there may be, where upstream has other objects
    behind the last."""
    api, path, order, limit, keep = wanted
    kept: list[Json] = []
    page_size = min(MAX_PAGE_LIMIT, max(limit + 1, DEFAULT_PAGE_LIMIT))
    for number, page in enumerate(iterate_pages(api, path, order, cursor, page_size), start=1):
        kept += filter(keep, page.objects)
        if len(kept) > limit:
            return kept[:limit], True
        if kept and (len(kept) == limit or number >= MAX_PAGES or api.has_read_enough()):
            return kept, page.has_more
        page.objects.clear()
    return kept, False


def _fetch_between(
    wanted: _Wanted, after: str, before: str, unknown_before: V2Error
) -> tuple[list[Json], bool]:
    """The first objects behind `after` that lie ahead of `before`; none where that lies ahead of `after`.

    V2Error 400 where `before` lies too far away to tell. That it is unknown costs one request to find out."""
    api, path, order, limit, keep = wanted
    kept: list[Json] = []
    room, has_more, seen = limit, False, 0
    for number, page in enumerate(iterate_pages(api, path, order, after), start=1):
        ids = [one["id"] for one in page.objects]
        end = ids.index(before) if before in ids else len(ids)
        found = [*filter(keep, page.objects[:end])]
        kept, has_more = kept + found[:room], has_more or len(found) > room
        if end < len(ids):
            return kept, has_more
        del found
        page.objects.clear()
        if number == 1:
            _require_object(api, f"{path}/{before}", unknown_before)
        seen += len(ids)
        if number == MAX_PAGES and page.has_more:
            refuse_value("before", f"it is none of the {seen} objects behind 'after'")
        room = 0 if kept and api.has_read_enough() else limit - len(kept)
    return [], False


def _require_object(api: OpenAIApi, path: str, unknown: V2Error) -> None:
    try:
        api.get(path)
    except UpstreamError as refusal:
        if refusal.status == 404:
            raise unknown from refusal
        raise


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
