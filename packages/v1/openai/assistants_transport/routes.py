"""The table of contents: which operation answers which v2 request. All other v2 requests are refused."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from assistants_transport.caches import Caches
from assistants_transport.ids import require_safe_id
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import assistants_as_agents as assistants
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.operations import runs_as_responses as runs
from assistants_transport.operations import steps_as_output_items as steps
from assistants_transport.operations import threads_as_conversations as threads
from assistants_transport.operations.run_loading import find_active_run_id
from assistants_transport.request import V2Request
from assistants_transport.v2_errors import (
    Json,
    UpstreamError,
    V2Error,
    active_run_error,
    refuse_field,
    refuse_value,
)

if TYPE_CHECKING:
    from assistants_transport.operations.runs_as_streams import RunStream

V2Answer: TypeAlias = "Mapping[str, object] | RunStream"  # or any of the TypedDicts in v2_objects.py


class Route(NamedTuple):
    """`query` names the query parameters that the request may have."""

    method: str
    path: str
    operation: Callable[[V2Request], V2Answer]
    query: frozenset[str] = frozenset()

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The ids in the path by name; None if the route is for other requests."""
        # in /threads/runs, which is create-and-run, `runs` is not the id of a thread
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>(?!runs$)[^/]+)", self.path), path)
        return found.groupdict() if found and method == self.method else None


def list_messages(request: V2Request) -> V2Answer:
    return runs.list_messages(request) if "run_id" in request.query else messages.list_page(request)


def create_run(request: V2Request) -> V2Answer:
    if not request.body.get("stream"):
        return runs.create(request)
    from assistants_transport.operations import runs_as_streams  # not loaded where nothing is streamed

    return runs_as_streams.create(request)


def create_thread_and_run(request: V2Request) -> V2Answer:
    if not request.body.get("stream"):
        return runs.create_with_thread(request)
    from assistants_transport.operations import runs_as_streams

    return runs_as_streams.create_with_thread(request)


def submit_tool_outputs(request: V2Request) -> V2Answer:
    if not request.body.get("stream"):
        return runs.submit_tool_outputs(request)
    from assistants_transport.operations import runs_as_streams

    return runs_as_streams.submit_tool_outputs(request)


def retrieve_run(request: V2Request) -> V2Answer:
    wanted = request.query.get("stream", "false")
    if wanted not in ("true", "false"):
        refuse_value("stream", "true or false is wanted")
    if wanted == "false":
        return runs.retrieve(request)
    from assistants_transport.operations import runs_as_streams

    return runs_as_streams.take_up(request)


PAGE_QUERY = frozenset({"limit", "order", "after", "before"})
INCLUDE_QUERY = frozenset({"include[]"})
QUERY_IDS = {"after", "before", "run_id"}
THREAD_PATH = "/threads/{thread_id}"
RUN_PATH = THREAD_PATH + "/runs/{run_id}"
ROUTES = (
    Route("POST", "/assistants", assistants.create),
    Route("GET", "/assistants", assistants.list_page, PAGE_QUERY),
    Route("GET", "/assistants/{assistant_id}", assistants.retrieve),
    Route("POST", "/assistants/{assistant_id}", assistants.update),
    Route("DELETE", "/assistants/{assistant_id}", assistants.delete),
    Route("POST", "/threads", threads.create),
    Route("GET", THREAD_PATH, threads.retrieve),
    Route("POST", THREAD_PATH, threads.update),
    Route("DELETE", THREAD_PATH, threads.delete),
    Route("POST", THREAD_PATH + "/messages", messages.create),
    Route("GET", THREAD_PATH + "/messages", list_messages, PAGE_QUERY | {"run_id"}),
    Route("GET", THREAD_PATH + "/messages/{message_id}", messages.retrieve),
    Route("POST", THREAD_PATH + "/messages/{message_id}", messages.refuse_update),
    Route("DELETE", THREAD_PATH + "/messages/{message_id}", messages.delete),
    Route("POST", "/threads/runs", create_thread_and_run),
    Route("POST", THREAD_PATH + "/runs", create_run, INCLUDE_QUERY),
    Route("GET", THREAD_PATH + "/runs", runs.list_page, PAGE_QUERY),
    Route("GET", RUN_PATH, retrieve_run, frozenset({"stream"})),
    Route("POST", RUN_PATH, runs.update),
    Route("GET", RUN_PATH + "/steps", steps.list_page, PAGE_QUERY | INCLUDE_QUERY),
    Route("GET", RUN_PATH + "/steps/{step_id}", steps.retrieve, INCLUDE_QUERY),
    Route("POST", RUN_PATH + "/cancel", runs.cancel),
    Route("POST", RUN_PATH + "/submit_tool_outputs", submit_tool_outputs),
)
# /chatkit/threads belongs to another API
_V2_PATH = re.compile(r"(?P<prefix>.*?)(?<!/chatkit)(?P<path>/(?:assistants|threads)(?:/.*)?)", re.DOTALL)


def split_path(path: str) -> tuple[str, str] | None:
    """`/v1/threads/x` -> (`/v1`, `/threads/x`); None for a path that is not of Assistants v2."""
    found = _V2_PATH.fullmatch(path)
    return (found["prefix"], found["path"]) if found else None


def dispatch(
    method: str,
    path: str,
    query: dict[str, str],
    body: Json,
    mark: str | None,
    api: OpenAIApi,
    caches: Caches,
) -> V2Answer:
    """Has the operation of the matching route answer the request; `mark` stands for its Idempotency-Key.

    Raises V2Error 400 for a request without a route, an unknown query parameter or an unsafe id, and
    whatever the operation raises."""
    for route in ROUTES:
        ids = route.match(method, path)
        if ids is not None:
            for name in query.keys() - route.query:
                refuse_field(name, "the request has no such query parameter")
            for one in (*ids.values(), *(query[name] for name in QUERY_IDS & query.keys())):
                require_safe_id(one)
            return _operate(route, V2Request(api, caches, ids, query, body, mark))
    raise V2Error(
        400,
        f"{method} {path[:200]} cannot be carried to today's OpenAI (Assistants v2 has no such request).",
        code="unsupported_endpoint",
    )


def _operate(route: Route, request: V2Request) -> V2Answer:
    """Runs the operation; tells of a conversation that is not free in v2's words for an active run."""
    try:
        return route.operation(request)
    except UpstreamError as refusal:
        if "thread_id" not in request.ids or not refusal.is_active_run():
            raise
        adds_message = route.operation is messages.create
        run_id = find_active_run_id(request)
        raise active_run_error(request.ids["thread_id"], run_id, adds_message=adds_message) from refusal
