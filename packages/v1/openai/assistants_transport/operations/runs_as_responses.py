"""Requests about runs, answered by background responses of the Responses API."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from assistants_transport import pages
from assistants_transport.caches import has_ended
from assistants_transport.ids import conversation_id_of, read_time, to_upstream_id, to_v2_id
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.operations import repeats, run_notes
from assistants_transport.operations import threads_as_conversations as threads
from assistants_transport.operations.run_loading import (
    OPEN_CALL_PREFIX,
    LoadedRun,
    find_run_of_request,
    guess_marked_run,
    load_run,
    load_writing_rounds,
    remember_response,
)
from assistants_transport.request import V2Request
from assistants_transport.translate import response as responses
from assistants_transport.translate import rounds, tool_outputs
from assistants_transport.translate.agent import agent_from_assistant
from assistants_transport.translate.marks import mark_message
from assistants_transport.translate.message import (
    Writer,
    code_files_of,
    is_message,
    items_from_messages,
    messages_from_items,
    texts_of,
)
from assistants_transport.translate.run import assistant_id_of, run_from_response
from assistants_transport.translate.thread import extras_of, metadata_with_code_files
from assistants_transport.v2_errors import Json, UpstreamError, V2Error, active_run_error

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

OPTIONAL_FIELDS = ("prompt_cache_key", "stream_options")  # not sent again to servers that refuse them
LONG_RUN_SECONDS = 2.0  # a run that lasts longer is noted, so that other processes can name and cancel it
THREAD_OF_RUN_NAMES = ("thread", "tool_resources")  # of create-and-run, beside the run's own fields


# ---------------------------------------------------------------- starting a run


def create(request: V2Request) -> "v2.Run":
    """Needs one request if the assistant is known, and one more for every 20 additional messages."""
    responses.check_run(request.body)
    items = items_from_messages(request.body.get("additional_messages"), "additional_messages")
    return _start(request, _load_agent(request), items)


def create_with_thread(request: V2Request) -> "v2.Run":
    return start_with_thread(request)[1]


def start_with_thread(request: V2Request) -> "tuple[v2.Thread, v2.Run]":
    """Creates a thread and runs an assistant in it. A thread whose run is surely refused is deleted again.

    PartialFailure where the thread stays without a run that is known."""
    body = {name: value for name, value in request.body.items() if name not in THREAD_OF_RUN_NAMES}
    responses.check_run(body)
    agent = _load_agent(request)
    if request.body.get("tool_resources") is not None:  # in place of the assistant's own, for this run
        resources = {"tool_resources": request.body["tool_resources"]}
        agent = {**agent, **agent_from_assistant(resources, agent)}
    thread = threads.create(replace(request, body=request.body.get("thread") or {}))
    in_thread = replace(request, body=body, ids={"thread_id": thread["id"]})
    try:
        return thread, _start(in_thread, agent, [])
    except Exception as failure:
        threads.take_back(request.api, thread["id"], failure, "with a run")
        raise


def _load_agent(request: V2Request) -> Json:
    return request.caches.agents.load(request.api, to_upstream_id(request.body["assistant_id"]))


def _start(request: V2Request, agent: Json, items: list[Json]) -> "v2.Run":
    conversation_id = to_upstream_id(request.ids["thread_id"])
    path = f"/conversations/{conversation_id}"
    file_ids = code_files_of(request.body.get("additional_messages"))
    needs_thread = file_ids or responses.needs_thread_extras(request.body, agent)
    conversation = request.api.get(path) if needs_thread else {}
    with_files = _add_files(conversation, file_ids)
    response = responses.response_from_run(
        request.body, agent, conversation_id, extras_of(with_files), request.mark
    )
    start = _add_items_and_start_once if request.mark else _add_items_and_start
    started = start(request, items, response)
    if file_ids:  # for later runs of the thread; a run that is refused leaves none behind
        with suppress(UpstreamError):
            request.api.post(path, _add_files(request.api.get(path), file_ids))
    return present_run(request, started)


def _add_items_and_start(request: V2Request, items: list[Json], response: Json) -> LoadedRun:
    """Adds items to the conversation, then starts the response.

    As the response's own input, the items would be lost if the response fails. If the response is surely
    refused, the items are deleted again, so that a repeated call does not double them."""
    conversation_id = str(response["conversation"])
    added = messages.add_items(request.api, conversation_id, items)
    try:
        started = _post_response(request, response)
    except (V2Error, UpstreamError) as failure:
        messages.take_back(request.api, conversation_id, added, failure)
        raise
    return LoadedRun(place_in_thread(request, started), {})


def _add_items_and_start_once(request: V2Request, items: list[Json], response: Json) -> LoadedRun:
    """The same for a request with an Idempotency-Key: what it has done already is not done again.

    Its message stays where the response is refused: another call of the same key may count on it, and a
    repeat goes on from it."""
    done = repeats.find_done(request)
    if done.messages and items:
        repeats.require_same(done.messages[0], items[0])
    repeats.take_back_later(request, done)
    if (done.runs or done.messages) and (found := _load_done(request, done, response)):
        return found
    marked = [mark_message(one, str(request.mark)) for one in items[:1]] + items[1:]
    conversation_id = str(response["conversation"])
    try:
        added = messages.add_items(request.api, conversation_id, [] if done.messages else marked)
        started = _post_response(request, response)
    except UpstreamError as refusal:
        if refusal.is_active_run() and (found := _load_done(request, repeats.find_done(request), response)):
            return found
        raise
    if first := repeats.keep_first(request, added, started):
        return LoadedRun(place_in_thread(request, first), {})
    if found := _load_done(request, repeats.find_done(request), response):
        return found
    raise active_run_error(request.ids["thread_id"], None)


def _load_done(request: V2Request, done: repeats.Done, sent: Json) -> LoadedRun | None:
    """The request's run: as it is known, else as what it wrote tells it; None where there is none yet."""
    known = find_run_of_request(request)
    return known or (guess_marked_run(request, done.runs[0], sent) if done.runs else None)


