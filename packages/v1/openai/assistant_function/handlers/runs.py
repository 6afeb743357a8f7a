"""Runs: run an assistant and wait for its answer; get, cancel, submit tool outputs; chat."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from assistant_function.answer.envelope import Answer
from assistant_function.answer.presenters import (
    present_listed_run,
    present_message,
    present_page,
    present_partial,
    present_run,
)
from assistant_function.call import ActionCall
from assistant_function.errors import (
    AnswerTooLong,
    Gone,
    Json,
    PartialFailure,
    RunEndedBadly,
    RunHitRateLimit,
)
from assistant_function.handlers.threads import delete_thread
from assistant_function.upstream.following import (
    Followed,
    Started,
    follow_run,
    has_ended,
    iterate_written,
    make_known,
    start_run,
    wait_out_lock,
)
from assistant_function.upstream.idempotency import run_once
from assistant_function.upstream.objects import parse_run, parse_runs, parse_thread
from assistant_function.upstream.reconcile import is_gone, send_or_find

if TYPE_CHECKING:
    from assistant_function.answer import shapes
    from assistants_transport import v2_objects as v2

MAX_WRITTEN_CHARACTERS = 1_000_000  # so many cannot be sent, and with the next message there are more
LIST_LIMIT = 20
CANCELLABLE = ("queued", "in_progress", "requires_action")
ENDED_BADLY = ("failed", "cancelled", "expired")


def run(call: ActionCall) -> Answer:
    """Adds `message`, if given, runs the assistant and waits for its answer."""
    return _run_in(call, call.params["threadId"], _new_messages(call))


def chat(call: ActionCall) -> Answer:
    """One turn: creates the thread where none is given, sends the message, runs, answers."""
    messages = _new_messages(call)
    if "threadId" in call.params:
        return _run_in(call, call.params["threadId"], messages)
    thread_id = parse_thread(call.beta.threads.create(messages=messages))["id"]
    try:
        return _run_in(call, thread_id, [])
    except Exception as problem:
        if _take_thread_back(call, thread_id, problem):
            raise
        raise PartialFailure({"threadId": thread_id, "runId": None}) from problem


def get(call: ActionCall) -> Answer:
    found = call.beta.threads.runs.retrieve(call.params["runId"], thread_id=call.params["threadId"])
    return _wait_for(call, Started(parse_run(found)))


def list_page(call: ActionCall) -> Answer:
    thread_id = call.params["threadId"]
    fields: Json = {"limit": LIST_LIMIT} | call.v2_fields()
    found, has_more = parse_runs(call.beta.threads.runs.list(thread_id, **fields))
    page = present_page("runs", "runId", map(present_listed_run, found), has_more)
    return Answer({"threadId": thread_id, **page})


def cancel(call: ActionCall) -> Answer:
    runs, run_id, thread_id = call.beta.threads.runs, call.params["runId"], call.params["threadId"]

    def find_cancelled() -> "v2.Run | None":
        found = parse_run(runs.retrieve(run_id, thread_id=thread_id))
        return None if found["status"] in CANCELLABLE else found

    cancelled = send_or_find(lambda: parse_run(runs.cancel(run_id, thread_id=thread_id)), find_cancelled)
    return Answer(present_run(cancelled, []), goes_on=not has_ended(cancelled))


def submit_tool_outputs(call: ActionCall) -> Answer:
    def send(runs: Any, **stream: bool) -> Any:
        ids = {"run_id": call.params["runId"], "thread_id": call.params["threadId"]}
        return runs.submit_tool_outputs(**ids, tool_outputs=call.params["toolOutputs"], **stream)

    return _wait_for(call, wait_out_lock(call, lambda: start_run(call, send, tells_all=False)))


# ---------------------------------------------------------------- starting a run


def _new_messages(call: ActionCall) -> list[Any]:
    if "message" not in call.params:
        return []
    return [{"role": "user", "content": call.params["message"]}]


def _run_in(call: ActionCall, thread_id: str, messages: list[Any]) -> Answer:
    fields = _run_fields(call)
    if "requestId" in call.params:
        begun = call.deadline.now()
        started = run_once(call, thread_id, fields, messages)
        return _wait_for(call.wait_less(call.deadline.now() - begun), started)
    fields |= {"additional_messages": messages} if messages else {}

    def send(runs: Any, **stream: bool) -> Any:
        return runs.create(thread_id, **fields, **stream)

    return _wait_for(call, wait_out_lock(call, lambda: start_run(call, send)))


def _run_fields(call: ActionCall) -> Json:
    return {"assistant_id": call.params["assistantId"], **call.v2_fields()}


def _take_thread_back(call: ActionCall, thread_id: str, problem: Exception) -> bool:
    """Deletes a new thread whose assistant does not exist -> whether it is gone. Nobody would know of it."""
    with suppress(Exception):
        return (
            isinstance(problem, Gone)
            and is_gone(lambda: call.beta.assistants.retrieve(call.params["assistantId"]))
            and delete_thread(call, thread_id)
        )
    return False


# ---------------------------------------------------------------- waiting for a run


def _wait_for(call: ActionCall, started: Started) -> Answer:
    """The run at its end, or as it is after `wait` seconds. A failure from here on tells of the run."""
    run = started.run
    try:
        followed = follow_run(call, started)
        run = followed.run
        if not has_ended(run):
            if "requestId" in call.params:
                make_known(call, run)
            partial = present_partial(_present_written(run, followed.written))
            return Answer(present_run(run, [], partial), goes_on=True)
        return _answer_ended(run, _fetch_written(call, followed))
    except RunEndedBadly:
        raise
    except Exception as problem:
        raise PartialFailure(present_listed_run(run)) from problem


def _fetch_written(call: ActionCall, followed: Followed) -> "list[shapes.Message]":
    """The messages of an ended run, oldest first; they are asked for unless a stream has told them all."""
    run = followed.run
    if run["status"] not in ("completed", "incomplete"):
        return []
    if followed.is_all:
        return _present_written(run, followed.written)
    written: list[shapes.Message] = []
    for one in iterate_written(call, run):
        if sum(len(shown["content"]) for shown in written) > MAX_WRITTEN_CHARACTERS:
            raise AnswerTooLong("the run wrote more than can be answered; list-messages has it")
        written += _present_written(run, [one])
    return written


def _present_written(run: "v2.Run", messages: "list[v2.Message]") -> "list[shapes.Message]":
    """Those of the messages that the run wrote: a server may tell no run ids, or give the whole thread."""
    return [
        present_message(one)
        for one in messages
        if one.get("role") == "assistant" and one.get("run_id") in (run["id"], None)
    ]


def _answer_ended(run: "v2.Run", messages: "list[shapes.Message]") -> Answer:
    data = present_run(run, messages)
    if data["status"] not in ENDED_BADLY:
        return Answer(data)
    error = data["lastError"]
    kind = RunHitRateLimit if error and error.get("code") == "rate_limit_exceeded" else RunEndedBadly
    reason = f": {error['message']}" if error and error.get("message") else ""
    raise kind(f"the run ended {data['status']}{reason}", data)
