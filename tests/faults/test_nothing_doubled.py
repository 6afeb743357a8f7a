"""Every change under a fault of one request: never made twice, and its answer tells the truth about it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.backends import Backend
from tests.faults.calls import CHANGES, WEATHER, make_call
from tests.faults.proxy import CUT, GONE, LOST, SILENT_AFTER, UNREAD, Fault, Seen, body, status
from tests.invoke import CAUTION, Json

SHORT_SECONDS = 1.0  # of which a change waits four fifths before it is looked for
CHANGE = "POST|DELETE"
# Where OpenAI can tell whether the change was made, the function asks.
RECONCILED = (
    *("update-assistant", "delete-thread", "delete-assistant", "update-thread", "cancel-run"),
    "delete-message",
)


def call_under(backend: Backend, fault: Fault, params: Json, **more: Any) -> tuple[Json, list[Seen]]:
    """Calls while the fault strikes changes; returns the answer and the changes that went out."""
    seconds = SHORT_SECONDS if fault.ending == "silence" else 20.0
    already = len(backend.proxy.seen)
    backend.proxy.inject(fault, method=CHANGE, **more)
    answer = backend.call_within(seconds, **params)
    backend.proxy.heal()
    return answer, [seen for seen in backend.proxy.seen[already:] if seen.method != "GET"]


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        # every change meets one fault that lets it through, and one that does not; three meet their like
        *((action, fault) for action in CHANGES for fault in (LOST, UNREAD)),
        *(
            (action, fault)
            for action in ("delete-thread", "cancel-run", "send-message")
            for fault in (CUT, status(500), body("that is HTML", b"<html>"), SILENT_AFTER)
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else given.name,
)
def test_a_change_that_may_be_made_is_not_repeated(backend: Backend, action: str, fault: Fault) -> None:
    params = make_call(action, backend)
    answer, changes = call_under(backend, fault, params, times=1)
    struck = [seen for seen in changes if seen.fault == fault.name]
    assert len(struck) == 1
    assert [seen.path for seen in changes].count(struck[0].path) == 1
    if fault.carried_out and action in RECONCILED:
        assert (answer["statusCode"], answer["body"]["error"]) == (200, None)
    else:
        assert answer["statusCode"] in (502, 504)
        assert CAUTION in answer["body"]["error"]


TRUTHS: dict[str, Callable[[Backend, Json], bool]] = {
    "update-assistant": lambda backend, p: (
        backend.data(action="get-assistant", assistantId=p["assistantId"])["name"] == p["name"]
    ),
    "update-thread": lambda backend, p: (
        backend.data(action="get-thread", threadId=p["threadId"])["metadata"] == p["metadata"]
    ),
    "delete-thread": lambda backend, p: (
        backend.call(action="get-thread", threadId=p["threadId"])["statusCode"] == 404
    ),
    "delete-assistant": lambda backend, p: (
        backend.call(action="get-assistant", assistantId=p["assistantId"])["statusCode"] == 404
    ),
    "delete-message": lambda backend, p: backend.texts(p["threadId"]) == [],
    "cancel-run": lambda backend, p: (
        backend.call(**{**p, "action": "get-run", "wait": 0})["body"]["data"]["status"] == "cancelled"
    ),
}


@pytest.mark.parametrize("fault", [LOST, UNREAD, status(503)], ids=lambda fault: fault.name)
@pytest.mark.parametrize("action", RECONCILED)
def test_a_change_is_found_made_exactly_where_it_was_made(
    backend: Backend, action: str, fault: Fault
) -> None:
    params = make_call(action, backend)
    answer, _ = call_under(backend, fault, params, times=1)
    assert TRUTHS[action](backend, params) == fault.carried_out
    assert answer["body"]["success"] == fault.carried_out


def test_a_change_that_is_found_made_is_answered_like_the_change_itself(backend: Backend) -> None:
    for action in RECONCILED:
        plain = backend.call(**make_call(action, backend))["body"]
        found, _ = call_under(backend, LOST, make_call(action, backend), times=1)
        changing = ("assistantId", "threadId", "runId", "messageId", "createdAt", "usage")
        datas = [
            {k: v for k, v in one["data"].items() if k not in changing} for one in (plain, found["body"])
        ]
        assert datas[0] == datas[1], action


def test_an_update_that_changes_back_is_not_taken_for_made(backend: Backend) -> None:
    assistant = backend.assistant(tools=[WEATHER])
    given = {"assistantId": assistant, "temperature": 0, "metadata": {"a": "b", "c": "d"}}
    backend.data(action="update-assistant", **given)
    changes: tuple[Json, ...] = (
        {"temperature": None},
        {"metadata": {"a": "b"}},
        {"metadata": {}},
        {"tools": []},
    )
    for change in changes:
        params = {"action": "update-assistant", "assistantId": assistant, **change}
        answer, _ = call_under(backend, UNREAD, params, times=1)
        assert answer["statusCode"] == 502, change
        answer, _ = call_under(backend, LOST, params, times=1)
        assert answer["statusCode"] == 200, change
        backend.data(action="update-assistant", **given, tools=[{"type": "file_search"}])


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_that_meets_a_rate_limit_is_made_once(backend: Backend, action: str) -> None:
    params = make_call(action, backend)
    answer, changes = call_under(backend, status(429), params, times=2)
    assert answer["statusCode"] == 200, answer["body"]
    carried_out = [(seen.method, seen.path) for seen in changes if seen.carried_out]
    assert len(carried_out) == len(set(carried_out))
    assert len(changes) == len(carried_out) + 2


@pytest.mark.parametrize("action", CHANGES)
def test_a_used_up_quota_is_told_at_once(backend: Backend, action: str) -> None:
    quota = b'{"error": {"message": "You exceeded your quota.", "code": "insufficient_quota", "type": "x"}}'
    answer, changes = call_under(backend, status(429, quota), make_call(action, backend))
    assert (answer["statusCode"], len(changes)) == (429, 1)
    assert "You exceeded your quota." in answer["body"]["error"]


def test_a_message_added_for_a_run_that_was_never_reached_is_told(backend: Backend) -> None:
    """On today's OpenAI the message is added first; then nothing listens when the run should start."""
    params = make_call("run-assistant", backend)
    backend.proxy.inject(GONE, method="POST", path="/(items|runs)$", times=1)
    answer = backend.call(**params)
    backend.proxy.open()
    if backend.name == "responses":
        assert CAUTION in answer["body"]["error"]
    else:
        assert answer["body"]["data"]["runId"]


