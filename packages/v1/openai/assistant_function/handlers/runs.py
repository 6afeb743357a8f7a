"""Runs: run an assistant and wait for its answer; get, cancel, submit tool outputs; chat."""

import re
from typing import Any

from assistant_function.answer import presenters as shapes
from assistant_function.errors import Interrupted, InvalidRequest, Json, RunEndedBadly, RunHitRateLimit
from assistant_function.handlers.messages import checked_length
from assistant_function.request.call import Call
from assistant_function.request.deadline import Deadline
from assistant_function.request.params import v2_arguments
from assistant_function.upstream import idempotency as once
from assistant_function.upstream import objects as upstream
from assistant_function.upstream import polling
from assistant_function.upstream.reconcile import found_out

SETTINGS = (
    "instructions",
    "additionalInstructions",
    "model",
    "maxCompletionTokens",
    "responseFormat",
    "metadata",
)
MOST_MESSAGES = 100
ANSWER_SECONDS = 0.5
CANCELLABLE = ("queued", "in_progress", "requires_action")
TEXTS = ("instructions", "additionalInstructions")
ENDED_BADLY = ("failed", "cancelled", "expired")


def run(call: Call) -> Json:
    """Adds `message`, if given, runs the assistant and waits for its answer."""
    return _run_in(call, call.params["threadId"], _user_messages(call))


def chat(call: Call) -> Json:
    """One turn: creates the thread where none is given, sends the message, runs, answers."""
    message = _user_messages(call)
    if "threadId" in call.params:
        return _run_in(call, call.params["threadId"], message)
    thread_id = upstream.plain(call.beta.threads.create(messages=message), "thread")["id"]
    try:
        return _run_in(call, thread_id, [])
    except Exception as problem:
        raise Interrupted({"threadId": thread_id, "runId": None}) from problem


def get(call: Call) -> Json:
    found = call.beta.threads.runs.retrieve(call.params["runId"], thread_id=call.params["threadId"])
    return _awaited(call, upstream.plain(found, "thread.run"))


def cancel(call: Call) -> Json:
    runs, run_id, thread_id = call.beta.threads.runs, call.params["runId"], call.params["threadId"]

    def look() -> Json | None:
        found = upstream.plain(runs.retrieve(run_id, thread_id=thread_id), "thread.run")
        return None if found.get("status") in CANCELLABLE else found

    cancelled = found_out(
        lambda: upstream.plain(runs.cancel(run_id, thread_id=thread_id), "thread.run"), look
    )
    return shapes.run(cancelled, [])


def submit_tool_outputs(call: Call) -> Json:
    for place, given in enumerate(call.params["toolOutputs"]):
        checked_length(call, f"toolOutputs[{place}].output", given["output"])
    started = call.beta.threads.runs.submit_tool_outputs(
        call.params["runId"], thread_id=call.params["threadId"], tool_outputs=call.params["toolOutputs"]
    )
    return _awaited(call, upstream.plain(started, "thread.run"))


def _user_messages(call: Call) -> list[Any]:
    if "message" not in call.params:
        return []
    return [{"role": "user", "content": checked_length(call, "message", call.params["message"])}]


def _run_in(call: Call, thread_id: str, messages: list[Any]) -> Json:
    if "requestId" in call.params:
        return _run_once(call, thread_id, messages)
    fields = _fields(call) | ({"additional_messages": messages} if messages else {})
    started = call.beta.threads.runs.create(thread_id, **fields)
    return _awaited(call, upstream.plain(started, "thread.run"))


def _run_once(call: Call, thread_id: str, messages: list[Any]) -> Json:
    asked = once.send(call, thread_id, messages[0]) if messages else None
    found, written = once.run(call, thread_id, _fields(call), asked)
    if found["id"] is None:
        return shapes.run(found, [shapes.message(one) for one in written])
    return _awaited(call, found)


def _fields(call: Call) -> Json:
    """What the caller sets for the run, within the settings MAX_MESSAGE_CHARS and MAX_COMPLETION_TOKENS."""
    for name in TEXTS:
        checked_length(call, name, call.params.get(name, ""))
    fields, most = v2_arguments(call.params, "assistantId", *SETTINGS), call.settings.max_completion_tokens
    if most is None:
        return fields
    if call.params.get("maxCompletionTokens", 0) > most:
        raise InvalidRequest(f"maxCompletionTokens must be at most {most}")
    return {"max_completion_tokens": most} | fields


def _awaited(call: Call, run: Json) -> Json:
    """The run at its end, or as it is after `wait` seconds. What goes wrong from here on tells the run."""
    try:
        run = polling.until_ended(run, lambda: _fetched(call, run), _patience(call))
        return _answer(run, _written(call, run))
    except RunEndedBadly:
        raise
    except Exception as problem:
        raise Interrupted(shapes.run(run, [])) from problem


def _patience(call: Call) -> Deadline:
    """As long as the caller waits, but the last poll and the answer's messages need time too."""
    most = call.deadline.left() - ANSWER_SECONDS
    return call.deadline.within(min(most, call.params.get("wait", most)))


def _fetched(call: Call, run: Json) -> tuple[Json, float | None]:
    raw = call.beta.threads.runs.retrieve(run["id"], thread_id=run["thread_id"])
    advised = re.fullmatch("[0-9]{1,9}", raw.headers.get("openai-poll-after-ms", ""))
    return upstream.plain(raw, "thread.run"), int(advised[0]) / 1000 if advised else None


def _written(call: Call, run: Json) -> list[Json]:
    """The messages of an ended run, oldest first."""
    if run["status"] not in ("completed", "incomplete"):
        return []
    answer = call.beta.threads.messages.list(
        run["thread_id"], run_id=run["id"], order="asc", limit=MOST_MESSAGES
    )
    found, _ = upstream.page(answer, "thread.message")
    # a server may tell no run ids, or give the whole thread
    written = [
        one for one in found if one.get("role") == "assistant" and one.get("run_id") in (run["id"], None)
    ]
    return [shapes.message(one) for one in written]


def _answer(run: Json, messages: list[Json]) -> Json:
    data = shapes.run(run, messages)
    if data["status"] not in ENDED_BADLY:
        return data
    error = data["lastError"] or {}
    kind = RunHitRateLimit if error.get("code") == "rate_limit_exceeded" else RunEndedBadly
    reason = f": {error['message']}" if error.get("message") else ""
    raise kind(f"the run ended {data['status']}{reason}", data)
