"""Does the work of a requestId once: it is recorded in the thread's metadata before the work, and its result
after it.

Between the two lies the case that needs a look: the work was begun and its answer was lost. A message is then
looked for behind the message that was last when the record was made; a run is told by what it wrote there."""

import contextlib
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from assistant_function.call import ActionCall
from assistant_function.errors import Conflict, Json
from assistant_function.upstream.idempotency_store import MESSAGE, RUN, IdempotencyStore, Record
from assistant_function.upstream.objects import parse_message, parse_messages, parse_run

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

DIGEST_CHARACTERS = 12
LOOK_AGAIN_SECONDS = 0.5
MAX_SAVES = 4
PAGE_LIMIT = 100


class LostRun(NamedTuple):
    """A run of which nobody knows the id: its status, and the messages that it wrote."""

    status: str
    messages: "list[v2.Message]"


def send_once(call: ActionCall, thread_id: str, fields: Json) -> "v2.Message":
    """The message of this request: sent, unless it is there already."""
    store, wanted = _open_store(call, thread_id, MESSAGE)
    record = store.find(wanted)
    messages = call.beta.threads.messages
    if record and record.result_id:
        return parse_message(messages.retrieve(record.result_id, thread_id=thread_id))
    if record and (there := _find_unclaimed(call, store, record, fields)):
        _save_result(store, record, there[0]["id"])
        return there[0]
    if record is None:
        record = wanted
        store.save(record)
    sent = parse_message(messages.create(thread_id, **fields))
    kept = _keep_first_of_twins(call, store, record, fields, sent)
    _save_result(store, record, kept["id"])
    return kept


def run_once(
    call: ActionCall, thread_id: str, fields: Json, asked: "v2.Message | None"
) -> "v2.Run | LostRun":
    """The run of this request: started, unless it was already.

    `asked` is the message that was sent with it: what the run writes stands behind that. A LostRun is one
    that is told from what it wrote, or that may go on in a thread still busy when the time is over."""
    store, wanted = _open_store(call, thread_id, RUN, asked)
    record = store.find(wanted)
    if record is None:
        store.save(wanted)
        return _record_run(store, wanted, _create_run(call, thread_id, fields))
    while not record.result_id:
        if found := _find_or_start(call, store, record, fields):
            return found
        if call.deadline.left() <= 0:
            return LostRun("in_progress", [])
        call.deadline.sleep(LOOK_AGAIN_SECONDS)
        store.load()
        record = store.find(wanted) or record
    return parse_run(call.beta.threads.runs.retrieve(record.result_id, thread_id=thread_id))


def _find_or_start(
    call: ActionCall, store: IdempotencyStore, record: Record, fields: Json
) -> "v2.Run | LostRun | None":
    """The run that was lost, or a new one; None where the thread is busy."""
    if written := _list_written(call, store.thread_id, record):
        return LostRun("completed", written)
    try:
        started = _create_run(call, store.thread_id, fields)
    except Conflict:
        return None
    if written := _list_written_before(call, started, record):
        return LostRun("completed", written)
    return _record_run(store, record, started)


def _create_run(call: ActionCall, thread_id: str, fields: Json) -> "v2.Run":
    return parse_run(call.beta.threads.runs.create(thread_id, **fields))


def _record_run(store: IdempotencyStore, record: Record, run: "v2.Run") -> "v2.Run":
    _save_result(store, record, run["id"])
    return run


def _open_store(
    call: ActionCall, thread_id: str, kind: str, asked: "v2.Message | None" = None
) -> tuple[IdempotencyStore, Record]:
    """The thread's records, and the one to save where this request has none.

    The last message is asked for before the records: a twin that is not recorded by then sends its message
    behind it. But a twin may take that one back: a message that stays is the better place to look from."""
    before = asked["id"] if asked else _find_last_message_id(call, thread_id)
    digest = hashlib.sha256(call.params["requestId"].encode()).hexdigest()[:DIGEST_CHARACTERS]
    return IdempotencyStore(call, thread_id), Record(digest, kind, before)


def _save_result(store: IdempotencyStore, record: Record, result_id: str) -> None:
    """Records the result. It exists whether or not that succeeds: a repeat finds it.

    Others save their records at the same time, and whole, over ours: so it is looked whether ours stays."""
    done = record._replace(before="", result_id=result_id)
    with contextlib.suppress(Exception):
        for _ in range(MAX_SAVES):
            store.load()
            if store.find(done) == done:
                break
            store.save(done)


def _keep_first_of_twins(
    call: ActionCall, store: IdempotencyStore, record: Record, fields: Json, sent: "v2.Message"
) -> "v2.Message":
    """Deletes the later message where two processes sent the same request at once (a double click)."""
    store.load()
    mine = store.find(record)
    messages = call.beta.threads.messages
    if mine and mine.result_id:
        first = parse_message(messages.retrieve(mine.result_id, thread_id=store.thread_id))
    else:
        first = next(iter(_find_unclaimed(call, store, record, fields)), sent)
    if first["id"] != sent["id"] and not _has_others_begun(store, record):
        messages.delete(sent["id"], thread_id=store.thread_id)
        return first
    return sent


def _has_others_begun(store: IdempotencyStore, record: Record) -> bool:
    """Whether another request may have sent the same words."""
    return any(
        one.kind == MESSAGE and not one.result_id and one.digest != record.digest for one in store.records
    )


def _find_unclaimed(
    call: ActionCall, store: IdempotencyStore, record: Record, fields: Json
) -> "list[v2.Message]":
    """The messages behind the record's place that say the same and are no other request's, oldest first."""
    claimed = {one.result_id for one in store.records if one.digest != record.digest}
    return [
        message
        for message in _list_after(call, store.thread_id, record.before)
        if message["id"] not in claimed and _says(message, fields)
    ]


def _says(message: "v2.Message", fields: Json) -> bool:
    parts: list[Json] = [dict(part) for part in message.get("content") or []]
    texts = [(part.get("text") or {}).get("value") for part in parts]
    return message.get("role") == fields["role"] and texts == [fields["content"]]


def _find_last_message_id(call: ActionCall, thread_id: str) -> str:
    found, _ = parse_messages(call.beta.threads.messages.list(thread_id, order="desc", limit=1))
    return found[0]["id"] if found else ""


def _list_after(call: ActionCall, thread_id: str, message_id: str) -> "list[v2.Message]":
    behind: Json = {"after": message_id} if message_id else {}
    listed = call.beta.threads.messages.list(thread_id, order="asc", limit=PAGE_LIMIT, **behind)
    return parse_messages(listed)[0]


def _list_written(call: ActionCall, thread_id: str, record: Record) -> "list[v2.Message]":
    return [one for one in _list_after(call, thread_id, record.before) if one.get("role") == "assistant"]


def _list_written_before(call: ActionCall, started: "v2.Run", record: Record) -> "list[v2.Message]":
    """What the lost run wrote, if it ended between the look and the start; the new run is cancelled then."""
    written = _list_written(call, started["thread_id"], record)
    written = [one for one in written if one.get("run_id") != started["id"]]
    if written:
        with contextlib.suppress(Exception):
            call.beta.threads.runs.cancel(started["id"], thread_id=started["thread_id"])
    return written
