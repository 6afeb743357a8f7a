"""Finds the run that a v2 id names: its latest response, and which of its function calls have outputs."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import httpx2

from assistants_transport import pages
from assistants_transport.caches import has_ended
from assistants_transport.ids import conversation_id_of, read_time, to_upstream_id, to_v2_id
from assistants_transport.operations.repeats import MarkedRun, read_done
from assistants_transport.operations.run_notes import CANCELLED_AT, find_latest_id, read_notes
from assistants_transport.request import V2Request
from assistants_transport.translate.marks import find_run_mark
from assistants_transport.translate.message import Writer, is_message
from assistants_transport.translate.rounds import (
    REQUEST_PREFIX,
    first_id_of,
    previous_id_of,
    read_run_extras,
    request_id_of,
    run_id_of,
    writer_ids_of,
)
from assistants_transport.translate.run import assistant_id_of
from assistants_transport.translate.times import FIRST_CONVERSATION_SECONDS
from assistants_transport.translate.tool_outputs import CANCELLED_OUTPUT, pending_call_ids
from assistants_transport.v2_errors import Json, UpstreamError, V2Error

# The id of a run whose response nobody knows any more is made of its first function call's.
OPEN_CALL_PREFIX = "resp_open_"


class LoadedRun(NamedTuple):
    """A run's latest response, and the outputs of its function calls by call id.

    `has_outputs`: the outputs of the calls were stored, but no response that goes on from them is known. The
    run counts as waiting, so that a repeated submission takes it up; it stores nothing again.
    `is_guess`: the response is made from what the conversation holds, because its own is not known."""

    response: Json
    outputs: dict[str, str]
    has_outputs: bool = False
    is_guess: bool = False


class Calls(NamedTuple):
    """What a conversation holds of some calls: their outputs by call id, and the items behind these."""

    outputs: dict[str, str]
    later: list[Json]


# ---------------------------------------------------------------- one run


def load_run(request: V2Request, run_id: str) -> LoadedRun:
    """The run as it is now. V2Error 404 if it is none of the thread's."""
    named_id = to_upstream_id(run_id)
    if named_id.startswith(OPEN_CALL_PREFIX):
        return _load_open_run(request, named_id)
    known_id = find_latest_id(request, named_id)
    if known_id.startswith(REQUEST_PREFIX):
        known_id = read_notes(request).latest_ids.get(named_id, named_id)
    if known_id.startswith(REQUEST_PREFIX):
        return _load_marked_run(request, named_id)
    response, calls = _load_round(request, known_id)
    if _has_gone_on(response, calls):  # in a response that this process may not know yet
        first_id = first_id_of(response)
        noted_id = read_notes(request).latest_ids.get(first_id, known_id)
        if noted_id != known_id:
            noted, calls_of_noted = _load_round(request, noted_id)
            if known_id == first_id or not _has_gone_on(noted, calls_of_noted):  # else the note is an old one
                conversation_id = to_upstream_id(request.ids["thread_id"])
                request.caches.runs.remember_latest(conversation_id, first_id, noted_id)
                response, calls = noted, calls_of_noted
    if _has_gone_on(response, calls):
        return _guess_next_round(response, calls.later)
    return LoadedRun(response, calls.outputs)


def _load_round(request: V2Request, noted_id: str) -> tuple[Json, Calls]:
    """A response as the notes tell it, and its calls: all cancelled where it was cancelled there."""
    response = load_response(request, noted_id.removeprefix(CANCELLED_AT))
    calls = _load_calls_of(request, response)
    if noted_id.startswith(CANCELLED_AT):
        return response, Calls(dict.fromkeys(pending_call_ids(response, {}), CANCELLED_OUTPUT), [])
    return response, calls


def load_response(request: V2Request, response_id: str) -> Json:
    """A response of the thread. V2Error 404 if it belongs to another one."""
    response = name_conversation(request.api.get(f"/responses/{response_id}"))
    if not isinstance(response["status"], str):
        raise TypeError("a response without a status")  # the transport makes a DecodingError of it
    require_thread(request, response)
    return response


