"""The asyncio tasks behind responses: each takes one response from queued to its end."""

import asyncio
import json
import traceback
from collections.abc import Callable

from local.emulator.api_error import SERVER_ERROR
from local.emulator.conversations import Store
from local.emulator.database import Database, Json
from local.emulator.event_log import EventLog
from local.emulator.item_events import ItemTeller
from local.emulator.models import Answer, Model, ModelError, Prompt
from local.emulator.output_items import Stamp
from local.emulator.stream_faults import StreamFaults

ONE = "SELECT body FROM responses WHERE id = ? AND status IN ('queued', 'in_progress')"
ALL_ACTIVE = "SELECT id FROM responses WHERE status IN ('queued', 'in_progress')"
UPDATE = "UPDATE responses SET status = ?, body = ? WHERE id = ?"
INPUT = "SELECT input, stored FROM responses WHERE id = ?"
DELETE = "DELETE FROM responses WHERE id = ?"
# the event that tells a status; a cancelled response is told as one that failed
STATUS_EVENTS = {
    "queued": "response.queued",
    "in_progress": "response.in_progress",
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
    "cancelled": "response.failed",
}


class ResponseTasks:
    """Starts, ends and cancels responses. Every step is written to the database before anybody is told."""

    def __init__(
        self,
        database: Database,
        store: Store,
        model: Model,
        clock: Callable[[], float],
        log: EventLog,
        faults: StreamFaults,
    ) -> None:
        self.database = database
        self.store = store
        self.model = model
        self.clock = clock
        self.faults = faults
        self.log = log
        self.tasks: dict[str, asyncio.Task[Json]] = {}

    def fail_interrupted(self) -> None:
        """Mark what was active when the last process died as failed, which unlocks the conversations."""
        for (response_id,) in self.database.rows(ALL_ACTIVE):
            self._end(response_id, status="failed", error={"code": "server_error", "message": SERVER_ERROR})

    def start(self, response_id: str, prompt: Prompt) -> asyncio.Task[Json]:
        """Let the model work; the task gives the response as it ended."""
        task = asyncio.get_running_loop().create_task(self._run(response_id, prompt))
        self.tasks[response_id] = task
        task.add_done_callback(lambda _: self.tasks.pop(response_id, None))
        return task

    def cancel(self, response_id: str) -> Json:
        """Stop the work; the response as it is then."""
        if task := self.tasks.get(response_id):
            task.cancel()
        return self._end(response_id, status="cancelled")

    async def stop(self) -> None:
        """Stop all work and leave it active in the database: the next start marks it as failed."""
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, response_id: str, prompt: Prompt) -> Json:
        self._update(response_id, status="in_progress")
        is_streamed = self.log.has(response_id)
        stamp = Stamp(response_id, self.clock)
        teller = ItemTeller(lambda event: self.log.append(response_id, event) if is_streamed else None, stamp)
        try:
            answer = await self.model.answer(prompt, teller.say)
            output = await teller.tell(answer, prompt)
        except ModelError as failure:
            error = {"code": failure.code, "message": failure.message}
            return self._end(response_id, status="failed", error=error)
        except Exception:  # a mistake in a model must not leave the conversation locked
            traceback.print_exc()
            error = {"code": "server_error", "message": SERVER_ERROR}
            return self._end(response_id, status="failed", error=error)
        return self._complete(response_id, answer, output)

    def _complete(self, response_id: str, answer: Answer, output: list[Json]) -> Json:
        ended: Json = {"output": output, "usage": count_usage(answer)}
        if answer.incomplete:
            reason = {"reason": answer.incomplete}
            return self._end(response_id, status="incomplete", incomplete_details=reason, **ended)
        return self._end(response_id, status="completed", completed_at=int(self.clock()), **ended)

    def _end(self, response_id: str, **changes: object) -> Json:
        """The end of a response and what it adds to its conversation, in one transaction."""
        with self.database.transaction():
            response = self._update(response_id, **changes)
            found = self.database.row(INPUT, response_id)
            given, stored = found or ("[]", 1)
            # That an incomplete response adds its items too is unverified.
            if response.get("status") in ("completed", "incomplete"):
                self._add_to_conversation(response, json.loads(given))
            if response.get("conversation"):
                until = self.clock() + self.faults.lock_seconds
                self.store.keep_locked(response["conversation"]["id"], until)
            if not stored:
                self.database.execute(DELETE, response_id)
        return response

    def _update(self, response_id: str, **changes: object) -> Json:
        found = self.database.row(ONE, response_id)
        if found is None:
            return {}
        response: Json = {**json.loads(found[0]), **changes}
        self.database.execute(UPDATE, response["status"], json.dumps(response), response_id)
        if self.log.has(response_id):
            self.log.append(response_id, {"type": STATUS_EVENTS[response["status"]], "response": response})
        return response

    def _add_to_conversation(self, response: Json, given: list[Json]) -> None:
        conversation = response.get("conversation")
        if conversation and self.store.exists(conversation["id"]):
            self.store.add(conversation["id"], given + response["output"])


def count_usage(answer: Answer) -> Json:
    """Tokens as OpenAI counts them."""
    return {
        "input_tokens": answer.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.input_tokens + answer.output_tokens,
    }
