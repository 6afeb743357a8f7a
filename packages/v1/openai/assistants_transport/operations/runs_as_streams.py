"""Runs that are told as they go: v2's events, made of the events of their background responses."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from assistants_transport.caches import has_ended
from assistants_transport.ids import to_upstream_id
from assistants_transport.operations import run_notes
from assistants_transport.operations import runs_as_responses as runs
from assistants_transport.operations.run_loading import (
    OPEN_CALL_PREFIX,
    LoadedRun,
    load_earlier_writing_rounds,
    load_run,
    name_conversation,
    require_thread,
)
from assistants_transport.request import V2Request
from assistants_transport.response_stream import error_of
from assistants_transport.translate import rounds
from assistants_transport.translate.run import assistant_id_of
from assistants_transport.translate.step import steps_from_response
from assistants_transport.translate.stream_events import ItemEvents, RunOfEvents, V2Event
from assistants_transport.translate.tool_outputs import pending_call_ids
from assistants_transport.v2_errors import STREAM_REFUSED_CODE, Json, UpstreamError, V2Error

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

# how an id begins that stands for no response, or for more than one
NO_RESPONSES = (OPEN_CALL_PREFIX, rounds.REQUEST_PREFIX, run_notes.CANCELLED_AT)
TOLD_STATUSES = ("queued", "in_progress")
DONE = V2Event("done", "[DONE]")
NOT_STREAMED: Json = {
    "type": "server_error",
    "code": STREAM_REFUSED_CODE,
    "message": "OpenAI does not stream this run: it answered JSON.",
    "param": "stream",
}


class RunStream(NamedTuple):
    """v2 events as they come; `close` hangs up, and the run goes on.

    After `done` nothing more comes. Without it the end of the run was not told: upstream broke off. Where it
    answered JSON in place of a stream, the last event is an `error` that says so."""

    events: Iterator[V2Event]
    close: Callable[[], None]


# ---------------------------------------------------------------- starting a run


def create(request: V2Request) -> RunStream:
    """Needs no more requests than starting the run does, but those that note it as a poll would."""
    run = runs.create(request)
    return _stream(request, run, [V2Event("thread.run.created", run)])


def create_with_thread(request: V2Request) -> RunStream:
    thread, run = runs.start_with_thread(request)
    in_thread = replace(request, ids={"thread_id": thread["id"]})
    return _stream(in_thread, run, [V2Event("thread.created", thread), V2Event("thread.run.created", run)])


def submit_tool_outputs(request: V2Request) -> RunStream:
    """Begins with the end of the step whose calls have their outputs now, if this process knows it."""
    run = runs.submit_tool_outputs(request)
    return _stream(request, run, _tell_answered_steps(request, run))


def _stream(request: V2Request, run: "v2.Run", ahead: Iterable[V2Event]) -> RunStream:
    """The events of the response that the request has started, behind those `ahead`.

    It has started none where outputs are not all there, or where it repeats one that did."""
    stream = request.api.stream
    if stream is None or rounds.run_id_of(stream.first) != run["id"]:
        request.api.hang_up()
        return RunStream(chain(ahead, _tell_state(run)), request.api.hang_up)
    events = _tell(request, stream.first, stream)
    return RunStream(chain(ahead, events), partial(_hang_up, request))


def _tell_answered_steps(request: V2Request, run: "v2.Run") -> Iterator[V2Event]:
    stream = request.api.stream
    previous_id = rounds.previous_id_of(stream.first) if stream else None
    previous = request.caches.responses.find_ended(previous_id or "")
    if previous is None:
        return
    given = {one["tool_call_id"]: one.get("output") or "" for one in request.body["tool_outputs"]}
    for step in steps_from_response(
        previous, run["id"], run["thread_id"], run["assistant_id"], given, False, int(request.clock())
    ):
        details = step["step_details"]
        if details["type"] == "tool_calls" and details["tool_calls"][0]["id"] in given:
            yield V2Event("thread.run.step.completed", step)


# ---------------------------------------------------------------- a run that exists


def take_up(request: V2Request) -> RunStream:
    """An addition to v2: the events of a run from the beginning of its latest round, and ahead of them those
    of the messages that earlier rounds wrote.

    A run whose end is known is told without a stream. V2Error 400 with the parameter `stream` where upstream
    does not stream it, or not any more."""
    run_id = request.ids["run_id"]
    latest_id = run_notes.find_latest_id(request, to_upstream_id(run_id))
    known: Json | None = None
    if latest_id.startswith(NO_RESPONSES):
        loaded = load_run(request, run_id)
        if loaded.is_guess:
            return RunStream(_tell_state(runs.present_run(request, loaded)), request.api.hang_up)
        known, latest_id = loaded.response, str(loaded.response["id"])
    first, later = (known, ()) if known and has_ended(known) else _open(request, latest_id)
    events = _tell(request, first, later, is_taken_up=True)
    return RunStream(chain(_tell_earlier_messages(request, first), events), partial(_hang_up, request))


def _open(request: V2Request, response_id: str) -> tuple[Json, Iterable[Json]]:
    """A response as it was first told and the events after that; as it ended, where that is known."""
    known = request.caches.responses.find_ended(response_id)
    if known is not None:
        require_thread(request, known)
        return known, ()
    query: Json = {"stream": "true"}
    if "stream_options" not in request.caches.refused_fields:
        query["include_obfuscation"] = "false"
    try:
        stream = request.api.open_stream("GET", f"/responses/{response_id}", query=query)
    except UpstreamError as refusal:
        if refusal.refuses_stream():
            raise refusal.as_stream_refusal() from refusal
        raise
    first = name_conversation(stream.first)
    require_thread(request, first)
    if not request.caches.responses.knows(first):
        run_notes.read_notes(request)  # a thread that was deleted tells nothing any more
    return first, stream


def _tell_earlier_messages(request: V2Request, latest: Json) -> Iterator[V2Event]:
    run, now = _place_events(request, latest), int(request.clock())
    with suppress(UpstreamError, V2Error):
        for response in load_earlier_writing_rounds(request, latest):
            for event in ItemEvents(response, run).tell_rest(response, now):
                if event.name.startswith("thread.message."):
                    yield event


def _hang_up(request: V2Request) -> None:
    """Notes the run, too, if it goes on for long and no event came by which it would have been noted."""
    stream = request.api.stream
    request.api.hang_up()
    goes_on = stream and request.caches.responses.find_ended(stream.first["id"]) is None
    if not stream or not goes_on:
        return
    if runs.goes_on_long(request, stream.first) or runs.is_nameless(stream.first):
        _note(request, stream.first)


def _note(request: V2Request, response: Json) -> None:
    with suppress(Exception):  # a stream does not break off because of it
        request.api.begin_again()
        run_notes.note_run(request, response)


# ---------------------------------------------------------------- telling


def _tell(
    request: V2Request, first: Json, later: Iterable[Json], is_taken_up: bool = False
) -> Iterator[V2Event]:
    """The events of one response, and of those that the run goes on in, if it `is_taken_up`."""
    items = ItemEvents(first, _place_events(request, first))
    response, told_status, is_noted = first, "", False
    for event in chain([{"type": "", "response": first}], later):
        now = int(request.clock())
        if isinstance(event.get("response"), dict):
            response = runs.place_in_thread(request, event["response"])
            if has_ended(response):
                yield from items.tell_rest(response, now)
                yield from _tell_end(request, response, is_taken_up)
                return
            run = runs.present_run(request, LoadedRun(response, {}))
            if run["status"] in TOLD_STATUSES and run["status"] != told_status:
                told_status = run["status"]
                yield V2Event(f"thread.run.{told_status}", run)
        elif event["type"] == "error":
            yield V2Event("error", _v2_error(event))
        else:
            yield from items.tell(event, now)
        if not is_noted and runs.goes_on_long(request, response):
            is_noted = True
            _note(request, response)
    if request.api.stream and request.api.stream.is_json:
        yield V2Event("error", NOT_STREAMED)


def _place_events(request: V2Request, response: Json) -> RunOfEvents:
    return RunOfEvents(request.ids["thread_id"], rounds.run_id_of(response), assistant_id_of(response))


def _tell_end(request: V2Request, response: Json, is_taken_up: bool) -> Iterator[V2Event]:
    """The end of a round: of the run too, unless its calls have their outputs and it goes on."""
    request.api.begin_again()
    loaded = LoadedRun(response, {})
    if is_taken_up and pending_call_ids(response, {}):
        loaded = load_run(request, rounds.run_id_of(response))
        if loaded.response["id"] != response["id"] and not loaded.is_guess:
            request.api.hang_up()
            yield from _tell(request, *_open(request, loaded.response["id"]), is_taken_up)
            return
    run = runs.present_run(request, loaded)
    yield V2Event(f"thread.run.{run['status']}", run)
    if request.api.stream:
        request.api.stream.finish()
    yield DONE


def _tell_state(run: "v2.Run") -> Iterator[V2Event]:
    """A run that nothing streams."""
    yield V2Event(f"thread.run.{run['status']}", run)
    if run["status"] not in TOLD_STATUSES:
        yield DONE


def _v2_error(event: Json) -> Json:
    error = error_of(event)
    return {"type": "server_error", **error, "message": error["message"] or "upstream told of an error"}
