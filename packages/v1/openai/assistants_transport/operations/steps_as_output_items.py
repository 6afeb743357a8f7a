"""Requests about the steps of a run, answered by the output items of its responses."""

from typing import TYPE_CHECKING

from assistants_transport import pages
from assistants_transport.operations.run_loading import load_calls, load_rounds
from assistants_transport.request import V2Request
from assistants_transport.translate.run import assistant_id_of
from assistants_transport.translate.step import steps_from_response
from assistants_transport.translate.tools import CODE_OUTPUTS
from assistants_transport.v2_errors import Json, V2Error, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

SEARCH_RESULTS = "step_details.tool_calls[*].file_search.results[*].content"
CODE_CALL, SEARCH_CALL = "code_interpreter_call", "file_search_call"
SEARCH_OUTPUTS = "file_search_call.results"


def list_page(request: V2Request) -> "v2.List[v2.Step]":
    return pages.make_list(*pages.slice_page(_load_steps(request), request.query))


def retrieve(request: V2Request) -> "v2.Step":
    """V2Error 404 for a step that the run does not have."""
    step_id = request.ids["step_id"]
    for step in _load_steps(request):
        if step["id"] == step_id:
            return step
    raise V2Error(404, f"No step found with id '{step_id}' in run '{request.ids['run_id']}'.")


def _load_steps(request: V2Request) -> "list[v2.Step]":
    """The steps of all rounds, oldest first."""
    wants_results, run_id = _wants_results(request), request.ids["run_id"]
    responses = load_rounds(request, run_id)
    called = [
        item["call_id"] for one in responses for item in one["output"] if item["type"] == "function_call"
    ]
    outputs = load_calls(request, called).outputs
    thread_id, assistant_id = request.ids["thread_id"], assistant_id_of(responses[-1])
    found = [_load_details(request, one, wants_results) for one in responses]
    return [
        step
        for response in found
        for step in steps_from_response(
            response, run_id, thread_id, assistant_id, outputs, wants_results, int(request.clock())
        )
    ]


def _wants_results(request: V2Request) -> bool:
    included = request.query.get("include[]")
    if included not in (None, SEARCH_RESULTS):
        refuse_value("include", f"only {SEARCH_RESULTS} is known")
    return included is not None


def _load_details(request: V2Request, response: Json, wants_results: bool) -> Json:
    """The response once more, where its steps tell what it shows only to those who ask for it."""
    kinds = {item["type"] for item in response["output"]}
    wanted = [CODE_OUTPUTS] if CODE_CALL in kinds else []
    wanted += [SEARCH_OUTPUTS] if wants_results and SEARCH_CALL in kinds else []
    return request.api.get(f"/responses/{response['id']}", {"include[]": wanted}) if wanted else response
