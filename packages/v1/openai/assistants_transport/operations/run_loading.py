"""Finds the run that a v2 id names: its latest response, and which of its function calls have outputs."""

from contextlib import suppress
from typing import NamedTuple

from assistants_transport import pages
from assistants_transport.caches import RunNotes, has_ended
from assistants_transport.ids import conversation_id_of, to_upstream_id, to_v2_id
from assistants_transport.operations.run_notes import CANCELLED, find_notes, read_notes
from assistants_transport.request import V2Request
from assistants_transport.translate.message import Writer, is_message
from assistants_transport.translate.rounds import earlier_ids_of, first_id_of, run_id_of
from assistants_transport.translate.run import assistant_id_of
from assistants_transport.translate.tool_outputs import CANCELLED_OUTPUT, pending_call_ids
from assistants_transport.v2_errors import Json, UpstreamError, V2Error

# The id of a run whose response nobody knows any more is made of its first open function call.
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
    """What a conversation holds of a response's calls: outputs by call id, and the items behind them."""

    outputs: dict[str, str]
    later: list[Json]


def load_run(request: V2Request, run_id: str) -> LoadedRun:
    """The run as it is now. V2Error 404 if it is none of the thread's."""
    first_id = to_upstream_id(run_id)
    if first_id.startswith(OPEN_CALL_PREFIX):
        return _load_open_run(request, first_id)
    latest_id = find_notes(request).latest_ids.get(first_id) or first_id
    response = load_response(request, latest_id)
    calls = load_calls(request, pending_call_ids(response, {}))
    if not _were_answered(response, calls):
        _require_conversation(request, response)
        return LoadedRun(response, calls.outputs)
    latest_id = read_notes(request).latest_ids.get(first_id_of(response), latest_id)
    if latest_id == CANCELLED:
        return LoadedRun(response, dict.fromkeys(calls.outputs, CANCELLED_OUTPUT))
    if latest_id != response["id"]:
        response = load_response(request, latest_id)
        calls = load_calls(request, pending_call_ids(response, {}))
    if _were_answered(response, calls):
        return _guess_next_round(response, calls)
    return LoadedRun(response, calls.outputs)


def load_rounds(request: V2Request, run_id: str) -> list[Json]:
    """The responses of all rounds of a run, oldest first. No request is needed for what is remembered."""
    known = request.caches.responses
    first_id = to_upstream_id(run_id)
    latest = known.find_ended(find_notes(request).latest_ids.get(first_id) or first_id)
    if latest is None or pending_call_ids(latest, {}):
        latest = load_run(request, run_id).response
    require_thread(request, latest)
    earlier = [known.find_ended(one) or load_response(request, one) for one in earlier_ids_of(latest)]
    return [*earlier, latest]


def load_response(request: V2Request, response_id: str) -> Json:
    """A response of the thread. V2Error 404 if it belongs to another one."""
    response = adopt(request, request.api.get(f"/responses/{response_id}"))
    if not isinstance(response["status"], str):
        raise TypeError("a response without a status")  # the transport makes a DecodingError of it
    require_thread(request, response)
    return response


def adopt(request: V2Request, response: Json) -> Json:
    """The response with its conversation: where a server leaves it out, it is that of the thread."""
    if not conversation_id_of(response):
        response["conversation"] = {"id": to_upstream_id(request.ids["thread_id"])}
    return response


def require_thread(request: V2Request, response: Json) -> None:
    if conversation_id_of(response) != to_upstream_id(request.ids["thread_id"]):
        raise _unknown_run_error(request, run_id_of(response))


def _require_conversation(request: V2Request, response: Json) -> None:
    """UpstreamError 404 if the conversation was deleted: OpenAI keeps a response longer than that.

    No request is needed where the calls were read from it, or this process saw the response before."""
    seen = pending_call_ids(response, {}) or request.caches.responses.knows(response)
    if has_ended(response) and not seen:
        read_notes(request)


def _unknown_run_error(request: V2Request, run_id: str) -> V2Error:
    return V2Error(404, f"No run found with id '{run_id}' in thread '{request.ids['thread_id']}'.")


def remember_response(request: V2Request, response: Json, waits: bool) -> None:
    """Remembers a run's latest response, and who wrote its messages. `waits`: its calls need outputs."""
    run_id, conversation_id = run_id_of(response), conversation_id_of(response)
    request.caches.responses.remember(response, run_id, waits=waits)
    request.caches.runs.remember_run(conversation_id, first_id_of(response))
    _remember_writer(request, response)


