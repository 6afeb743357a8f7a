"""Cursor pages: any page of v2's, from an upstream that knows no `before` and holds other things too."""

from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.fakes import CONVERSATION, fake_answers, make_message, make_page, make_response, send_raw

Item = dict[str, Any]


def conversation(items: list[Item]) -> Any:
    """An upstream that lists these items, oldest first, the way today's OpenAI does."""

    def upstream(request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.endswith("/items"):
            return httpx2.Response(200, json=CONVERSATION)
        query = dict(request.url.params)
        assert query.keys() <= {"limit", "order", "after"}
        ordered = items if query["order"] == "asc" else items[::-1]
        ids = [item["id"] for item in ordered]
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        end = start + int(query["limit"])
        assert 1 <= int(query["limit"]) <= 100
        return httpx2.Response(200, json=make_page(*ordered[start:end], has_more=end < len(ordered)))

    return upstream


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
    items, query = drawn
    answer = send_raw(
        conversation(items), "GET", "/threads/thread_1/messages?" + str(httpx2.QueryParams(query))
    )
    wanted, has_more = v2s_page([one["id"] for one in items if one["type"] == "message"], query)
    ends = {"first_id": wanted[0], "last_id": wanted[-1]} if wanted else {"first_id": None, "last_id": None}
    shown = answer.json()
    assert [one["id"] for one in shown.pop("data")] == wanted
    assert shown == {"object": "list", "has_more": has_more, **ends}


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
@given(threads())
def test_all_pages_together_are_the_thread(drawn: tuple[list[Item], dict[str, str]]) -> None:
    items, query = drawn
    together: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        asked_for = {"limit": query.get("limit", "20"), "order": query.get("order", "desc"), **cursor}
        path = "/threads/thread_1/messages?" + str(httpx2.QueryParams(asked_for))
        shown = send_raw(conversation(items), "GET", path).json()
        together += [one["id"] for one in shown["data"]]
        if not shown["has_more"]:
            break
        cursor = {"after": shown["last_id"]}
    ids = [item["id"] for item in items if item["type"] == "message"]
    assert together == (ids if query.get("order") == "asc" else ids[::-1])


def test_a_page_is_filled_although_only_other_items_come_first() -> None:
    others = [{"id": f"rs_{n}", "type": "reasoning"} for n in range(250)]
    seen: list[httpx2.Request] = []
    upstream = conversation([make_message(1), make_message(2), *others])

    def counted(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        answer: httpx2.Response = upstream(request)
        return answer

    shown = send_raw(counted, "GET", "/threads/thread_1/messages?limit=100").json()
    assert [one["id"] for one in shown["data"]] == ["msg_2", "msg_1"]
    assert len(seen) == 4  # three pages, and what the thread notes


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "²", "1e1", "9" * 30])
def test_a_limit_outside_1_to_100_is_refused(limit: str) -> None:
    path = "/threads/thread_1/messages?" + str(httpx2.QueryParams({"limit": limit}))
    answer = send_raw(conversation([]), "GET", path)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")


def test_an_unknown_order_is_refused() -> None:
    answer = send_raw(conversation([]), "GET", "/assistants?order=up")
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
