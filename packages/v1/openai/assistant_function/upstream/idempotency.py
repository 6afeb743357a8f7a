"""Sends what the caller gave a requestId once, however often and from wherever it is sent.

On today's OpenAI the transport sees to it (operations/repeats.py there). A server of Assistants v2 gets the
requestId's digest in the metadata of the message and of the run. Its own order of them decides which came
first: all who look see the same one first, it alone is told, and who has sent another takes that back."""

import hashlib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from assistant_function.call import ActionCall
from assistant_function.errors import Busy, Conflict, InvalidRequest, Json
from assistant_function.request.readers import MAX_PAIRS
from assistant_function.request.settings import NATIVE
from assistant_function.upstream.following import Started, start_run, waiting_seconds
from assistant_function.upstream.objects import (
    iterate_first,
    parse_message,
    parse_messages,
    parse_run,
    parse_runs,
)

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

KEY_HEADER = "Idempotency-Key"
METADATA_KEY = "request_id"
DIGEST_CHARACTERS = 12
REMEMBERED = 20  # how many of a thread's newest messages and runs are looked through
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 2.0


def send_once(call: ActionCall, thread_id: str, fields: Json) -> "v2.Message":
    """The message of this request: sent, unless it is there already."""
    messages = call.beta.threads.messages
    if call.settings.backend != NATIVE:
        return parse_message(messages.create(thread_id, **fields, extra_headers=_key_header(call)))
    there = _list_messages(call, thread_id)
    if not there:
        sent = parse_message(messages.create(thread_id, **_tag(call, fields)))
        there = _list_messages(call, thread_id) or [sent]
        _delete_messages(call, thread_id, there[1:])
    _require_same(there[0], fields)
    return there[0]


def run_once(call: ActionCall, thread_id: str, fields: Json, messages: list[Json]) -> Started:
    """The run of this request: started, unless it was already.

    While the thread has an active run, which may be the same request's, it is tried again as long as the
    caller waits. Raises Busy then, and at once where that run waits for outputs."""
    pause, deadline = FIRST_PAUSE_SECONDS, call.deadline.within(waiting_seconds(call))
    while True:
        try:
            return _start_once(call, thread_id, fields, messages)
        except Conflict as busy:
            if deadline.left() <= 0 or _waits_for_outputs(call, thread_id, busy):
                raise
        call.deadline.sleep(min(pause, max(deadline.left(), FIRST_PAUSE_SECONDS)))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _waits_for_outputs(call: ActionCall, thread_id: str, busy: Conflict) -> bool:
    run_id = (busy.data or {}).get("runId") if isinstance(busy, Busy) else None
    if run_id is None:
        return False
    active = parse_run(call.beta.threads.runs.retrieve(run_id, thread_id=thread_id))
    return active["status"] == "requires_action"


def _start_once(call: ActionCall, thread_id: str, fields: Json, messages: list[Json]) -> Started:
    if call.settings.backend != NATIVE:
        given = fields | ({"additional_messages": messages} if messages else {})
        return _start(call, thread_id, given | {"extra_headers": _key_header(call)})
    there = _list_messages(call, thread_id) if messages else []
    if there:
        _require_same(there[0], messages[0])
    if (there or not messages) and (found := _list_runs(call, thread_id)):
        return Started(found[0])
    given = fields if there or not messages else fields | {"additional_messages": [_tag(call, messages[0])]}
    started = _start(call, thread_id, _tag(call, given))
    try:
        first = _find_first(call, thread_id, started.run, bool(messages) and not there)
    except BaseException:
        started.close()
        raise
    if first["id"] == started.run["id"]:
        return started
    started.close()
    return Started(first)


def _start(call: ActionCall, thread_id: str, fields: Json) -> Started:
    def send(runs: Any, **stream: bool) -> Any:
        return runs.create(thread_id, **fields, **stream)

    return start_run(call, send)


def _find_first(call: ActionCall, thread_id: str, run: "v2.Run", has_sent_message: bool) -> "v2.Run":
    """The run itself, or the one that stands for it where the same request came twice at once."""
    if has_sent_message:
        twins = _list_messages(call, thread_id)[1:]
        _delete_messages(call, thread_id, twins)
        if not twins:
            return run
    return _keep_first(call, thread_id, run)


def _keep_first(call: ActionCall, thread_id: str, run: "v2.Run") -> "v2.Run":
    """The first of the request's runs. If this is another, it is cancelled, and what it wrote is deleted."""
    first = (_list_runs(call, thread_id) or [run])[0]
    if first["id"] != run["id"]:
        with suppress(Exception):
            call.beta.threads.runs.cancel(run["id"], thread_id=thread_id)
        ask = partial(call.beta.threads.messages.list, thread_id, run_id=run["id"])
        written = iterate_first(ask, parse_messages, REMEMBERED)
        _delete_messages(call, thread_id, [one for one in written if one.get("run_id") == run["id"]])
    return first


def _key_header(call: ActionCall) -> dict[str, str]:
    return {KEY_HEADER: call.params["requestId"]}


def _digest(call: ActionCall) -> str:
    return hashlib.sha256(call.params["requestId"].encode()).hexdigest()[:DIGEST_CHARACTERS]


def _tag(call: ActionCall, fields: Json) -> Json:
    metadata = fields.get("metadata") or {}
    if METADATA_KEY in metadata:
        raise InvalidRequest(f"metadata.{METADATA_KEY} is where requestId is kept: choose another key")
    if len(metadata) >= MAX_PAIRS:
        raise InvalidRequest(f"requestId takes a pair of metadata: {MAX_PAIRS - 1} are left")
    return fields | {"metadata": metadata | {METADATA_KEY: _digest(call)}}


def _list_messages(call: ActionCall, thread_id: str) -> "list[v2.Message]":
    """The request's messages that the thread holds, oldest first."""
    ask = partial(call.beta.threads.messages.list, thread_id, order="desc")
    newest = iterate_first(ask, parse_messages, REMEMBERED)
    return [one for one in newest if _is_tagged(call, one)][::-1]


def _list_runs(call: ActionCall, thread_id: str) -> "list[v2.Run]":
    """The request's runs, oldest first."""
    newest = iterate_first(
        partial(call.beta.threads.runs.list, thread_id, order="desc"), parse_runs, REMEMBERED
    )
    return [one for one in newest if _is_tagged(call, one)][::-1]


def _is_tagged(call: ActionCall, found: "v2.Message | v2.Run") -> bool:
    return (found.get("metadata") or {}).get(METADATA_KEY) == _digest(call)


def _delete_messages(call: ActionCall, thread_id: str, messages: "list[v2.Message]") -> None:
    """What cannot be deleted now is left to the next caller of the same requestId."""
    for one in messages:
        with suppress(Exception):
            call.beta.threads.messages.delete(one["id"], thread_id=thread_id)


def _require_same(message: "v2.Message", fields: Json) -> None:
    parts: list[Json] = [dict(part) for part in message.get("content") or []]
    texts = [(part.get("text") or {}).get("value") for part in parts]
    if (message.get("role"), texts) != (fields["role"], [fields["content"]]):
        raise InvalidRequest("requestId was used for another message of this thread: give each its own")
