"""Every action under every fault of the upstream: an envelope, the contract's status, words to act on,
in time. The process is as good as new for the next call."""

import json
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.faults.proxy import CUT, LOST, SILENT, TRICKLE, UNREAD, UNSENT, Answer, Fault, status
from tests.faults.room import CALLS, Room, call_of, standing_call_of
from tests.invoke import Json

SHORT_SECONDS = 0.06  # what a call gets that waits in vain
LATENESS_SECONDS = 1.0  # of a busy machine
CAUTION = "the change may have been carried out: look before you repeat it"
STATUSES = {400: 400, 401: 500, 403: 500, 404: 404, 408: 504, 409: 409, 413: 413, 422: 400, 429: 429}
STATUSES |= dict.fromkeys((500, 502, 503, 504, 529), 502)
REASON = b'{"error": {"message": "It was not to be.", "type": "x", "param": null, "code": null}}'
HTML = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"


def body(name: str, content: bytes) -> Fault:
    """The upstream does what it was asked for, and says this."""

    def change(answer: Answer) -> Answer:
        return answer._replace(body=content, status=200)

    return Fault(f"a body {name}", carried_out=True, change=change)


BODIES = [
    body("that is empty", b""),
    body("that is no JSON", b'{"id": "thread_1", '),
    body("that is HTML", HTML),
    body("that is no UTF-8", b'{"id": "\xff\xfe"}'),
    body("that is null", b"null"),
    body("that is a list", b"[1, 2]"),
    body("that is an empty object", b"{}"),
    body("of another kind", b'{"id": "x", "object": "chat.completion", "choices": []}'),
    body(
        "of a wrong shape",
        b'{"id": {}, "object": 5, "data": 3, "metadata": [], "output": "x", "status": null}',
    ),
    body("with wrong entries", b'{"object": "list", "data": [null, 5, {"id": 1}], "has_more": "x"}'),
    body("too deep", b"[" * 100_000),
]
EXPECTED: list[tuple[Fault, int]] = [
    *((fault, 502) for fault in (UNREAD, UNSENT, LOST, CUT, *BODIES)),
    *((fault, 504) for fault in (SILENT, TRICKLE)),
    *((status(number, REASON), expected) for number, expected in STATUSES.items()),
    *((status(number, HTML, f"{number} in HTML"), STATUSES[number]) for number in (400, 404, 429, 503)),
]


def check(answer: Json, expected: int, sent: list[tuple[str, str]]) -> None:
    """`sent`: (method, path) of the requests that went out."""
    assert answer["statusCode"] == expected, answer["body"]
    assert answer["body"]["success"] is False
    said = answer["body"]["error"]
    assert isinstance(said, str)
    assert said
    assert "Traceback" not in said
    assert "html" not in said
    changed = any(method != "GET" for method, _ in sent)
    if expected in (502, 504):
        assert (CAUTION in said) == changed, said
        assert ("try again" in said) != changed, said
    else:
        assert CAUTION not in said


def every_action_under(
    room: Room,
    expected: int,
    begin: Callable[[], object],
    end: Callable[[], object],
    *,
    seconds: float = 20.0,
    fresh: bool = False,
) -> None:
    wrong = []
    for action in CALLS:
        params = (call_of if fresh else standing_call_of)(action, room)
        begin()
        already, begun = len(room.proxy.seen), time.monotonic()
        answer = room.call(seconds, **params)
        elapsed = time.monotonic() - begun
        end()
        sent = [(seen.method, seen.path) for seen in room.proxy.seen[already:]]
        try:
            check(answer, expected, sent)
            assert elapsed < seconds + LATENESS_SECONDS
            room.done(action="list-assistants", limit=1)
        except AssertionError as problem:
            wrong.append(f"{action}: {sent}: {problem}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("fault", "expected"), EXPECTED, ids=[fault.name for fault, _ in EXPECTED])
def test_a_fault_of_every_request(room: Room, fault: Fault, expected: int) -> None:
    seconds = SHORT_SECONDS if fault.ending in ("silence", "trickle") else 20.0
    begin = partial(room.proxy.inject, fault)
    every_action_under(room, expected, begin, room.proxy.heal, seconds=seconds, fresh=fault.carried_out)


def test_nothing_listens(room: Room) -> None:
    every_action_under(room, 502, room.proxy.close, room.proxy.open)


def test_an_answer_of_50_megabytes_is_not_kept_in_memory(room: Room) -> None:
    huge = json.dumps({"id": "x" * 50_000_000}).encode()
    params = [call_of(action, room) for action in ("get-thread", "send-message")]
    room.proxy.inject(body("of 50 MB", huge))
    answers = [room.call(**one) for one in params]
    room.proxy.heal()
    assert [answer["statusCode"] for answer in answers] == [502, 502]
    assert [CAUTION in answer["body"]["error"] for answer in answers] == [False, True]
    room.done(action="list-assistants", limit=1)


def test_many_answers_that_trickle_use_nothing_up(room: Room) -> None:
    params = call_of("get-thread", room)
    room.proxy.inject(TRICKLE)
    answers = [room.call(0.1, **params)["statusCode"] for _ in range(12)]
    room.proxy.heal()
    assert answers == [504] * 12
    begun = time.monotonic()
    assert room.done(**params)["threadId"] == params["threadId"]
    assert time.monotonic() - begun < LATENESS_SECONDS