def test_a_refused_run_takes_its_message_back(backend: Backend) -> None:
    params = make_call("run-assistant", backend)
    for refusal in (status(429), status(400), status(404)):
        call_under(backend, refusal, params, path="/(responses|runs)$")
    listed = backend.data(action="list-messages", threadId=params["threadId"])
    assert listed["messages"] == []


def test_a_run_that_started_is_told_whatever_comes_then(backend: Backend) -> None:
    params = make_call("run-assistant", backend)
    backend.proxy.inject(status(401), method="GET", path="/(responses|runs)/")
    answer = backend.function(RUN_STREAMING="off")(**params)
    backend.proxy.heal()
    assert answer["statusCode"] == 500
    run = answer["body"]["data"]
    again = backend.data(action="get-run", threadId=run["threadId"], runId=run["runId"])
    assert (again["runId"], again["status"]) == (run["runId"], "completed")


def test_a_poll_that_fails_ends_nothing(backend: Backend) -> None:
    params = make_call("run-assistant", backend)
    backend.proxy.inject(LOST, method="GET", path="/(responses|runs)/", times=4)
    assert backend.function(RUN_STREAMING="off").data(**params)["status"] == "completed"


def test_a_chat_that_stops_half_way_tells_its_thread(backend: Backend) -> None:
    backend.proxy.inject(LOST, method="POST", path="/(responses|runs)$", times=1)
    answer = backend.call(**make_call("chat", backend))
    backend.proxy.heal()
    assert answer["statusCode"] == 502
    assert CAUTION in answer["body"]["error"]
    thread = answer["body"]["threadId"]
    listed = backend.data(action="list-messages", threadId=thread)["messages"]
    assert [one["content"] for one in listed if one["role"] == "user"] == ["hi"]


@pytest.mark.parametrize("lasting_backend", ["responses"], indirect=True)
def test_a_thread_that_is_half_made_is_named(backend: Backend) -> None:
    """Its messages beyond the first 20 are added by a second request."""
    backend.proxy.inject(LOST, method="POST", path="/items$", times=1)
    messages = [{"role": "user", "content": str(number)} for number in range(21)]
    answer = backend.call(action="create-thread", messages=messages)
    backend.proxy.heal()
    assert answer["statusCode"] == 502
    thread = answer["body"]["threadId"]
    assert f"{thread} exists, perhaps without some of its messages.; {CAUTION}" in answer["body"]["error"]
    assert backend.texts(thread)[:20] == [str(number) for number in range(20)]
