"""Callers that repeat a call with the same requestId until it is answered, while connections are killed."""

from dataclasses import dataclass
from typing import Any

from local.emulator.server import Emulator, start_emulator
from tests.faults.proxy import CUT, LOST, UNREAD, UNSENT, Proxy, start_proxy
from tests.faults.room import Room
from tests.invoke import Context, Json

SHARE_OF_FAULTS = 0.25
KILLS = (UNREAD, UNSENT, LOST, CUT)
MOST_ATTEMPTS = 200
CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Repeated:
    """What came of it: calls that got an answer, attempts that took, requests killed; what is wrong."""

    calls: int
    attempts: int
    killed: int
    wrong: list[str]


class Caller:
    """Repeats each call, with the same requestId, until it has an answer."""

    def __init__(self, room: Room) -> None:
        self.room, self.calls, self.attempts = room, 0, 0

    def until_answered(self, **params: Any) -> Json:
        """The data."""
        self.calls += 1
        function = self.room.function()
        for _ in range(MOST_ATTEMPTS):
            self.attempts += 1
            answer = function.main(params, Context(CALL_SECONDS * 1000))
            if answer["statusCode"] == 200:
                data: Json = answer["body"]["data"]
                return data
            if answer["statusCode"] not in (202, 409, 502, 504):
                raise AssertionError(f"{params}: {answer}")
        raise AssertionError(f"no answer in {MOST_ATTEMPTS} attempts: {params}")


def messages_once(calls: int, seed: int) -> Repeated:
    """So many messages, two and two the same: is each there once, in order?"""
    with start_emulator() as emulator, start_proxy(emulator.url) as proxy:
        room = Room("responses", proxy, emulator.requests)
        thread, caller, sent = room.thread(), Caller(room), []
        proxy.at_random(seed, SHARE_OF_FAULTS, KILLS)
        for number in range(calls):
            sent.append(f"message {number // 2}")
            caller.until_answered(
                action="send-message", threadId=thread, message=sent[-1], requestId=f"request-{number}"
            )
        there = [content for _, content in texts(emulator, thread)]
        return Repeated(caller.calls, caller.attempts, killed(proxy), different(there, sent))


def runs_once(calls: int, seed: int) -> Repeated:
    """So many runs, each with a message: is there one message and one answer of each, in order?"""
    with start_emulator() as emulator, start_proxy(emulator.url) as proxy:
        room = Room("responses", proxy, emulator.requests)
        thread, assistant, caller = room.thread(), room.assistant(), Caller(room)
        expected, wrong = [], []
        proxy.at_random(seed, SHARE_OF_FAULTS, KILLS)
        for number in range(calls):
            message = f"/say answer {number}"
            expected += [("user", message), ("assistant", f"answer {number}")]
            run = caller.until_answered(
                action=("run-assistant", "chat")[number % 2],
                threadId=thread,
                assistantId=assistant,
                message=message,
                requestId=f"request-{number}",
            )
            if run["response"] != f"answer {number}":
                wrong.append(f"{message} was answered {run['response']!r}")
        wrong += different(texts(emulator, thread), expected)
        runs = emulator.database.number("SELECT count(*) FROM responses")
        wrong += [] if runs == calls else [f"{runs} runs for {calls} calls"]
        return Repeated(caller.calls, caller.attempts, killed(proxy), wrong)


def texts(emulator: Emulator, thread: str) -> list[tuple[str, str]]:
    """(role, text) of all messages, oldest first, as the upstream has them."""
    items = emulator.database.rows(
        "SELECT json_extract(body, '$.role'), json_extract(body, '$.content[0].text') FROM items "
        "WHERE conversation_id = ? ORDER BY seq",
        thread.replace("thread_", "conv_"),
    )
    return [(role, text) for role, text in items]


def killed(proxy: Proxy) -> int:
    return sum(seen.fault != "none" for seen in proxy.seen)


def different(found: list[Any], expected: list[Any]) -> list[str]:
    """The first place where they differ, in words."""
    for place, (one, other) in enumerate(zip(found, expected, strict=False)):
        if one != other:
            return [f"at {place}: {one!r} in place of {other!r}"]
    return [] if len(found) == len(expected) else [f"{len(found)} in place of {len(expected)}"]