def _add_files(conversation: Json, file_ids: list[str]) -> Json:
    return {"metadata": metadata_with_code_files(conversation, file_ids)} if file_ids else conversation


def place_in_thread(request: V2Request, response: Json) -> Json:
    """A response that was just asked for in this thread; some servers do not name its conversation."""
    if conversation_id_of(response):
        return response
    return {**response, "conversation": {"id": to_upstream_id(request.ids["thread_id"])}}


def goes_on_long(request: V2Request, response: Json) -> bool:
    age = request.clock() - response["created_at"]
    return response["status"] in ("queued", "in_progress") and age >= LONG_RUN_SECONDS


def is_nameless(response: Json) -> bool:
    """Whether it goes on and is not told by its run's id: other processes find it by the thread's notes."""
    return not has_ended(response) and rounds.first_id_of(response).startswith(rounds.REQUEST_PREFIX)


def _post_response(request: V2Request, response: Json) -> Json:
    """Starts the response without the optional fields that this server has refused before.

    Where the run is to be streamed, this is the response as the stream first told it."""
    refused = request.caches.refused_fields
    wanted = {**response, **responses.stream_fields(request.body)}
    try:
        sent = {name: value for name, value in wanted.items() if name not in refused}
        if sent.get("stream"):
            return request.api.open_stream("POST", "/responses", sent).first
        return request.api.post("/responses", sent)
    except UpstreamError as refusal:
        named = [name for name in OPTIONAL_FIELDS if name in sent and refusal.names_field(name)]
        if not named:
            if sent.get("stream") and refusal.refuses_stream():
                raise refusal.as_stream_refusal() from refusal
            raise
        refused.update(named)
        return _post_response(request, response)


# ---------------------------------------------------------------- a run that exists


def retrieve(request: V2Request) -> "v2.Run":
    loaded = load_run(request, request.ids["run_id"])
    if goes_on_long(request, loaded.response) or is_nameless(loaded.response):
        run_notes.note_run(request, loaded.response)
    return present_run(request, loaded)


def update(request: V2Request) -> "v2.Run":
    """Notes the run's new metadata in its thread: upstream a response cannot be changed."""
    responses.check_update(request.body)
    loaded = load_run(request, request.ids["run_id"])
    if request.body.get("metadata") is not None:
        run_notes.note_metadata(request, rounds.first_id_of(loaded.response), request.body["metadata"])
    return present_run(request, loaded)


def cancel(request: V2Request) -> "v2.Run":
    """Cancels a run that waits for tool outputs by giving them: unanswered calls would block the thread.

    V2Error 400 for a run that has ended."""
    loaded = load_run(request, request.ids["run_id"])
    response, outputs = loaded.response, loaded.outputs
    if not has_ended(response) and response["status"] != "expired":
        cancelled = request.api.post(f"/responses/{response['id']}/cancel")
        return present_run(request, LoadedRun(place_in_thread(request, cancelled), {}))
    pending_ids = tool_outputs.pending_call_ids(response, outputs)
    if not pending_ids:
        status = run_from_response(response, outputs)["status"]
        raise V2Error(400, f"Cannot cancel run with status '{status}'.")
    given = dict.fromkeys(pending_ids, tool_outputs.CANCELLED_OUTPUT)
    if loaded.has_outputs:
        run_notes.note_latest(request, rounds.first_id_of(response), run_notes.CANCELLED_AT + response["id"])
    else:
        items = [tool_outputs.item_from_output(call_id, output) for call_id, output in given.items()]
        messages.add_items(request.api, conversation_id_of(response), items)
    return present_run(request, loaded._replace(outputs=outputs | given))


