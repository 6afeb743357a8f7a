"""Runs: v2 run <-> background response."""

from assistants_transport import body_schema as fields
from assistants_transport import pages
from assistants_transport.ids import to_upstream
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.operations import threads_as_conversations as threads
from assistants_transport.request import ENDED, Call, conversation_of
from assistants_transport.translate import tool_outputs
from assistants_transport.translate.response import REFUSED, check, following, to_response
from assistants_transport.translate.run import assistant_id, to_run
from assistants_transport.v2_errors import Json, UpstreamError, V2Error, refuse_field

SUBMISSION_FIELDS: fields.Types = {"tool_outputs": list, "stream": fields.ANYTHING}


def create(call: Call) -> Json:
    """One request once the assistant is known, one more for additional messages."""
    check(call.body)
    conversation_id = to_upstream(call.ids["thread_id"])
    additional = messages.to_items(call.body.get("additional_messages"), "additional_messages")
    agent = call.memory.agents.load(call.api, to_upstream(call.body["assistant_id"]))
    request = to_response(
        call.body, agent, conversation_id, lambda: threads.vector_stores(call.api, conversation_id)
    )
    return _add_and_start(call, additional, request)


def retrieve(call: Call) -> Json:
    response = _own_of_a_thread(call, call.ids["run_id"])
    return _shown(call, response, tool_outputs.in_thread(call.api, response))


def cancel(call: Call) -> Json:
    """A run that waits for outputs is cancelled by answering its calls: unanswered, they block the thread."""
    response = _own(call, call.ids["run_id"])
    if response["status"] not in ENDED:
        return _shown(call, call.api.post(f"/responses/{response['id']}/cancel"))
    outputs = tool_outputs.in_thread(call.api, response)
    pending = [one["call_id"] for one in tool_outputs.pending(response, outputs)]
    if not pending:
        raise V2Error(400, f"Cannot cancel run with status '{to_run(response, outputs)['status']}'.")
    answered = [tool_outputs.to_item(call_id, tool_outputs.CANCELLED) for call_id in pending]
    messages.add_items(call.api, conversation_of(response), answered)
    return _shown(call, response, outputs | dict.fromkeys(pending, tool_outputs.CANCELLED))


def submit_tool_outputs(call: Call) -> Json:
    """All outstanding outputs start the next response, whose id the run has from then on; some of them are
    kept in the thread while the run goes on waiting for the others."""
    fields.check(call.body, SUBMISSION_FIELDS, "a submission of tool outputs")
    if call.body.get("stream"):
        refuse_field("stream", REFUSED["stream"])
    response = _own(call, call.ids["run_id"])
    known = tool_outputs.in_thread(call.api, response)
    pending = [one["call_id"] for one in tool_outputs.pending(response, known)]
    if not pending:
        status = to_run(response, known)["status"]
        raise V2Error(400, f"Runs in status '{status}' do not accept tool outputs.")
    items = tool_outputs.to_items(call.body.get("tool_outputs"), pending)
    if len(items) == len(pending):
        return _add_and_start(call, items, following(response))
    messages.add_items(call.api, conversation_of(response), items)
    return _shown(call, response, known | {one["call_id"]: one["output"] for one in items})


def list_messages(call: Call) -> Json:
    """The messages that one run wrote, as its response has them."""
    run_id, thread_id = call.query["run_id"], call.ids["thread_id"]
    response = call.memory.responses.ended(to_upstream(run_id)) or _own_of_a_thread(call, run_id)
    _require_thread(response, thread_id, run_id)
    written = [
        messages.to_message(item, thread_id, run_id, assistant_id(response))
        for item in response["output"]
        if messages.is_message(item)
    ]
    return pages.v2_list(*pages.cut(written, call.query))


def _add_and_start(call: Call, items: list[Json], request: Json) -> Json:
    """Adds the items first: as the response's input they would be lost with a response that fails. They are
    taken back where it is refused, so that a repeated call does not double them."""
    conversation_id = str(request["conversation"])
    added = messages.add_items(call.api, conversation_id, items)
    try:
        return _shown(call, call.api.post("/responses", request))
    except (V2Error, UpstreamError):
        messages.take_back(call.api, conversation_id, added)
        raise


def _shown(call: Call, response: Json, outputs: dict[str, str] | None = None) -> Json:
    run = to_run(response, outputs)
    call.memory.responses.learn(response, waits=run["status"] == "requires_action")
    return run


def _own(call: Call, run_id: str) -> Json:
    response = call.api.get(f"/responses/{to_upstream(run_id)}")
    if not isinstance(response["status"], str):
        raise TypeError("no response")  # not the caller's mistake: the answer is nonsense
    _require_thread(response, call.ids["thread_id"], run_id)
    return response


def _own_of_a_thread(call: Call, run_id: str) -> Json:
    """OpenAI keeps a response longer than its conversation: here a run goes with its thread. A response that
    this process saw going on needs no look at the conversation."""
    response = _own(call, run_id)
    if response["status"] in ENDED and not call.memory.responses.saw(response):
        call.api.get(f"/conversations/{conversation_of(response)}")
    return response


def _require_thread(response: Json, thread_id: str, run_id: str) -> None:
    """A run is shown only under its own thread."""
    if conversation_of(response) != to_upstream(thread_id):
        raise V2Error(404, f"No run found with id '{run_id}' in thread '{thread_id}'.")