def find_writers(request: V2Request, items: list[Json]) -> dict[str, Writer]:
    """The run and the assistant that wrote these messages, by message id, as far as it is known.

    The runs that the thread notes are looked up once, where an assistant's message is of none seen here."""
    known = request.caches.runs
    unknown = [one for one in items if one["role"] == "assistant" and not known.find_writer(one["id"])]
    if unknown and known.find_notes(to_upstream_id(request.ids["thread_id"])) is None:
        known.remember_notes(to_upstream_id(request.ids["thread_id"]), RunNotes({}, {}))  # asked once at most
        with suppress(UpstreamError, V2Error):
            for first_id in read_notes(request).latest_ids:
                for response in load_rounds(request, to_v2_id(first_id)):
                    _remember_writer(request, response)
    return {one["id"]: Writer(*writer) for one in items if (writer := known.find_writer(one["id"]))}


def _remember_writer(request: V2Request, response: Json) -> None:
    for item in response["output"] if has_ended(response) else ():
        if is_message(item):
            request.caches.runs.remember_writer(item["id"], run_id_of(response), assistant_id_of(response))


def find_active_run_id(request: V2Request) -> str | None:
    """The v2 id of the run that keeps the thread busy, whoever started it; None if nobody knows.

    It only helps to word a refusal, so a failure to find it is ignored."""
    conversation_id = to_upstream_id(request.ids["thread_id"])
    if known := request.caches.responses.find_active_run_id(conversation_id):
        return known
    with suppress(Exception):
        for first_id in reversed(read_notes(request).latest_ids):
            loaded = load_run(request, to_v2_id(first_id))
            if not has_ended(loaded.response) or pending_call_ids(loaded.response, loaded.outputs):
                return to_v2_id(first_id)
        if open_calls := _find_open_calls(request):
            return to_v2_id(OPEN_CALL_PREFIX + open_calls[0]["call_id"])
    return None


def find_waiting_run_id(request: V2Request) -> str | None:
    """The run that was last seen here waiting for outputs in the thread, if it still waits.

    Upstream takes messages while a run waits, which v2 did not. No request is needed where none was seen."""
    conversation_id = to_upstream_id(request.ids["thread_id"])
    run_id = request.caches.responses.find_active_run_id(conversation_id)
    if run_id is None:
        return None
    loaded = load_run(request, run_id)
    return run_id if pending_call_ids(loaded.response, loaded.outputs) else None


def _were_answered(response: Json, calls: Calls) -> bool:
    """Whether the response ended in calls which all have outputs, so that the run has gone on."""
    call_ids = pending_call_ids(response, {})
    return (
        bool(call_ids)
        and calls.outputs.keys() >= set(call_ids)
        and CANCELLED_OUTPUT not in calls.outputs.values()
    )


def _guess_next_round(response: Json, calls: Calls) -> LoadedRun:
    """A run whose outputs are stored, where the answer that named its next response was lost.

    What that response wrote stands behind the outputs, up to the next message of a user."""
    written: list[Json] = []
    for item in calls.later:
        if item["type"] == "message" and item["role"] == "user":
            break
        written.append(item)
    if written:
        return LoadedRun({**response, "output": written, "usage": None}, calls.outputs, is_guess=True)
    if calls.later:  # the thread went on without it
        return LoadedRun({**response, "status": "expired"}, {}, is_guess=True)
    return LoadedRun(response, {}, has_outputs=True)


def load_calls(request: V2Request, call_ids: list[str]) -> Calls:
    """Reads the conversation backwards from its end until it has met all these calls."""
    unseen = set(call_ids)
    outputs: dict[str, str] = {}
    behind: list[Json] = []
    for item in pages.iterate_all(request.api, _items_path(request), "desc") if unseen else ():
        if item["type"] == "function_call_output":
            outputs[item["call_id"]] = item["output"]
        elif item.get("call_id") in unseen:
            unseen.discard(item["call_id"])
        if not outputs.keys() & set(call_ids):
            behind.append(item)
        if not unseen:
            break
    return Calls(outputs, behind[::-1])


def _load_open_run(request: V2Request, first_id: str) -> LoadedRun:
    """The run of function calls that wait for outputs, where its response is not known any more."""
    calls = _find_open_calls(request)
    if not calls or first_id != OPEN_CALL_PREFIX + calls[0]["call_id"]:
        raise V2Error(
            404, f"No run found with id '{to_v2_id(first_id)}' in thread '{request.ids['thread_id']}'."
        )
    response = {"id": first_id, "status": "completed", "created_at": 0, "model": "", "output": calls}
    return LoadedRun(adopt(request, response), {}, is_guess=True)


def _find_open_calls(request: V2Request) -> list[Json]:
    """The function calls at the conversation's end that have no outputs, oldest first."""
    outputs: set[str] = set()
    calls: list[Json] = []
    for item in pages.iterate_all(request.api, _items_path(request), "desc"):
        if item["type"] == "function_call_output":
            outputs.add(item["call_id"])
        elif item["type"] == "function_call" and item["call_id"] not in outputs:
            calls.append(item)
        elif item["type"] == "message" and item["role"] == "assistant":
            break
    return calls[::-1]


def _items_path(request: V2Request) -> str:
    return f"/conversations/{to_upstream_id(request.ids['thread_id'])}/items"