def submit_tool_outputs(request: V2Request) -> "v2.Run":
    """Starts the run's next response once every call has its output.

    Until then the outputs are kept in the thread and the run goes on waiting."""
    tool_outputs.check_submission(request.body)
    loaded = load_run(request, request.ids["run_id"])
    response, outputs = loaded.response, loaded.outputs
    pending_ids = tool_outputs.pending_call_ids(response, outputs)
    if not pending_ids:
        status = run_from_response(response, outputs)["status"]
        raise V2Error(400, f"Runs in status '{status}' do not accept tool outputs.")
    if response["id"].startswith((OPEN_CALL_PREFIX, rounds.REQUEST_PREFIX)):
        raise V2Error(400, "The response of this run is not known any more, so it cannot go on: cancel it.")
    items = tool_outputs.items_from_outputs(request.body.get("tool_outputs"), pending_ids)
    if len(items) == len(pending_ids):
        following = responses.next_response_from_response(response)
        started = _add_items_and_start(request, [] if loaded.has_outputs else items, following)
        run_notes.note_latest(request, rounds.first_id_of(response), started.response["id"])
        return present_run(request, started)
    if not loaded.has_outputs:
        messages.add_items(request.api, conversation_id_of(response), items)
    given = {one["call_id"]: one["output"] for one in items}
    return present_run(request, loaded._replace(outputs=outputs | given))


def list_page(request: V2Request) -> "v2.List[v2.Run]":
    """The runs that are known: those that the thread notes, and those that this process has seen."""
    conversation_id, now = to_upstream_id(request.ids["thread_id"]), int(request.clock())
    noted, seen = run_notes.read_notes(request), request.caches.runs.list_ids(conversation_id)
    known = [*(one for one in (*noted.latest_ids, *noted.metadata) if one not in seen), *seen]
    in_order = sorted(dict.fromkeys(known), key=lambda one: _begun_at(request, one, now))
    found: dict[str, v2.Run | None] = {}
    while True:  # until no run of the page turns out to be gone
        named = [{"id": run_id} for one in in_order if found.get(run_id := to_v2_id(one), found) is not None]
        page, has_more = pages.slice_page(named, request.query)
        found |= {one["id"]: _find_run(request, one["id"]) for one in page if one["id"] not in found}
        runs = [run for one in page if (run := found[one["id"]])]
        if len(runs) == len(page):
            return pages.make_list(runs, has_more)


def _begun_at(request: V2Request, first_id: str, now: int) -> int:
    """The Unix seconds that the id tells; that of a request with a key tells them by its response's."""
    is_request = first_id.startswith(rounds.REQUEST_PREFIX)
    told_by = run_notes.find_latest_id(request, first_id) if is_request else first_id
    return read_time(told_by.removeprefix(run_notes.CANCELLED_AT), 0, now) or 0


def _find_run(request: V2Request, run_id: str) -> "v2.Run | None":
    """None for a run that OpenAI does not keep any more."""
    try:
        return present_run(request, load_run(request, run_id))
    except (UpstreamError, V2Error) as refusal:
        if refusal.status != 404:
            raise
        return None


def list_messages(request: V2Request) -> "v2.List[v2.Message]":
    """The messages that one run wrote, in all its rounds, taken from its responses."""
    run_id, thread_id = request.query["run_id"], request.ids["thread_id"]
    items: list[Json] = []
    assistant_id = None
    for response in load_writing_rounds(request, run_id):
        if request.api.is_enough(sum(len(text) for item in items for text in texts_of(item))):
            raise V2Error(502, "The run wrote more than is read at once: list the messages of its thread.")
        items += filter(is_message, response["output"])
        assistant_id = assistant_id_of(response)
    items = [one for one in items if not request.caches.runs.was_deleted(one["id"])]
    writer = Writer(run_id, assistant_id)
    writers = {item["id"]: writer for item in items}
    written = messages_from_items(items, thread_id, int(request.clock()), writers)
    return pages.make_list(*pages.slice_page(written, request.query))


def present_run(request: V2Request, loaded: LoadedRun) -> "v2.Run":
    """The run for the caller. What it tells about its thread is remembered, and noted if it waits."""
    response = loaded.response
    run = run_from_response(response, loaded.outputs)
    waits = run["status"] == "requires_action"
    if not loaded.is_guess:
        remember_response(request, response, waits)
    if waits and not loaded.is_guess:
        run_notes.note_run(request, response)
    if loaded.is_guess:
        run["usage"] = None  # that of the lost rounds is not known
    updated = run_notes.find_notes(request).metadata.get(rounds.first_id_of(response))
    return run if updated is None else {**run, "metadata": updated}
