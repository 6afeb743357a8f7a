"""What a thread notes about its runs, in its conversation's extras, so that every process can read it.

Only what cannot be read elsewhere is noted: which response a run that called functions has come to, and the
metadata that an update gave a run. Upstream replaces metadata as a whole, so it is read before each write."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from assistants_transport import extras
from assistants_transport.caches import RunNotes
from assistants_transport.ids import RESPONSE_PREFIX, to_upstream_id
from assistants_transport.request import V2Request
from assistants_transport.v2_errors import Json, UpstreamError, V2Error

MAX_NOTED_RUNS = 4  # the newest: their ids fill one pair of metadata
CANCELLED = ""  # noted in place of a latest response

Change = Callable[[RunNotes], RunNotes]


def find_notes(request: V2Request) -> RunNotes:
    """The thread's notes as this process last read or wrote them; none if it did neither."""
    return request.caches.runs.find_notes(_conversation_id(request)) or RunNotes({}, {})


def read_notes(request: V2Request) -> RunNotes:
    """The thread's notes. UpstreamError 404 if the thread does not exist."""
    notes = notes_from_conversation(request.api.get(_conversation_path(request)))
    return request.caches.runs.remember_notes(_conversation_id(request), notes)


def note_run(request: V2Request, first_id: str) -> None:
    """Notes a run that keeps its thread busy, unless it is noted already."""
    if first_id not in find_notes(request).latest_ids:
        _try_to_note(request, first_id, first_id)


def note_latest(request: V2Request, first_id: str, latest_id: str) -> None:
    """Notes the response that a run has come to. Where that is refused, only this process knows it."""
    request.caches.runs.remember_notes(_conversation_id(request), RunNotes({first_id: latest_id}, {}))
    _try_to_note(request, first_id, latest_id)


def _try_to_note(request: V2Request, first_id: str, latest_id: str) -> None:
    def change(notes: RunNotes) -> RunNotes:
        if latest_id == first_id and first_id in notes.latest_ids:
            return notes  # it has gone on since it was loaded
        return notes._replace(latest_ids=_put_last(notes.latest_ids, first_id, latest_id))

    with suppress(UpstreamError, V2Error):
        _write_notes(request, change)


def note_metadata(request: V2Request, first_id: str, metadata: dict[str, str]) -> None:
    """Notes a run's new metadata. V2Error 400 where the thread's own metadata leaves no room for it."""
    _write_notes(
        request, lambda notes: notes._replace(metadata=_put_last(notes.metadata, first_id, metadata))
    )


def notes_from_conversation(conversation: Json) -> RunNotes:
    _, thread_extras = extras.unpack(conversation.get("metadata"))
    noted, metadata = (_read_object(thread_extras.get(name)) for name in ("runs", "run_metadata"))
    latest = {first: first if found is None else found for first, found in noted.items()}
    return RunNotes(
        {_add_prefix(first): found and _add_prefix(found) for first, found in latest.items()},
        {_add_prefix(first): given for first, given in metadata.items()},
    )


def _read_object(value: object) -> Json:
    """Nothing for what another program wrote there."""
    return value if isinstance(value, dict) else {}


def _write_notes(request: V2Request, change: Change) -> None:
    conversation = request.api.get(_conversation_path(request))
    noted = notes_from_conversation(conversation)
    notes = change(noted)
    request.caches.runs.remember_notes(_conversation_id(request), notes)
    if notes == noted:
        return
    metadata, thread_extras = extras.unpack(conversation.get("metadata"))
    told = {"runs": _shorten(notes.latest_ids), "run_metadata": _cut_prefixes(notes.metadata)}
    packed = extras.pack(thread_extras | {name: value for name, value in told.items() if value}, metadata)
    request.api.post(_conversation_path(request), {"metadata": packed})


def _shorten(latest_ids: dict[str, str]) -> dict[str, str | None]:
    """The ids without their prefix; null for a run that is still in its first response."""
    return {
        first.removeprefix(RESPONSE_PREFIX): None if latest == first else latest.removeprefix(RESPONSE_PREFIX)
        for first, latest in latest_ids.items()
    }


def _add_prefix(response_id: str) -> str:
    return RESPONSE_PREFIX + response_id


def _cut_prefixes(by_id: dict[str, Any]) -> dict[str, Any]:
    return {one.removeprefix(RESPONSE_PREFIX): value for one, value in by_id.items()}


def _put_last(noted: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    kept = {name: old for name, old in noted.items() if name != key} | {key: value}
    return dict(list(kept.items())[-MAX_NOTED_RUNS:])


def _conversation_id(request: V2Request) -> str:
    return to_upstream_id(request.ids["thread_id"])


def _conversation_path(request: V2Request) -> str:
    return f"/conversations/{_conversation_id(request)}"