def name_conversation(response: Json) -> Json:
    """The response, with the conversation that it was made for where the server does not name it."""
    told = read_run_extras(response).get("thread")
    if conversation_id_of(response) or not told:
        return response
    return {**response, "conversation": {"id": told}}


def require_thread(request: V2Request, response: Json) -> None:
    if conversation_id_of(response) != to_upstream_id(request.ids["thread_id"]):
        raise _unknown_run_error(request, run_id_of(response))


def _unknown_run_error(request: V2Request, run_id: str) -> V2Error:
    return V2Error(404, f"No run found with id '{run_id}' in thread '{request.ids['thread_id']}'.")


def _load_calls_of(request: V2Request, response: Json) -> Calls:
    """What the conversation holds of the response's calls.

    UpstreamError 404 if the conversation was deleted: OpenAI keeps a response longer than that. No request is
    needed for it where the response has no calls and this process saw it before."""
    call_ids = pending_call_ids(response, {})
    if not call_ids and has_ended(response) and not request.caches.responses.knows(response):
        read_notes(request)
    return load_calls(request, call_ids)


def _has_gone_on(response: Json, calls: Calls) -> bool:
    """Whether all calls of the response have outputs, so that the run goes on in another response."""
    call_ids = pending_call_ids(response, {})
    return 0 < len(call_ids) == len(calls.outputs) and CANCELLED_OUTPUT not in calls.outputs.values()


def load_calls(request: V2Request, call_ids: list[str]) -> Calls:
    """Reads the conversation backwards from its end until it has met all these calls."""
    unseen, wanted = set(call_ids), set(call_ids)
    outputs: dict[str, str] = {}
    later: list[Json] = []
    for item in _iterate_backwards(request) if unseen else ():
        if item["type"] == "function_call_output" and item["call_id"] in wanted:
            outputs[item["call_id"]] = item["output"]
        elif item["type"] == "function_call":
            unseen.discard(item["call_id"])
        if not outputs:
            if _is_question(item):
                later.clear()  # only the answer to the calls matters, not what the thread went on with
            later.append(item)
        if not unseen:
            break
    return Calls(outputs, later[::-1])


def _guess_next_round(response: Json, later: list[Json]) -> LoadedRun:
    """A run whose outputs are stored, where the answer that named its next response was lost.

    What that response wrote is the `later` items behind the outputs, up to the next message of a user."""
    written: list[Json] = []
    for item in later:
        if _is_question(item):
            break
        written.append(item)
    if written:
        outputs = {
            item["call_id"]: item["output"] for item in later if item["type"] == "function_call_output"
        }
        return LoadedRun({**response, "output": written, "usage": None}, outputs, is_guess=True)
    if later:  # the thread went on without it
        return LoadedRun({**response, "status": "expired"}, {}, is_guess=True)
    return LoadedRun(response, {}, has_outputs=True)


def _is_question(item: Json) -> bool:
    return bool(item["type"] == "message" and item["role"] == "user")


def _load_open_run(request: V2Request, named_id: str) -> LoadedRun:
    """The run of function calls that wait for outputs, where its response is not known any more."""
    first_call_id = named_id.removeprefix(OPEN_CALL_PREFIX)
    outputs: dict[str, str] = {}
    calls: list[Json] = []
    for item in _iterate_backwards(request):
        if item["type"] == "message" and item["role"] == "assistant":
            calls = []  # the calls behind a message are another round's
        elif item["type"] == "function_call_output":
            outputs[item["call_id"]] = item["output"]
        elif item["type"] == "function_call":
            calls.insert(0, item)
        if item.get("call_id") == first_call_id and item["type"] == "function_call":
            break
    if (
        not calls
        or calls[0]["call_id"] != first_call_id
        or outputs.get(first_call_id, CANCELLED_OUTPUT) != CANCELLED_OUTPUT
    ):
        raise _unknown_run_error(request, to_v2_id(named_id))
    conversation = {"id": to_upstream_id(request.ids["thread_id"])}
    response = {"id": named_id, "status": "completed", "created_at": 0, "model": "", "output": calls}
    own_outputs = {one["call_id"]: outputs[one["call_id"]] for one in calls if one["call_id"] in outputs}
    return LoadedRun(response | {"conversation": conversation}, own_outputs, is_guess=True)


