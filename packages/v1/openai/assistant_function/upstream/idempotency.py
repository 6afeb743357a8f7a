"""Doing a thing once: a requestId is noted in the thread's metadata before the work, its result after it.

Between the two lies the case that has to be found out: the work was begun, and its answer lost. A message is
then looked for behind the one that was last when the note was made; a run by what it wrote there."""

import contextlib
import hashlib

from assistant_function.errors import Json, failure
from assistant_function.request.call import Call
from assistant_function.upstream import objects as upstream
from assistant_function.upstream.idempotency_store import MESSAGE, RUN, Ledger, Note

DIGEST_CHARACTERS = 12
BUSY_STATUS = 409
LOOK_AGAIN_SECONDS = 0.5
MOST_WRITES = 4
PAGE_LIMIT = 100


def send(call: Call, thread_id: str, fields: Json) -> Json:
    """The v2 message of this request: sent, unless it is there already."""
    ledger, wanted = _begun(call, thread_id, MESSAGE)
    note = ledger.find(wanted)
    messages = call.beta.threads.messages
    if note and note.done:
        return upstream.plain(messages.retrieve(note.done, thread_id=thread_id), "thread.message")
    if note and (there := _unclaimed(call, ledger, note, fields)):
        return _noted(ledger, note, there[0])
    if note is None:
        note = wanted
        ledger.write(note)
    sent = upstream.plain(messages.create(thread_id, **fields), "thread.message")
    return _noted(ledger, note, _first_of_twins(call, ledger, note, fields, sent))


def run(call: Call, thread_id: str, fields: Json, asked: Json | None) -> tuple[Json, list[Json]]:
    """The v2 run of this request: started, unless it was already -> (it, its messages if its id is lost).

    `asked` is the message that was sent with it: what the run writes stands behind that.
    A lost run is told from what it wrote. Its id is None then, as it is for a thread that is still busy when
    the time is over."""
    ledger, wanted = _begun(call, thread_id, RUN, asked)
    note = ledger.find(wanted)
    if note is None:
        ledger.write(wanted)
        return _noted(ledger, wanted, _create_run(call, thread_id, fields)), []
    while not note.done:
        if found := _lost_or_started(call, ledger, note, fields):
            return found
        if call.deadline.left() <= 0:
            return _lost(thread_id, fields, "in_progress"), []
        call.deadline.sleep(LOOK_AGAIN_SECONDS)
        ledger.read()
        note = ledger.find(wanted) or note
    done = call.beta.threads.runs.retrieve(note.done, thread_id=thread_id)
    return upstream.plain(done, "thread.run"), []


def _lost_or_started(call: Call, ledger: Ledger, note: Note, fields: Json) -> tuple[Json, list[Json]] | None:
    """The run, told by what it wrote, or a new one; None where the thread is busy."""
    if written := _written_after(call, ledger.thread_id, note):
        return _lost(ledger.thread_id, fields, "completed"), written
    started = _create_unless_busy(call, ledger.thread_id, fields)
    if not started:
        return None
    if written := _written_before(call, started, note):
        return _lost(ledger.thread_id, fields, "completed"), written
    return _noted(ledger, note, started), []


def _lost(thread_id: str, fields: Json, status: str) -> Json:
    """A run whose id nobody knows."""
    known = {"assistant_id": fields["assistant_id"], "response_format": fields.get("response_format")}
    return {"id": None, "thread_id": thread_id, "status": status, **known}


def _begun(call: Call, thread_id: str, kind: str, asked: Json | None = None) -> tuple[Ledger, Note]:
    """The thread's notes, and the one to write where this request has none.

    The last message is asked for first: a twin that is not noted by then sends what it sends behind it. But
    a twin may take that one back: a message that stays is the better place to look from."""
    before = str(asked["id"]) if asked else _last_message_id(call, thread_id)
    digest = hashlib.sha256(call.params["requestId"].encode()).hexdigest()[:DIGEST_CHARACTERS]
    return Ledger(call, thread_id), Note(digest, kind, before)


def _noted(ledger: Ledger, note: Note, result: Json) -> Json:
    """The result, written down. It exists whether or not that succeeds: a repeat finds it out.

    Others write their notes over ours, at the same time and whole: it is looked whether ours stays."""
    done = note._replace(before="", done=result["id"])
    with contextlib.suppress(Exception):
        for _ in range(MOST_WRITES):
            ledger.read()
            if ledger.find(done) == done:
                break
            ledger.write(done)
    return result


def _first_of_twins(call: Call, ledger: Ledger, note: Note, fields: Json, sent: Json) -> Json:
    """Two processes may send the same request at the same time (a double click): the later message goes."""
    ledger.read()
    mine = ledger.find(note)
    messages = call.beta.threads.messages
    if mine and mine.done:
        first = upstream.plain(messages.retrieve(mine.done, thread_id=ledger.thread_id), "thread.message")
    else:
        first = next(iter(_unclaimed(call, ledger, note, fields)), sent)
    if first["id"] != sent["id"] and not _others_begun(ledger, note):
        messages.delete(sent["id"], thread_id=ledger.thread_id)
        return first
    return sent


def _others_begun(ledger: Ledger, note: Note) -> bool:
    """Whether another request may have sent the same words."""
    return any(one.kind == MESSAGE and not one.done and one.digest != note.digest for one in ledger.notes)


def _unclaimed(call: Call, ledger: Ledger, note: Note, fields: Json) -> list[Json]:
    """The messages behind the note's place that say the same and are no other request's, oldest first."""
    claimed = {one.done for one in ledger.notes if one.digest != note.digest}
    return [
        message
        for message in _messages_after(call, ledger.thread_id, note.before)
        if message["id"] not in claimed and _says(message, fields)
    ]


def _says(message: Json, fields: Json) -> bool:
    texts = [(part.get("text") or {}).get("value") for part in message.get("content") or []]
    return message.get("role") == fields["role"] and texts == [fields["content"]]


def _last_message_id(call: Call, thread_id: str) -> str:
    newest = call.beta.threads.messages.list(thread_id, order="desc", limit=1)
    found, _ = upstream.page(newest, "thread.message")
    return str(found[0]["id"]) if found else ""


def _messages_after(call: Call, thread_id: str, message_id: str) -> list[Json]:
    behind: Json = {"after": message_id} if message_id else {}
    listed = call.beta.threads.messages.list(thread_id, order="asc", limit=PAGE_LIMIT, **behind)
    return upstream.page(listed, "thread.message")[0]


def _written_after(call: Call, thread_id: str, note: Note) -> list[Json]:
    return [one for one in _messages_after(call, thread_id, note.before) if one.get("role") == "assistant"]


def _written_before(call: Call, started: Json, note: Note) -> list[Json]:
    """What the lost run wrote, where it ended between the look and the start: one of them is enough then."""
    written = _written_after(call, started["thread_id"], note)
    written = [one for one in written if one.get("run_id") != started["id"]]
    if written:
        with contextlib.suppress(Exception):
            call.beta.threads.runs.cancel(started["id"], thread_id=started["thread_id"])
    return written


def _create_run(call: Call, thread_id: str, fields: Json) -> Json:
    return upstream.plain(call.beta.threads.runs.create(thread_id, **fields), "thread.run")


def _create_unless_busy(call: Call, thread_id: str, fields: Json) -> Json | None:
    try:
        return _create_run(call, thread_id, fields)
    except Exception as problem:
        if failure(problem).status != BUSY_STATUS:
            raise
        return None
