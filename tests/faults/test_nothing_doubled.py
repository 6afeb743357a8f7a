"""Every change under a fault of one request: never made twice, and its answer tells the truth about it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.proxy import CUT, GONE, LOST, SILENT_AFTER, UNREAD, Fault, Seen, status
from tests.faults.room import CHANGES, Room, call_of
from tests.faults.test_every_fault import CAUTION, body
from tests.invoke import Json

SHORT_SECONDS = 1.0  # of which a change waits four fifths before it is looked for
CHANGE = "POST|DELETE"
NEVER_KNOWN = [LOST, CUT, UNREAD, status(500), body("that is HTML", b"<html>")]
# Where OpenAI can tell whether the change was made, the function asks.
FOUND_OUT = ("update-assistant", "delete-thread", "delete-assistant", "update-thread", "cancel-run")


def answer_under(room: Room, fault: Fault, params: Json, **more: Any) -> tuple[Json, list[Seen]]:
    """The answer, and the changes that went out."""
    seconds = SHORT_SECONDS if fault.ending == "silence" else 20.0
    already = len(room.proxy.seen)
    room.proxy.inject(fault, method=CHANGE, **more)
    answer = room.call(seconds, **params)
    room.proxy.heal()
    return answer, [seen for seen in room.proxy.seen[already:] if seen.method != "GET"]


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        *((action, fault) for action in CHANGES for fault in NEVER_KNOWN),
        *((action, SILENT_AFTER) for action in ("delete-thread", "cancel-run", "send-message")),
    ],
    ids=lambda given: given if isinstance(given, str) else given.name,
)
def test_a_change_that_may_be_made_is_not_repeated(room: Room, action: str, fault: Fault) -> None:
    params = call_of(action, room)
    answer, changes = answer_under(room, fault, params, times=1)
    struck = [seen for seen in changes if seen.fault == fault.name]
    assert len(struck) == 1
    assert [seen.path for seen in changes].count(struck[0].path) == 1
    if fault.carried_out and action in FOUND_OUT:
        assert (answer["statusCode"], answer["body"]["error"]) == (200, None)
    else:
        assert answer["statusCode"] in (502, 504)
        assert CAUTION in answer["body"]["error"]


TRUTHS: dict[str, Callable[[Room, Json], bool]] = {
    "update-assistant": lambda room, p: (
        room.done(action="get-assistant", assistantId=p["assistantId"])["name"] == p["name"]
    ),
    "update-thread": lambda room, p: (
        room.done(action="get-thread", threadId=p["threadId"])["metadata"] == p["metadata"]
    ),
    "delete-thread": lambda room, p: (
        room.call(action="get-thread", threadId=p["threadId"])["statusCode"] == 404
    ),
    "delete-assistant": lambda room, p: (
        room.call(action="get-assistant", assistantId=p["assistantId"])["statusCode"] == 404
    ),
    "cancel-run": lambda room, p: (
        room.call(**{**p, "action": "get-run", "wait": 0})["body"]["data"]["status"] == "cancelled"
    ),
}


@pytest.mark.parametrize("fault", [LOST, UNREAD, status(503)], ids=lambda fault: fault.name)
@pytest.mark.parametrize("action", FOUND_OUT)
def test_what_is_found_out_is_true(room: Room, action: str, fault: Fault) -> None:
    params = call_of(action, room)
    answer, _ = answer_under(room, fault, params, times=1)
    assert TRUTHS[action](room, params) == fault.carried_out
    assert answer["body"]["success"] == fault.carried_out


def test_what_is_found_out_is_answered_like_the_change_itself(room: Room) -> None:
    for action in FOUND_OUT:
        plain = room.call(**call_of(action, room))["body"]
        found, _ = answer_under(room, LOST, call_of(action, room), times=1)
        changing = ("assistantId", "threadId", "runId", "createdAt", "usage")
        datas = [
            {k: v for k, v in one["data"].items() if k not in changing} for one in (plain, found["body"])
        ]
        assert datas[0] == datas[1], action


def test_an_update_that_changes_back_is_not_taken_for_made(room: Room) -> None:
    assistant = room.assistant()
    given = {"assistantId": assistant, "temperature": 0, "metadata": {"a": "b", "c": "d"}}
    room.done(action="update-assistant", **given)
    changes: tuple[Json, ...] = (
        {"temperature": None},
        {"metadata": {"a": "b"}},
        {"metadata": {}},
        {"tools": []},
    )
    for change in changes:
        params = {"action": "update-assistant", "assistantId": assistant, **change}
        answer, _ = answer_under(room, UNREAD, params, times=1)
        assert answer["statusCode"] == 502, change
        answer, _ = answer_under(room, LOST, params, times=1)
        assert answer["statusCode"] == 200, change
        room.done(action="update-assistant", **given, tools=[{"type": "file_search"}])


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_that_meets_a_rate_limit_is_made_once(room: Room, action: str) -> None:
    params = call_of(action, room)
    answer, changes = answer_under(room, status(429), params, times=2)
    assert answer["statusCode"] == 200, answer["body"]
    carried_out = [(seen.method, seen.path) for seen in changes if seen.carried_out]
    assert len(carried_out) == len(set(carried_out))
    assert len(changes) == len(carried_out) + 2


@pytest.mark.parametrize("action", CHANGES)
def test_a_used_up_quota_is_told_at_once(room: Room, action: str) -> None:
    quota = b'{"error": {"message": "You exceeded your quota.", "code": "insufficient_quota", "type": "x"}}'
    answer, changes = answer_under(room, status(429, quota), call_of(action, room))
    assert (answer["statusCode"], len(changes)) == (429, 1)
    assert "You exceeded your quota." in answer["body"]["error"]


def test_a_message_added_for_a_run_that_was_never_reached_is_told(room: Room) -> None:
    """On today's OpenAI the message goes first; nothing listens when the run should start."""
    params = call_of("run-assistant", room)
    room.proxy.inject(GONE, method="POST", path="/(items|runs)$", times=1)
    answer = room.call(**params)
    room.proxy.open()
    if room.backend == "responses":
        assert CAUTION in answer["body"]["error"]
    else:
        assert answer["body"]["data"]["runId"]