def find_run_of_request(request: V2Request) -> LoadedRun | None:
    """The run of this request's Idempotency-Key, where it is noted or was seen here."""
    named_id = request_id_of(str(request.mark))
    if find_latest_id(request, named_id) == named_id and named_id not in read_notes(request).latest_ids:
        return None
    return load_run(request, to_v2_id(named_id))


def _load_marked_run(request: V2Request, named_id: str) -> LoadedRun:
    """The run of a request whose response nobody knows any more, from what it wrote."""
    path = f"/conversations/{to_upstream_id(request.ids['thread_id'])}/items"
    newest = pages.iterate_newest(request.api, path, pages.MAX_PAGE_LIMIT)
    runs = read_done(newest, named_id.removeprefix(REQUEST_PREFIX)).runs
    if not runs:
        raise _unknown_run_error(request, to_v2_id(named_id))
    return guess_marked_run(request, runs[0])


def guess_marked_run(request: V2Request, run: MarkedRun, sent: Json | None = None) -> LoadedRun:
    """The run of which only that is known; `sent` is what was sent to start it, which tells its format."""
    outputs = {one["call_id"]: one["output"] for one in run.items if one["type"] == "function_call_output"}
    response = {
        "id": request_id_of(str(find_run_mark(run.mark))),
        "status": "completed",
        "created_at": read_time(run.mark["id"], FIRST_CONVERSATION_SECONDS, int(request.clock())) or 0,
        "model": "",
        "text": (sent or {}).get("text"),
        "conversation": {"id": to_upstream_id(request.ids["thread_id"])},
        "output": run.items,
    }
    return LoadedRun(response, outputs, is_guess=True)


def _iterate_backwards(request: V2Request) -> Iterator[Json]:
    path = f"/conversations/{to_upstream_id(request.ids['thread_id'])}/items"
    return pages.iterate_all(request.api, path, "desc")


# ---------------------------------------------------------------- all its rounds


def load_rounds(request: V2Request, run_id: str) -> list[Json]:
    """The responses of all rounds of a run, oldest first; those that are remembered need no request."""
    latest = _load_latest(request, run_id)
    return [*_load_earlier(request, latest), latest]


def load_writing_rounds(request: V2Request, run_id: str) -> Iterator[Json]:
    """The responses of a run that wrote messages, oldest first, and its latest; each loaded in its turn."""
    latest = _load_latest(request, run_id)
    yield from load_earlier_writing_rounds(request, latest)
    yield latest


def load_earlier_writing_rounds(request: V2Request, latest: Json) -> list[Json]:
    """The responses ahead of the run's latest that wrote messages; all ahead of it where it does not tell."""
    earlier_ids = writer_ids_of(latest)
    if earlier_ids is None:
        return _load_earlier(request, latest)
    return [_find_or_load(request, one) for one in earlier_ids]


def _load_earlier(request: V2Request, latest: Json) -> list[Json]:
    earlier: list[Json] = []
    while previous_id := previous_id_of([*earlier, latest][0]):
        earlier.insert(0, _find_or_load(request, previous_id))
    return earlier


def _load_latest(request: V2Request, run_id: str) -> Json:
    named_id = to_upstream_id(run_id)
    latest_id = find_latest_id(request, named_id).removeprefix(CANCELLED_AT)
    latest = request.caches.responses.find_ended(latest_id)
    if latest is None or pending_call_ids(latest, {}):
        latest = load_run(request, run_id).response
    require_thread(request, latest)
    return latest


def _find_or_load(request: V2Request, response_id: str) -> Json:
    known = request.caches.responses.find_ended(response_id)
    if known is None:
        known = load_response(request, response_id)
        request.caches.responses.remember_ended(known)
    return known


