"""Cursor pages: any page of v2's, from an upstream that knows no `before` and holds other things too."""

import math
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.fakes import CONVERSATION, fake_answers, make_message, make_page, make_response, send_raw

Item = dict[str, Any]


class Conversation:
    """An upstream that lists these items, oldest first, as today's OpenAI does, at most `longest` a page.

    `asked` are the requests."""

    def __init__(self, items: list[Item], longest: int = 100) -> None:
        self.items, self.longest = items, longest
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        items, place = self.items, request.url.path.partition("/items")
        if not place[1]:
            return httpx2.Response(200, json=CONVERSATION)
        if place[2]:
            known = place[2][1:] in [item["id"] for item in items]
            return httpx2.Response(200 if known else 404, json={})
        query = dict(request.url.params)
        assert query.keys() <= {"limit", "order", "after"}
        ordered = items if query["order"] == "asc" else items[::-1]
        ids = [item["id"] for item in ordered]
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        assert 1 <= int(query["limit"]) <= 100
        end = start + min(self.longest, int(query["limit"]))
        return httpx2.Response(200, json=make_page(*ordered[start:end], has_more=end < len(ordered)))


def v2s_page(ids: list[str], query: dict[str, str]) -> tuple[list[str], bool]:
    """What v2 answers: of the ordered list what lies behind `after` and ahead of `before`."""
    ordered = ids if query.get("order") == "asc" else ids[::-1]
    start = ordered.index(query["after"]) + 1 if "after" in query else 0
    end = ordered.index(query["before"]) if "before" in query else len(ordered)
    between, limit = ordered[start:end], int(query.get("limit", 20))
    nearest = between[-limit:] if "before" in query and "after" not in query else between[:limit]
    return nearest, len(between) > limit


@st.composite
def asked(draw: st.DrawFn, ids: list[str]) -> dict[str, str]:
    query: dict[str, str] = {}
    if draw(st.booleans()):
        query["limit"] = str(draw(st.integers(1, 100) | st.integers(1, 4)))
    if draw(st.booleans()):
        query["order"] = draw(st.sampled_from(["asc", "desc"]))
    for name in ("after", "before") if ids else ():
        if draw(st.booleans()):
            query[name] = draw(st.sampled_from(ids))
    return query


@st.composite
def threads(draw: st.DrawFn) -> tuple[list[Item], dict[str, str]]:
    kinds = draw(st.lists(st.sampled_from("mmr"), max_size=30))
    stretch = draw(st.sampled_from([1, 1, 9]))
    items = [
        make_message(n) if kind == "m" else {"id": f"rs_{n}", "type": "reasoning"}
        for n, kind in enumerate(kinds * stretch)
    ]
    return items, draw(asked([item["id"] for item in items if item["type"] == "message"]))


@settings(deadline=None)
@given(threads())
def test_a_page_of_a_thread_is_v2s(drawn: tuple[list[Item], dict[str, str]]) -> None:
    """But for `has_more`, which may be true where only items that are no messages follow."""
    items, query = drawn
    answer = send_raw(
        Conversation(items), "GET", "/threads/thread_1/messages?" + str(httpx2.QueryParams(query))
    )
    wanted, has_more = v2s_page([one["id"] for one in items if one["type"] == "message"], query)
    ends = {"first_id": wanted[0], "last_id": wanted[-1]} if wanted else {"first_id": None, "last_id": None}
    shown = answer.json()
    assert [one["id"] for one in shown.pop("data")] == wanted
    assert shown.pop("has_more") >= has_more
    assert shown == {"object": "list", **ends}


@settings(deadline=None)
@given(threads())
def test_a_page_of_a_run_is_v2s(drawn: tuple[list[Item], dict[str, str]]) -> None:
    items, query = drawn
    upstream, _ = fake_answers(make_response(output=items), CONVERSATION)
    path = "/threads/thread_1/messages?" + str(httpx2.QueryParams({**query, "run_id": "run_1"}))
    wanted, has_more = v2s_page([one["id"] for one in items if one["type"] == "message"], query)
    shown = send_raw(upstream, "GET", path).json()
    assert ([one["id"] for one in shown["data"]], shown["has_more"]) == (wanted, has_more)


@settings(deadline=None)
@given(threads(), st.sampled_from([1, 7, 100]), st.sampled_from([1, math.inf]))
def test_all_pages_together_are_the_thread(
    drawn: tuple[list[Item], dict[str, str]], longest: int, enough_bytes: float
) -> None:
    """However short the pages come from upstream, and how soon they are enough."""
    items, query = drawn
    together: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        asked_for = {"limit": query.get("limit", "20"), "order": query.get("order", "desc"), **cursor}
        path = "/threads/thread_1/messages?" + str(httpx2.QueryParams(asked_for))
        shown = send_raw(Conversation(items, longest), "GET", path, enough_bytes=enough_bytes).json()
        assert shown["data"] or not shown["has_more"]
        together += [one["id"] for one in shown["data"]]
        if not shown["has_more"]:
            break
        cursor = {"after": shown["last_id"]}
    ids = [item["id"] for item in items if item["type"] == "message"]
    assert together == (ids if query.get("order") == "asc" else ids[::-1])


def test_a_page_is_filled_although_only_other_items_come_first() -> None:
    others = [{"id": f"rs_{n}", "type": "reasoning"} for n in range(250)]
    upstream = Conversation([make_message(1), make_message(2), *others])
    shown = send_raw(upstream, "GET", "/threads/thread_1/messages?limit=100").json()
    assert [one["id"] for one in shown["data"]] == ["msg_2", "msg_1"]
    assert len(upstream.asked) == 4  # three pages, and what the thread notes


