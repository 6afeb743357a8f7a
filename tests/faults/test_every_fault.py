"""Every action under every fault of the upstream: an envelope, the contract's status, words to act on,
in time. The process is as good as new for the next call."""

import json
import time
from collections.abc import Callable, Iterable
from functools import partial

import pytest

from tests.backends import Backend
from tests.faults.calls import CALLS, READ_AND_CHANGE, make_call, standing_call
from tests.faults.proxy import CUT, LOST, SILENT, TRICKLE, UNREAD, UNSENT, Fault, body, status
from tests.invoke import CAUTION, Json

SHORT_SECONDS = 0.06  # what a call gets that waits in vain
LATENESS_SECONDS = 1.0  # of a busy machine
STATUSES = {400: 400, 401: 500, 403: 500, 404: 404, 408: 504, 409: 409, 413: 413, 422: 400, 429: 429}
STATUSES |= dict.fromkeys((500, 502, 503, 529), 502) | {504: 504}
REASON = b'{"error": {"message": "It was not to be.", "type": "x", "param": null, "code": null}}'
HTML = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"
IN_HTML = body("that is HTML", HTML)
UNREADABLE = [
    body("that is empty", b""),
    body("that is no JSON", b'{"id": "thread_1", '),
    body("that is no UTF-8", b'{"id": "\xff\xfe"}'),
    body("too deep", b"[" * 100_000),
]
MISSHAPEN = [
    body("that is null", b"null"),
    body("that is a list", b"[1, 2]"),
    body("that is an empty object", b"{}"),
    body("of another kind", b'{"id": "x", "object": "chat.completion", "choices": []}'),
    body(
        "of a wrong shape",
        b'{"id": {}, "object": 5, "data": 3, "metadata": [], "output": "x", "status": null}',
    ),
    body("with wrong entries", b'{"object": "list", "data": [null, 5, {"id": 1}], "has_more": "x"}'),
]
# Every action meets one fault of each kind; its like meet a read and a change.
EVERY_ACTION: list[tuple[Fault, int]] = [
    *((fault, 502) for fault in (UNREAD, UNSENT, LOST, CUT, IN_HTML, *MISSHAPEN)),
    *((fault, 504) for fault in (SILENT, TRICKLE)),
    *((status(number, REASON), STATUSES[number]) for number in (400, 401, 404, 408, 409, 429, 503)),
    (status(503, HTML, "503 in HTML"), 502),
]
THE_LIKE: list[tuple[Fault, int]] = [
    *((fault, 502) for fault in UNREADABLE),
    *((status(number, REASON), STATUSES[number]) for number in (403, 413, 422, 500, 502, 504, 529)),
    *((status(number, HTML, f"{number} in HTML"), STATUSES[number]) for number in (400, 404, 429)),
]


def check_answer(answer: Json, expected: int, sent: list[tuple[str, str]]) -> None:
    """Checks status and words; `sent` are (method, path) of the requests that went out."""
    assert answer["statusCode"] == expected, answer["body"]
    assert answer["body"]["success"] is False
    said = answer["body"]["error"]
    assert isinstance(said, str)
    assert said
    assert "Traceback" not in said
    assert "html" not in said
    changed = any(method != "GET" for method, _ in sent)
    if "the run is not lost" in said:
        return
    if expected in (502, 504):
        assert (CAUTION in said) == changed, said
        assert ("try again" in said) != changed, said
    else:
        assert CAUTION not in said


def is_ended_run(answer: Json) -> bool:
    """Whether the run was told in the part of a stream that came, and could be followed to its end."""
    data = answer["body"]["data"] or {}
    return answer["statusCode"] == 200 and "runId" in data


def call_all(
    actions: Iterable[str],
    backend: Backend,
    expected: int,
    begin: Callable[[], object],
    end: Callable[[], object],
    *,
    seconds: float = 20.0,
    fresh: bool = False,
    may_be_followed: bool = False,
) -> None:
    wrong = []
    for action in actions:
        params = (make_call if fresh else standing_call)(action, backend)
        begin()
        already, begun = len(backend.proxy.seen), time.monotonic()
        answer = backend.call_within(seconds, **params)
        elapsed = time.monotonic() - begun
        end()
        sent = [(seen.method, seen.path) for seen in backend.proxy.seen[already:]]
        try:
            if not (may_be_followed and is_ended_run(answer)):
                check_answer(answer, expected, sent)
            assert elapsed < seconds + LATENESS_SECONDS
            backend.data(action="list-assistants", limit=1)
        except AssertionError as problem:
            wrong.append(f"{action}: {sent}: {problem}")
    assert not wrong, "\n".join(wrong)


def call_all_under(actions: Iterable[str], backend: Backend, fault: Fault, expected: int) -> None:
    """Calls these actions while every request meets the fault."""
    seconds = SHORT_SECONDS if fault.ending in ("silence", "trickle") else 20.0
    begin = partial(backend.proxy.inject, fault)
    call_all(
        actions,
        backend,
        expected,
        begin,
        backend.proxy.heal,
        seconds=seconds,
        fresh=fault.carried_out,
        may_be_followed=fault is CUT,
    )


@pytest.mark.parametrize(("fault", "expected"), EVERY_ACTION, ids=[fault.name for fault, _ in EVERY_ACTION])
def test_every_action_survives_a_fault_of_every_request(
    backend: Backend, fault: Fault, expected: int
) -> None:
    call_all_under(CALLS, backend, fault, expected)


@pytest.mark.parametrize(("fault", "expected"), THE_LIKE, ids=[fault.name for fault, _ in THE_LIKE])
def test_a_read_and_a_change_survive_every_other_fault(backend: Backend, fault: Fault, expected: int) -> None:
    call_all_under(READ_AND_CHANGE, backend, fault, expected)


def test_every_action_survives_an_upstream_that_is_gone(backend: Backend) -> None:
    call_all(CALLS, backend, 502, backend.proxy.close, backend.proxy.open)


def test_an_answer_of_50_megabytes_is_not_kept_in_memory(backend: Backend) -> None:
    huge = json.dumps({"id": "x" * 50_000_000}).encode()
    params = [make_call(action, backend) for action in READ_AND_CHANGE]
    backend.proxy.inject(body("of 50 MB", huge))
    answers = [backend.call(**one) for one in params]
    backend.proxy.heal()
    assert [answer["statusCode"] for answer in answers] == [502, 502]
    assert [CAUTION in answer["body"]["error"] for answer in answers] == [False, True]
    backend.data(action="list-assistants", limit=1)


def test_many_answers_that_trickle_use_nothing_up(backend: Backend) -> None:
    params = make_call("get-thread", backend)
    backend.proxy.inject(TRICKLE)
    answers = [backend.call_within(0.1, **params)["statusCode"] for _ in range(12)]
    backend.proxy.heal()
    assert answers == [504] * 12
    begun = time.monotonic()
    assert backend.data(**params)["threadId"] == params["threadId"]
    assert time.monotonic() - begun < LATENESS_SECONDS
