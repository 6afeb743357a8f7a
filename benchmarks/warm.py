"""Warm calls: the processor time of the function against that of the SDK's call alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO
from urllib.request import urlopen

from benchmarks import upstream
from benchmarks.report import Part, Row

ACTIONS = ("get-assistant", "create-thread", "send-message", "list-messages")
BATCHES_PER_RUN = 4
CALLS_PER_BATCH = 25
CALLS_ON_ONE_CONNECTION = 20
SDK_CALL = {"native": "sdk_v2", "responses": "sdk_today"}  # what each backend is compared with

TITLE = "Warm calls"
HOW = (
    "Processor time (all threads, system calls included) of one call in a process that is warm, against the "
    "SDK's call alone on the same server, which runs in another process and answers at once. `native` is the "
    "same SDK call and the same answer on the wire; in `responses`, for information, the call of today's API "
    "that the function ends up with. The processes take turns, batch by batch."
)


class Caller:
    """A warm process (see warm_process.py)."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self.questions, self.answers = questions, answers

    def milliseconds(self, action: str, calls: int) -> float:
        """Processor time of one of so many calls."""
        print(json.dumps({"action": action, "calls": calls}), file=self.questions, flush=True)
        return float(self.answers.readline()) / calls * 1000


def measure(runs: int) -> Part:
    """Every action in both backends, and the connections that twenty calls take."""
    with upstream.running() as url:
        rows = [row for backend in SDK_CALL for row in compare(backend, url, runs * BATCHES_PER_RUN)]
        connections = [connections_of(kind, url) for kind in ("sdk_v2", "function")]
        rows.append(Row(f"connections for {CALLS_ON_ONE_CONNECTION} calls", "", *connections))
        return Part(TITLE, HOW, rows, "the SDK's call")


def compare(backend: str, url: str, batches: int) -> Iterator[Row]:
    """A row for each action."""
    with ExitStack() as open_callers:
        callers = [
            open_callers.enter_context(running(kind, backend, url))
            for kind in (SDK_CALL[backend], "function")
        ]
        for action in ACTIONS:
            for caller in callers:
                caller.milliseconds(action, CALLS_PER_BATCH)
            turns = [
                [caller.milliseconds(action, CALLS_PER_BATCH) for caller in callers] for _ in range(batches)
            ]
            yield Row(f"{backend}: {action}", "ms", *map(list, zip(*turns, strict=True)))


def connections_of(kind: str, url: str) -> list[float]:
    """How many connections a fresh process makes for its first calls."""
    before = connections(url)
    with running(kind, "native", url) as caller:
        for number in range(CALLS_ON_ONE_CONNECTION):
            caller.milliseconds(ACTIONS[number % len(ACTIONS)], 1)
    return [connections(url) - before]


def connections(url: str) -> float:
    """How many the upstream has seen, ours for this question not counted."""
    with urlopen(f"{url}/connections") as answer:  # noqa: S310 (an address of our own)
        return float(json.load(answer)["connections"])


@contextmanager
def running(kind: str, backend: str, url: str) -> Iterator[Caller]:
    """A warm process of this kind."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.warm_process", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url, "ASSISTANTS_BACKEND": backend},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Caller(process.stdin, process.stdout)
