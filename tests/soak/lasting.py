"""What stays behind in one process after many calls: memory, file descriptors, threads.

Runs as a program in a process of its own: `python -m tests.soak.lasting URL BACKEND WARM_UP CALLS`."""

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.emulator.server import start_emulator
from tests.faults.proxy import CUT, LOST, UNREAD, start_proxy, status
from tests.invoke import Function, HastyClock, make_function

ROOT = Path(__file__).parents[2]
SHARE_OF_FAULTS = 0.02
FAULTS = (LOST, UNREAD, CUT, status(400), status(404), status(429), status(500, b"<html>"))
MANY = 100


@dataclass(frozen=True)
class Left:
    """What a process holds after so many calls: resident memory in KB, open files, threads."""

    kilobytes: int
    files: int
    threads: int
    calls: int


def measure_what_stays(warm_up: int, calls: int, seed: int = 1) -> tuple[Left, Left]:
    """Measures a process after `warm_up` calls and again after `calls` more, some of which meet a fault."""
    with start_emulator() as emulator, start_proxy(emulator.url) as proxy:
        proxy.at_random(seed, SHARE_OF_FAULTS, FAULTS)
        command = [sys.executable, "-m", "tests.soak.lasting", proxy.url, str(warm_up), str(calls)]
        path = os.pathsep.join([str(ROOT), str(ROOT / "packages" / "v1" / "openai")])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in told.stderr.splitlines() if line.startswith('{"kilobytes"')]
    before, after = (Left(**line) for line in lines)
    return before, after


def measure_process(calls: int) -> Left:
    memory = re.search(r"VmRSS:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert memory is not None
    files = len(os.listdir("/proc/self/fd"))
    return Left(int(memory[1]), files, threading.active_count(), calls)


class Customer:
    """Calls a function again and again, as a customer's page does: a new thread every hundred calls."""

    def __init__(self, function: Function) -> None:
        self.function, self.calls = function, 0
        self.assistant, self.thread = "asst_none", "thread_none"

    def go_on(self, calls: int) -> None:
        for _ in range(calls):
            self.calls += 1
            if self.calls % MANY == 1:
                self._start()
            self._call()

    def _start(self) -> None:
        """Begins a new thread; where that fails, the calls go on with the one before."""
        made = self.function(action="create-assistant", name="a")["body"]["data"] or {}
        thread = self.function(action="create-thread")["body"]["data"] or {}
        self.assistant = made.get("assistantId", self.assistant)
        self.thread = thread.get("threadId", self.thread)

    def _call(self) -> None:
        thread = {"threadId": self.thread}
        given: tuple[dict[str, Any], ...] = (
            {"action": "send-message", **thread, "message": "hi"},
            {"action": "list-messages", **thread, "limit": 20},
            {"action": "get-thread", **thread},
            {"action": "run-assistant", **thread, "assistantId": self.assistant},
            {"action": "get-thread", "threadId": "no such thread"},
        )
        self.function(**given[self.calls % len(given)])


def main(url: str, warm_up: int, calls: int) -> None:
    """Prints on stderr what the process holds, because the function's log goes to stdout."""
    customer = Customer(make_function({"OPENAI_BASE_URL": url}, clock=HastyClock()))
    for number in (warm_up, calls):
        customer.go_on(number)
        print(json.dumps(asdict(measure_process(customer.calls))), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
