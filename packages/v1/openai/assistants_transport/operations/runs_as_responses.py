"""Requests about runs, answered by background responses of the Responses API."""

from typing import TYPE_CHECKING

from assistants_transport import pages
from assistants_transport.caches import has_ended
from assistants_transport.ids import conversation_id_of, to_upstream_id
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.request import V2Request
from assistants_transport.translate import response as responses
from assistants_transport.translate import tool_outputs
from assistants_transport.translate.message import is_message, items_from_messages, message_from_item
from assistants_transport.translate.run import assistant_id_of, run_from_response
from assistants_transport.translate.thread import extras_of
from assistants_transport.v2_errors import Json, UpstreamError, V2Error

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2


def create(request: V2Request) -> "v2.Run":
    """Needs one request if the assistant is known, and one more for every 20 additional messages."""
    body, api = request.body, request.api
    responses.check_run(body)
    conversation_id = to_upstream_id(request.ids["thread_id"])
    items = items_from_messages(body.get("additional_messages"), "additional_messages")
    agent = request.caches.agents.load(api, to_upstream_id(body["assistant_id"]))
    needs_thread = responses.needs_thread_extras(body, agent)
    conversation = messages.attach_code_files(api, conversation_id, body.get("additional_messages"))
    if needs_thread and not conversation:
        conversation = api.get(f"/conversations/{conversation_id}")
    response = responses.response_from_run(body, agent, conversation_id, extras_of(conversation))
    return _add_items_and_start(request, items, response)


def retrieve(request: V2Request) -> "v2.Run":
    response = _load_response_of_thread(request, request.ids["run_id"])
    return _present_run(request, response, _load_outputs(request.api, response))


def cancel(request: V2Request) -> "v2.Run":
    """Cancels a run that waits for tool outputs by giving them: unanswered calls would block the thread.

    V2Error 400 for a run that has ended."""
    response = _load_response(request, request.ids["run_id"])
    if not has_ended(response):
        return _present_run(request, request.api.post(f"/responses/{response['id']}/cancel"), {})
    outputs = _load_outputs(request.api, response)
    pending_ids = tool_outputs.pending_call_ids(response, outputs)
    if not pending_ids:
        status = run_from_response(response, outputs)["status"]
        raise V2Error(400, f"Cannot cancel run with status '{status}'.")
    given = dict.fromkeys(pending_ids, tool_outputs.CANCELLED_OUTPUT)
    items = [tool_outputs.item_from_output(call_id, output) for call_id, output in given.items()]
    messages.add_items(request.api, conversation_id_of(response), items)
    return _present_run(request, response, outputs | given)


def submit_tool_outputs(request: V2Request) -> "v2.Run":
    """Starts the run's next response once every call has its output; the run's id changes with it.

    Until then the outputs are kept in the thread and the run goes on waiting."""
    tool_outputs.check_submission(request.body)
    response = _load_response(request, request.ids["run_id"])
    known = _load_outputs(request.api, response)
    pending_ids = tool_outputs.pending_call_ids(response, known)
    if not pending_ids:
        status = run_from_response(response, known)["status"]
        raise V2Error(400, f"Runs in status '{status}' do not accept tool outputs.")
    items = tool_outputs.items_from_outputs(request.body.get("tool_outputs"), pending_ids)
    if len(items) == len(pending_ids):
        return _add_items_and_start(request, items, responses.next_response_from_response(response))
    messages.add_items(request.api, conversation_id_of(response), items)
    return _present_run(request, response, known | {one["call_id"]: one["output"] for one in items})


def list_messages(request: V2Request) -> "v2.List[v2.Message]":
    """The messages that one run wrote, taken from its response."""
    run_id, thread_id = request.query["run_id"], request.ids["thread_id"]
    known = request.caches.responses.find_ended(to_upstream_id(run_id))
    response = known or _load_response_of_thread(request, run_id)
    _require_thread(response, thread_id, run_id)
    written = [
        message_from_item(item, thread_id, run_id, assistant_id_of(response))
        for item in response["output"]
        if is_message(item)
    ]
    return pages.make_list(*pages.slice_page(written, request.query))


def _add_items_and_start(request: V2Request, items: list[Json], response: Json) -> "v2.Run":
    """Adds items to the conversation, then starts the response.

    As the response's own input, the items would be lost if the response fails. If the response is refused,
    the items are deleted again, so that a repeated call does not double them."""
    conversation_id = str(response["conversation"])
    added = messages.add_items(request.api, conversation_id, items)
    try:
        return _present_run(request, request.api.post("/responses", response), {})
    except (V2Error, UpstreamError):
        messages.delete_items(request.api, conversation_id, added)
        raise


def _present_run(request: V2Request, response: Json, outputs: dict[str, str]) -> "v2.Run":
    """Caches the response and returns it as a run; `outputs` are those of its function calls by call id."""
    run = run_from_response(response, outputs)
    request.caches.responses.remember(response, waits=run["status"] == "requires_action")
    return run


def _load_response(request: V2Request, run_id: str) -> Json:
    """The run's response. V2Error 404 if it belongs to another thread."""
    response = request.api.get(f"/responses/{to_upstream_id(run_id)}")
    if not isinstance(response["status"], str):
        raise TypeError("a response without a status")  # the transport makes a DecodingError of it
    _require_thread(response, request.ids["thread_id"], run_id)
    return response


def _load_response_of_thread(request: V2Request, run_id: str) -> Json:
    """The run's response. UpstreamError 404 if its conversation was deleted.

    OpenAI keeps a response longer than its conversation, but a v2 run goes with its thread. No request is
    needed for a conversation that this process saw active or ended."""
    response = _load_response(request, run_id)
    if has_ended(response) and not request.caches.responses.knows(response):
        request.api.get(f"/conversations/{conversation_id_of(response)}")
    return response


def _require_thread(response: Json, thread_id: str, run_id: str) -> None:
    if conversation_id_of(response) != to_upstream_id(thread_id):
        raise V2Error(404, f"No run found with id '{run_id}' in thread '{thread_id}'.")


def _load_outputs(api: OpenAIApi, response: Json) -> dict[str, str]:
    """The outputs of the response's function calls by call id.

    Reads the conversation backwards from its end until it has met all the calls."""
    call_ids = set(tool_outputs.pending_call_ids(response, {}))
    unseen, outputs = set(call_ids), {}
    path = f"/conversations/{conversation_id_of(response)}/items"
    for item in pages.iterate_all(api, path, "desc") if call_ids else ():
        if item["type"] == "function_call_output" and item.get("call_id") in call_ids:
            outputs[item["call_id"]] = item["output"]
        elif item["type"] == "function_call":
            unseen.discard(item["call_id"])
        if not unseen:
            break
    return outputs