def list_messages(upstream: Conversation, **query: Any) -> httpx2.Response:
    return send_raw(upstream, "GET", f"/threads/thread_1/messages?{httpx2.QueryParams(query)}")


def count_page_requests(upstream: Conversation) -> int:
    return len([one for one in upstream.asked if "/items" in one.url.path])


@pytest.mark.parametrize(("messages", "limit"), [(99, 100), (100, 100), (250, 100), (30, 20), (250, 20)])
def test_a_page_asks_once_for_its_messages(messages: int, limit: int) -> None:
    upstream = Conversation([make_message(n) for n in range(messages)])
    shown = list_messages(upstream, limit=limit, order="asc").json()
    assert (len(shown["data"]), shown["has_more"]) == (min(messages, limit), messages > limit)
    assert count_page_requests(upstream) == 1


def test_what_was_found_is_shown_before_a_long_stretch_of_other_items_is_read() -> None:
    others = [{"id": f"rs_{n}", "type": "reasoning"} for n in range(2000)]
    upstream = Conversation([make_message(1), *others, make_message(2)])
    first = list_messages(upstream, limit=100, order="asc").json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (["msg_1"], True)
    assert count_page_requests(upstream) == 10
    second = list_messages(upstream, limit=100, order="asc", after="msg_1").json()
    assert ([one["id"] for one in second["data"]], second["has_more"]) == (["msg_2"], False)


@pytest.mark.parametrize("between", [0, 5, 150, 900])
def test_between_two_cursors_only_the_way_from_one_to_the_other_is_read(between: int) -> None:
    upstream = Conversation([make_message(n) for n in range(3000)])
    query = {"order": "asc", "after": "msg_10", "before": f"msg_{11 + between}"}
    shown = list_messages(upstream, limit=100, **query).json()
    assert [one["id"] for one in shown["data"]] == [f"msg_{11 + n}" for n in range(min(100, between))]
    assert shown["has_more"] == (between > 100)
    is_looked_up = between >= 100  # behind the first page it has to be worth the way
    assert count_page_requests(upstream) == between // 100 + 1 + is_looked_up


def test_an_unknown_end_costs_no_walk_through_the_thread() -> None:
    upstream = Conversation([make_message(n) for n in range(3000)])
    answer = list_messages(upstream, order="asc", after="msg_10", before="msg_none")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "before")
    assert error["message"] == "Invalid 'before': 'msg_none' is not in this list."
    assert count_page_requests(upstream) == 2


def test_an_end_that_lies_far_away_is_refused() -> None:
    upstream = Conversation([make_message(n) for n in range(3000)])
    answer = list_messages(upstream, order="asc", after="msg_10", before="msg_2000")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "before")
    assert error["message"] == "Invalid 'before': it is none of the 1000 objects behind 'after'."
    assert count_page_requests(upstream) == 11


def test_an_end_ahead_of_the_beginning_leaves_nothing_between() -> None:
    upstream = Conversation([make_message(n) for n in range(30)])
    answer = list_messages(upstream, order="asc", after="msg_20", before="msg_10")
    assert (answer.status_code, answer.json()["data"], answer.json()["has_more"]) == (200, [], False)


@pytest.mark.parametrize("query", [{}, {"before": "msg_299"}, {"after": "msg_0", "before": "msg_90"}])
def test_a_list_that_is_long_enough_for_its_caller_ends_and_says_so(query: dict[str, str]) -> None:
    upstream = Conversation([make_message(n) for n in range(300)], longest=10)
    path = "/threads/thread_1/messages?" + str(httpx2.QueryParams({"order": "asc", "limit": "100", **query}))
    whole, short = (
        send_raw(upstream, "GET", path, enough_bytes=enough).json() for enough in (math.inf, 2_500)
    )
    ids, shorter_ids = ([one["id"] for one in page["data"]] for page in (whole, short))
    assert (len(ids) > 80, len(shorter_ids), short["has_more"]) == (True, 20, True)
    assert shorter_ids == (ids[-20:] if query.keys() == {"before"} else ids[:20])


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "²", "1e1", "9" * 30])
def test_a_limit_outside_1_to_100_is_refused(limit: str) -> None:
    path = "/threads/thread_1/messages?" + str(httpx2.QueryParams({"limit": limit}))
    answer = send_raw(Conversation([]), "GET", path)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")


def test_an_unknown_order_is_refused() -> None:
    answer = send_raw(Conversation([]), "GET", "/assistants?order=up")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "order")


@pytest.mark.parametrize("name", ["after", "before"])
def test_a_cursor_that_is_not_in_the_runs_messages_is_refused(name: str) -> None:
    upstream, _ = fake_answers(make_response(output=[make_message(1)]), CONVERSATION)
    answer = send_raw(upstream, "GET", f"/threads/thread_1/messages?run_id=run_1&{name}=msg_2")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("path", ["/threads/thread_1/messages", "/assistants"])
def test_an_unknown_cursor_is_refused_under_the_name_that_the_caller_gave_it(path: str, name: str) -> None:
    error = {"message": "Invalid 'after': no such object.", "param": "after", "type": "x", "code": "x"}
    answer = send_raw(lambda _: httpx2.Response(400, json={"error": error}), "GET", f"{path}?{name}=msg_2")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)
    assert f"'{name}'" in answer.json()["error"]["message"]
