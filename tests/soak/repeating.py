"""Callers that repeat a call with the same requestId until it is answered, while connections are killed."""

from dataclasses import dataclass
from typing import Any

from local.emulator.server import start_emulator
from tests.backends import Backend, open_backend, read_stored_texts
from tests.faults.proxy import CUT, LOST, UNREAD, UNSENT, Proxy
from tests.invoke import Json
from tests.soak.comparing import describe_difference

SHARE_OF_FAULTS = 0.25
KILLS = (UNREAD, UNSENT, LOST, CUT)
MAX_ATTEMPTS = 200
CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Repeated:
    """How many calls were answered, in how many attempts, with how many requests killed; what is wrong."""

    calls: int
    attempts: int
    killed: int
    wrong: list[str]


class Caller:
    """Repeats each call, with the same requestId, until it has an answer."""

    def __init__(self, backend: Backend) -> None:
        self.backend, self.calls, self.attempts = backend, 0, 0

    def call_until_answered(self, **params: Any) -> Json:
        """Returns the data of the answer."""
        self.calls += 1
        for _ in range(MAX_ATTEMPTS):
            self.attempts += 1
            answer = self.backend.call_within(CALL_SECONDS, **params)
            if answer["statusCode"] == 200:
                data: Json = answer["body"]["data"]
                return data
            if answer["statusCode"] not in (202, 409, 502, 504):
                raise AssertionError(f"{params}: {answer}")
        raise AssertionError(f"no answer in {MAX_ATTEMPTS} attempts: {params}")


def repeat_messages(calls: int, seed: int) -> Repeated:
    """Sends so many messages, each text twice; each has to be there once, in order."""
    with start_emulator() as emulator, open_backend("responses", emulator, with_faults=True) as backend:
        thread, caller, sent = backend.thread(), Caller(backend), []
        backend.proxy.at_random(seed, SHARE_OF_FAULTS, KILLS)
        for number in range(calls):
            sent.append(f"message {number // 2}")
            caller.call_until_answered(
                action="send-message", threadId=thread, message=sent[-1], requestId=f"request-{number}"
            )
        there = [content for _, content in read_stored_texts(emulator, thread)]
        return Repeated(
            caller.calls, caller.attempts, count_killed(backend.proxy), describe_difference(there, sent)
        )


def repeat_runs(calls: int, seed: int) -> Repeated:
    """Starts so many runs; each has to leave one message and one answer, in order."""
    with start_emulator() as emulator, open_backend("responses", emulator, with_faults=True) as backend:
        thread, assistant, caller = backend.thread(), backend.assistant(), Caller(backend)
        expected, wrong = [], []
        backend.proxy.at_random(seed, SHARE_OF_FAULTS, KILLS)
        for number in range(calls):
            message = f"/say answer {number}"
            expected += [("user", message), ("assistant", f"answer {number}")]
            run = caller.call_until_answered(
                action=("run-assistant", "chat")[number % 2],
                threadId=thread,
                assistantId=assistant,
                message=message,
                requestId=f"request-{number}",
            )
            if run["response"] != f"answer {number}":
                wrong.append(f"{message} was answered {run['response']!r}")
        wrong += describe_difference(read_stored_texts(emulator, thread), expected)
        runs = emulator.database.number("SELECT count(*) FROM responses")
        wrong += [] if runs == calls else [f"{runs} runs for {calls} calls"]
        return Repeated(caller.calls, caller.attempts, count_killed(backend.proxy), wrong)


def count_killed(proxy: Proxy) -> int:
    return sum(seen.fault != "none" for seen in proxy.seen)