def test_a_refused_run_takes_its_message_back(room: Room) -> None:
    params = call_of("run-assistant", room)
    for refusal in (status(429), status(400), status(404)):
        answer_under(room, refusal, params, path="/(responses|runs)$")
    listed = room.done(action="list-messages", threadId=params["threadId"])
    assert listed["messages"] == []


def test_a_run_that_started_is_told_whatever_comes_then(room: Room) -> None:
    params = call_of("run-assistant", room)
    room.proxy.inject(status(401), method="GET", path="/(responses|runs)/")
    answer = room.call(**params)
    room.proxy.heal()
    assert answer["statusCode"] == 500
    run = answer["body"]["data"]
    again = room.done(action="get-run", threadId=run["threadId"], runId=run["runId"])
    assert (again["runId"], again["status"]) == (run["runId"], "completed")


def test_a_poll_that_fails_ends_nothing(room: Room) -> None:
    params = call_of("run-assistant", room)
    room.proxy.inject(LOST, method="GET", path="/(responses|runs)/", times=4)
    assert room.done(**params)["status"] == "completed"


def test_a_chat_that_stops_half_way_tells_its_thread(room: Room) -> None:
    room.proxy.inject(LOST, method="POST", path="/(responses|runs)$", times=1)
    answer = room.call(**call_of("chat", room))
    room.proxy.heal()
    assert answer["statusCode"] == 502
    assert CAUTION in answer["body"]["error"]
    thread = answer["body"]["threadId"]
    listed = room.done(action="list-messages", threadId=thread)["messages"]
    assert [one["content"] for one in listed if one["role"] == "user"] == ["hi"]