# ---------------------------------------------------------------- what is known of a thread's runs


def remember_response(request: V2Request, response: Json, waits: bool) -> None:
    """Remembers a run's latest response, and who wrote its messages. `waits`: its calls need outputs."""
    conversation_id, first_id = conversation_id_of(response), first_id_of(response)
    request.caches.responses.remember(response, run_id_of(response), waits=waits)
    request.caches.runs.remember_run(conversation_id, first_id)
    if first_id.startswith(REQUEST_PREFIX):  # which does not tell the response
        request.caches.runs.remember_latest(conversation_id, first_id, response["id"])
    _remember_writer(request, response)


def _remember_writer(request: V2Request, response: Json) -> None:
    for item in response["output"] if has_ended(response) else ():
        if is_message(item):
            request.caches.runs.remember_writer(item["id"], run_id_of(response), assistant_id_of(response))


def find_writers(request: V2Request, items: list[Json]) -> dict[str, Writer]:
    """The run and the assistant that wrote these messages, by message id, as far as it is known.

    Where an assistant's message is of no run seen here, the runs that the thread notes are looked up once."""
    known = request.caches.runs
    unknown = [one["id"] for one in items if one["role"] == "assistant" and not known.find_writer(one["id"])]
    if unknown and known.begin_search(unknown):
        with suppress(UpstreamError, V2Error, LookupError, TypeError):
            for first_id in read_notes(request).latest_ids:
                _learn_writers(request, to_v2_id(first_id))
    return {one["id"]: Writer(*writer) for one in items if (writer := known.find_writer(one["id"]))}


def _learn_writers(request: V2Request, run_id: str) -> None:
    """A run that cannot be loaded leaves its messages without a writer."""
    with suppress(UpstreamError, V2Error, httpx2.DecodingError):
        for response in load_writing_rounds(request, run_id):
            _remember_writer(request, response)


def find_active_run_id(request: V2Request) -> str | None:
    """The v2 id of the run that keeps the thread busy, whoever started it; None if nobody knows.

    It only helps to word a refusal, so a failure to find it is ignored."""
    conversation_id = to_upstream_id(request.ids["thread_id"])
    seen_here = request.caches.responses.find_active_run_id(conversation_id)
    if seen_here and _is_active(request, seen_here):
        return seen_here
    with suppress(Exception):
        for first_id in reversed(read_notes(request).latest_ids):
            if _is_active(request, to_v2_id(first_id)):
                return to_v2_id(first_id)
        if open_call_id := _find_open_call_id(request):
            return to_v2_id(OPEN_CALL_PREFIX + open_call_id)
    return None


def find_waiting_run_id(request: V2Request) -> str | None:
    """The run that was last seen here waiting for outputs in the thread, if it still waits.

    Upstream takes messages while a run waits, which v2 did not. No request is needed where none was seen."""
    run_id = request.caches.responses.find_active_run_id(to_upstream_id(request.ids["thread_id"]))
    if run_id is None:
        return None
    with suppress(UpstreamError, V2Error):
        loaded = load_run(request, run_id)
        if pending_call_ids(loaded.response, loaded.outputs):
            return run_id
    return None


def _is_active(request: V2Request, run_id: str) -> bool:
    with suppress(Exception):
        loaded = load_run(request, run_id)
        goes_on = loaded.response["status"] in ("queued", "in_progress")
        return goes_on or bool(pending_call_ids(loaded.response, loaded.outputs))
    return False


def _find_open_call_id(request: V2Request) -> str | None:
    """The first of the function calls at the conversation's end that have no outputs."""
    outputs: set[str] = set()
    open_id = None
    for item in _iterate_backwards(request):
        if item["type"] == "function_call_output":
            outputs.add(item["call_id"])
        elif item["type"] == "function_call" and item["call_id"] not in outputs:
            open_id = str(item["call_id"])
        elif item["type"] == "message" and item["role"] == "assistant":
            break
    return open_id
