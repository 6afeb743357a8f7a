"""The pool of the function's processes: started on demand, replaced when they die."""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from .events import ENTITY_LIMIT_BYTES, Dialect
from .process import Log, NotJsonError, Worker, WorkerDiedError, source_version
from .project import Function

Outcome = Literal["success", "error", "timeout"]


class Activation:
    """One call of the function. Its id is known from the start, its outcome once `done` is set."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.id = uuid.uuid4().hex
        self.event = event
        self.done = threading.Event()
        self.outcome: Outcome = "error"
        self.result: Any = None

    def finish(self, outcome: Outcome, result: Any) -> None:
        """Set the outcome and wake all who wait for it."""
        self.outcome, self.result = outcome, result
        self.done.set()


class Pool:
    """Runs activations on at most most_processes workers; the rest wait their turn."""

    def __init__(
        self,
        function: Function,
        *,
        log: Log,
        python: str = sys.executable,
        dialect: Dialect = "digitalocean",
        virtualenv: Path | None = None,
        most_processes: int = 8,
    ) -> None:
        self.function = function
        self._python = python
        self._dialect: Dialect = dialect
        self._virtualenv = virtualenv
        self._most = most_processes
        self._log = log
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._count = 0
        self._closed = False
        self._changed = threading.Condition()

    def submit(self, event: Mapping[str, Any]) -> Activation:
        """Start a call; it runs to its end whether anybody waits for it or not."""
        activation = Activation(event)
        threading.Thread(target=self._run, args=(activation,), daemon=True).start()
        return activation

    def processes(self) -> list[int]:
        """The process ids of the workers, busy and idle."""
        with self._changed:
            return [worker.process.pid for worker in self._workers]

    def close(self) -> None:
        """End every worker; running calls end as errors."""
        with self._changed:
            self._closed = True
            self._drop_idle(lambda _: True)
            for worker in self._workers:
                worker.kill()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._workers, timeout=2)

    def _run(self, activation: Activation) -> None:
        worker, usable = None, False
        outcome: Outcome = "error"
        result: Any = None
        try:
            worker = self._take()
            outcome, result = self._call(worker, activation)
            usable = True
        except TimeoutError:
            milliseconds = round(self.function.timeout_seconds * 1000)
            outcome, result = (
                "timeout",
                f"The action exceeded its time limits of {milliseconds} milliseconds.",
            )
        except (WorkerDiedError, NotJsonError, OSError) as problem:
            result = str(problem)
        finally:
            if outcome != "success" and not self._closed:
                self._log(f"activation {activation.id} failed: {result}")
            if worker is not None:
                self._give_back(worker, usable)
            activation.finish(outcome, result)

    def _call(self, worker: Worker, activation: Activation) -> tuple[Outcome, Any]:
        seconds = self.function.timeout_seconds
        result = worker.call(_make_message(activation, seconds), time.monotonic() + seconds)
        if not isinstance(result, dict | list):
            return "error", "The action did not return a dictionary or array."
        if _count_json_bytes(result) > ENTITY_LIMIT_BYTES:
            limit = f"the allowed length of {ENTITY_LIMIT_BYTES} bytes"
            return "error", f"The action produced a response that exceeded {limit}."
        if isinstance(result, dict) and "error" in result:
            return "error", result["error"]
        return "success", result

    def _take(self) -> Worker:
        version = source_version(self.function.folder)
        with self._changed:
            self._drop_idle(lambda worker: worker.version != version or worker.process.poll() is not None)
            while not self._idle and self._count >= self._most and not self._closed:
                self._changed.wait()
            if self._closed:
                raise WorkerDiedError("devhost is closing")
            if self._idle:
                return self._idle.pop()
            self._count += 1
            try:
                worker = Worker(self.function, self._python, self._dialect, self._virtualenv, self._log)
            except BaseException:
                self._count -= 1
                raise
            self._workers.add(worker)
            return worker

    def _drop_idle(self, unwanted: Callable[[Worker], bool]) -> None:
        for worker in [worker for worker in self._idle if unwanted(worker)]:
            self._idle.remove(worker)
            self._forget(worker)

    def _give_back(self, worker: Worker, usable: bool) -> None:
        with self._changed:
            if usable and not self._closed:
                self._idle.append(worker)
            else:
                self._forget(worker)
            self._changed.notify_all()

    def _forget(self, worker: Worker) -> None:
        worker.close()
        self._workers.discard(worker)
        self._count -= 1


def _make_message(activation: Activation, seconds: float) -> dict[str, Any]:
    return {
        "value": activation.event,
        "activation_id": activation.id,
        "transaction_id": uuid.uuid4().hex,
        "deadline": str(int((time.time() + seconds) * 1000)),
    }


def _count_json_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
