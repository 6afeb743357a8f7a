"""Runs: run an assistant and wait for its answer; get, cancel, submit tool outputs; chat."""

import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from assistant_function.answer.envelope import Answer
from assistant_function.answer.presenters import (
    present_listed_run,
    present_message,
    present_page,
    present_run,
)
from assistant_function.call import ActionCall
from assistant_function.errors import (
    AnswerTooLong,
    Gone,
    InvalidRequest,
    Json,
    PartialFailure,
    RunEndedBadly,
    RunHitRateLimit,
)
from assistant_function.handlers.messages import check_length
from assistant_function.handlers.threads import delete_thread
from assistant_function.request.deadline import Deadline
from assistant_function.upstream.idempotency import run_once
from assistant_function.upstream.objects import (
    iterate_first,
    parse_messages,
    parse_run,
    parse_runs,
    parse_thread,
)
from assistant_function.upstream.polling import has_ended, poll_until_ended
from assistant_function.upstream.reconcile import is_gone, send_or_find

if TYPE_CHECKING:
    from assistant_function.answer import shapes
    from assistants_transport import v2_objects as v2

MAX_MESSAGES = 100
MAX_WRITTEN_CHARACTERS = 1_000_000  # so many cannot be sent, and with the next message there are more
LIST_LIMIT = 20
ANSWER_SECONDS = 0.5
CANCELLABLE = ("queued", "in_progress", "requires_action")
TEXTS = ("instructions", "additionalInstructions")
ENDED_BADLY = ("failed", "cancelled", "expired")


def run(call: ActionCall) -> Answer:
    """Adds `message`, if given, runs the assistant and waits for its answer."""
    return _run_in(call, call.params["threadId"], _new_messages(call))


def chat(call: ActionCall) -> Answer:
    """One turn: creates the thread where none is given, sends the message, runs, answers."""
    messages = _new_messages(call)
    if "threadId" in call.params:
        return _run_in(call, call.params["threadId"], messages)
    _run_fields(call)  # refuses what would be refused after the thread was created
    thread_id = parse_thread(call.beta.threads.create(messages=messages))["id"]
    try:
        return _run_in(call, thread_id, [])
    except Exception as problem:
        if _take_thread_back(call, thread_id, problem):
            raise
        raise PartialFailure({"threadId": thread_id, "runId": None}) from problem


def get(call: ActionCall) -> Answer:
    found = call.beta.threads.runs.retrieve(call.params["runId"], thread_id=call.params["threadId"])
    return _wait_for(call, parse_run(found))


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
    for place, given in enumerate(call.params["toolOutputs"]):
        check_length(call, f"toolOutputs[{place}].output", given["output"])
    started = call.beta.threads.runs.submit_tool_outputs(
        call.params["runId"], thread_id=call.params["threadId"], tool_outputs=call.params["toolOutputs"]
    )
    return _wait_for(call, parse_run(started))


# ---------------------------------------------------------------- starting a run


def _new_messages(call: ActionCall) -> list[Any]:
    if "message" not in call.params:
        return []
    return [{"role": "user", "content": check_length(call, "message", call.params["message"])}]


def _run_in(call: ActionCall, thread_id: str, messages: list[Any]) -> Answer:
    fields = _run_fields(call)
    if "requestId" in call.params:
        return _wait_for(call, run_once(call, thread_id, fields, messages))
    fields |= {"additional_messages": messages} if messages else {}
    return _wait_for(call, parse_run(call.beta.threads.runs.create(thread_id, **fields)))


def _run_fields(call: ActionCall) -> Json:
    """What the caller sets for the run, within the settings MAX_MESSAGE_CHARS and MAX_COMPLETION_TOKENS."""
    for name in TEXTS:
        check_length(call, name, call.params.get(name, ""))
    fields = {"assistant_id": call.params["assistantId"], **call.v2_fields()}
    limit = call.settings.max_completion_tokens
    if limit is None:
        return fields
    if call.params.get("maxCompletionTokens", 0) > limit:
        raise InvalidRequest(f"maxCompletionTokens must be at most {limit}")
    return {"max_completion_tokens": limit} | fields


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


def _wait_for(call: ActionCall, run: "v2.Run") -> Answer:
    """The run at its end, or as it is after `wait` seconds. A failure from here on tells of the run."""
    try:
        run = poll_until_ended(run, lambda: _fetch_run(call, run), _waiting_time(call))
        return _answer_run(run, _fetch_written(call, run))
    except RunEndedBadly:
        raise
    except Exception as problem:
        raise PartialFailure(present_listed_run(run)) from problem


def _waiting_time(call: ActionCall) -> Deadline:
    """As long as the caller waits, but the last poll and the answer's messages need time too."""
    longest = call.deadline.left() - ANSWER_SECONDS
    return call.deadline.within(min(longest, call.params.get("wait", longest)))


def _fetch_run(call: ActionCall, run: "v2.Run") -> "tuple[v2.Run, float | None]":
    """The run, and the pause in seconds that the server advises."""
    raw = call.beta.threads.runs.retrieve(run["id"], thread_id=run["thread_id"])
    advised = re.fullmatch("[0-9]{1,9}", raw.headers.get("openai-poll-after-ms", ""))
    return parse_run(raw), int(advised[0]) / 1000 if advised else None


def _fetch_written(call: ActionCall, run: "v2.Run") -> "list[shapes.Message]":
    """The messages of an ended run, oldest first."""
    if run["status"] not in ("completed", "incomplete"):
        return []
    ask = partial(call.beta.threads.messages.list, run["thread_id"], run_id=run["id"], order="asc")
    written: list[shapes.Message] = []
    for one in iterate_first(ask, parse_messages, MAX_MESSAGES):
        if sum(len(shown["content"]) for shown in written) > MAX_WRITTEN_CHARACTERS:
            raise AnswerTooLong("the run wrote more than can be answered; list-messages has it")
        # A server may tell no run ids, or give the whole thread.
        if one.get("role") == "assistant" and one.get("run_id") in (run["id"], None):
            written.append(present_message(one))
    return written


def _answer_run(run: "v2.Run", messages: "list[shapes.Message]") -> Answer:
    data = present_run(run, messages)
    if data["status"] not in ENDED_BADLY:
        return Answer(data, goes_on=not has_ended(run))
    error = data["lastError"]
    kind = RunHitRateLimit if error and error.get("code") == "rate_limit_exceeded" else RunEndedBadly
    reason = f": {error['message']}" if error and error.get("message") else ""
    raise kind(f"the run ended {data['status']}{reason}", data)
