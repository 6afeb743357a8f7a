"""What a thread notes about its runs, in its conversation's extras, so that every process can read it.

Only what cannot be read elsewhere is noted: which response a run that called functions has come to, and the
metadata that an update gave a run. Upstream replaces metadata as a whole, so it is read before each write."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from assistants_transport import extras
from assistants_transport.caches import RunNotes
from assistants_transport.ids import RESPONSE_PREFIX, to_upstream_id
from assistants_transport.request import V2Request
from assistants_transport.translate.rounds import first_id_of
from assistants_transport.v2_errors import Json, UpstreamError, V2Error

MAX_NOTED_RUNS = 4  # the newest: their ids fill one pair of metadata
CANCELLED_AT = "-"  # ahead of the latest response of a run that was cancelled there
_SAFE_ID = re.compile(r"-?\w{1,120}")

Change = Callable[[RunNotes], RunNotes]


def find_notes(request: V2Request) -> RunNotes:
    """The thread's notes as this process last read or wrote them; none if it did neither."""
    return request.caches.runs.find_notes(_conversation_id(request)) or RunNotes({}, {})


def read_notes(request: V2Request) -> RunNotes:
    """The thread's notes. UpstreamError 404 if the thread does not exist."""
    conversation = request.api.get(_conversation_path(request))
    if not isinstance(conversation["id"], str):
        raise TypeError("no conversation")  # the transport makes a DecodingError of it
    notes = notes_from_conversation(conversation)
    request.caches.runs.remember_notes(_conversation_id(request), notes)
    return notes


def find_latest_id(request: V2Request, first_id: str) -> str:
    """The response that a run has come to, as far as this process knows; else its first."""
    return request.caches.runs.find_latest(_conversation_id(request), first_id) or first_id


def note_run(request: V2Request, response: Json) -> None:
    """Notes a run that keeps its thread busy, unless it is noted already."""
    first_id = first_id_of(response)
    if first_id not in find_notes(request).latest_ids:
        _try_to_note(request, first_id, str(response["id"]), is_new=True)


def note_latest(request: V2Request, first_id: str, latest_id: str) -> None:
    """Notes the response that a run has come to. Where that is refused, only this process knows it."""
    request.caches.runs.remember_latest(_conversation_id(request), first_id, latest_id)
    _try_to_note(request, first_id, latest_id)


def _try_to_note(request: V2Request, first_id: str, latest_id: str, *, is_new: bool = False) -> None:
    def change(notes: RunNotes) -> RunNotes:
        if is_new and first_id in notes.latest_ids:
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
    """The notes; what another program wrote in their place is none."""
    _, thread_extras = extras.unpack(conversation.get("metadata"))
    noted, metadata = (_read_object(thread_extras.get(name)) for name in ("runs", "run_metadata"))
    return RunNotes(
        {
            _add_prefix(first): _add_prefix(first if latest is None else latest)
            for first, latest in noted.items()
            if _is_id(first) and (latest is None or _is_id(latest))
        },
        {
            _add_prefix(first): given
            for first, given in metadata.items()
            if _is_id(first) and _read_object(given)
        },
    )


def _read_object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_SAFE_ID.fullmatch(value))


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
        _cut_prefix(first): None if latest == first else _cut_prefix(latest)
        for first, latest in latest_ids.items()
    }


def _cut_prefixes(by_id: dict[str, Any]) -> dict[str, Any]:
    return {_cut_prefix(one): value for one, value in by_id.items()}


def _cut_prefix(noted_id: str) -> str:
    """`resp_x` -> `x`, `-resp_x` -> `-x`"""
    return noted_id.replace(RESPONSE_PREFIX, "", 1)


def _add_prefix(short_id: str) -> str:
    is_cancelled = short_id.startswith(CANCELLED_AT)
    return f"{CANCELLED_AT}{RESPONSE_PREFIX}{short_id[1:]}" if is_cancelled else RESPONSE_PREFIX + short_id


def _put_last(noted: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Puts the value at the end. A run that went through rounds stays longer than one that did not."""
    kept = {name: old for name, old in noted.items() if name != key} | {key: value}
    while len(kept) > MAX_NOTED_RUNS:
        plain = [name for name, old in kept.items() if old == name and name != key]
        kept.pop([*plain, *kept][0])
    return kept


def _conversation_id(request: V2Request) -> str:
    return to_upstream_id(request.ids["thread_id"])


def _conversation_path(request: V2Request) -> str:
    return f"/conversations/{_conversation_id(request)}"
