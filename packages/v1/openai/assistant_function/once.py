"""Doing a thing once: a requestId is noted in the thread's metadata before the work, its result after it.

Between the two lies the case that has to be found out: the work was begun, and its answer lost. A message is
then looked for behind the one that was last when the note was made; a run by what it wrote there."""

import contextlib
import hashlib
from typing import NamedTuple

from assistant_function import upstream
from assistant_function.call import Call
from assistant_function.errors import InvalidRequest, Json, failure
from assistant_function.params import MOST_PAIRS, MOST_VALUE_CHARACTERS, NOTES_KEY, RESERVED

MOST_PAIRS_OF_NOTES = 4  # some 28 requests: a repeat comes soon or never
DIGEST_CHARACTERS = 12
MESSAGE, RUN = "m", "r"
BUSY_STATUS = 409
LOOK_AGAIN_SECONDS = 0.5
MOST_WRITES = 4
PAGE_LIMIT = 100


class Note(NamedTuple):
    """One request: the last message before it, and its result's id; empty where there is none (yet)."""

    digest: str
    kind: str
    before: str = ""
    done: str = ""


class Ledger:
    """The notes of one thread, oldest first. They live in its metadata, so that every process sees them."""

    def __init__(self, call: Call, thread_id: str) -> None:
        self._threads, self.thread_id = call.beta.threads, thread_id
        self.read()

    def read(self) -> None:
        thread = upstream.plain(self._threads.retrieve(self.thread_id), "thread")
        self._callers, notes = split(thread.get("metadata") or {})
        told = [text.split("/") for key in sorted(notes) for text in notes[key].split()]
        self.notes = [Note(*parts) for parts in told if len(parts) == len(Note._fields)]
        self._free_pairs = MOST_PAIRS - len(self._callers) - bool(thread.get("tool_resources"))

    def find(self, wanted: Note) -> Note | None:
        return next((note for note in self.notes if note[:2] == wanted[:2]), None)

    def write(self, note: Note) -> None:
        """The note goes to the end, in place of an earlier one of the same request."""
        self.notes = [*(one for one in self.notes if one[:2] != note[:2]), note]
        self._threads.update(self.thread_id, metadata=self._callers | self._packed())

    def _packed(self) -> dict[str, str]:
        """As many of the newest notes as fit into the pairs that the caller's metadata leaves."""
        pairs = min(MOST_PAIRS_OF_NOTES, self._free_pairs)
        if pairs < 1:
            raise InvalidRequest(
                f"requestId needs a free pair in the thread's metadata, which holds {MOST_PAIRS}"
                " (tool resources take one too)"
            )
        values = [""]
        for note in reversed(self.notes):
            text = "/".join(note)
            if values[0] and len(values[0]) + len(text) + 1 > MOST_VALUE_CHARACTERS:
                values.insert(0, "")
            values[0] = f"{text} {values[0]}".strip()
        return {f"{RESERVED}{place}": value for place, value in enumerate(values[-pairs:])}


def split(metadata: Json) -> tuple[dict[str, str], dict[str, str]]:
    """A thread's metadata -> (the caller's pairs, the pairs that hold notes)."""
    notes = {key: value for key, value in metadata.items() if NOTES_KEY.fullmatch(key)}
    return {key: value for key, value in metadata.items() if key not in notes}, notes


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
    lost = {"id": None, "thread_id": thread_id, "assistant_id": fields["assistant_id"]}
    lost["response_format"] = fields.get("response_format")
    while not note.done:
        if written := _written_after(call, thread_id, note):
            return lost | {"status": "completed"}, written
        if started := _create_unless_busy(call, thread_id, fields):
            if written := _written_before(call, started, note):
                return lost | {"status": "completed"}, written
            return _noted(ledger, note, started), []
        if call.deadline.left() <= 0:
            return lost | {"status": "in_progress"}, []
        call.deadline.sleep(LOOK_AGAIN_SECONDS)
        ledger.read()
        note = ledger.find(wanted) or note
    found = call.beta.threads.runs.retrieve(note.done, thread_id=thread_id)
    return upstream.plain(found, "thread.run"), []


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
