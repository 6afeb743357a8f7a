"""Which v2 request is answered by which operation. What is not in the table is refused by name."""

import re
from collections.abc import Callable
from typing import NamedTuple

from assistants_transport.ids import require_safe, to_upstream, to_v2
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import assistants_as_agents as assistants
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.operations import runs_as_responses as runs
from assistants_transport.operations import threads_as_conversations as threads
from assistants_transport.request import Call, Memory
from assistants_transport.v2_errors import Json, UpstreamError, V2Error, active_run, refuse_field


class Route(NamedTuple):
    method: str
    path: str
    operation: Callable[[Call], Json]
    query: frozenset[str] = frozenset()

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The ids in the path by name, None where the route is for something else."""
        # `/threads/runs` is create-and-run, not a thread
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>(?!runs$)[^/]+)", self.path), path)
        return found.groupdict() if found and method == self.method else None


def list_messages(call: Call) -> Json:
    return runs.list_messages(call) if "run_id" in call.query else messages.list_page(call)


QUERY_IDS = {"after", "before", "run_id"}
PAGE = frozenset({"limit", "order", "after", "before"})
THREAD = "/threads/{thread_id}"
RUN = THREAD + "/runs/{run_id}"
ROUTES = (
    Route("POST", "/assistants", assistants.create),
    Route("GET", "/assistants", assistants.list_page, PAGE),
    Route("GET", "/assistants/{assistant_id}", assistants.retrieve),
    Route("POST", "/assistants/{assistant_id}", assistants.update),
    Route("DELETE", "/assistants/{assistant_id}", assistants.delete),
    Route("POST", "/threads", threads.create),
    Route("GET", THREAD, threads.retrieve),
    Route("POST", THREAD, threads.update),
    Route("DELETE", THREAD, threads.delete),
    Route("POST", THREAD + "/messages", messages.create),
    Route("GET", THREAD + "/messages", list_messages, PAGE | {"run_id"}),
    Route("GET", THREAD + "/messages/{message_id}", messages.retrieve),
    Route("DELETE", THREAD + "/messages/{message_id}", messages.delete),
    Route("POST", THREAD + "/runs", runs.create),
    Route("GET", RUN, runs.retrieve),
    Route("POST", RUN + "/cancel", runs.cancel),
    Route("POST", RUN + "/submit_tool_outputs", runs.submit_tool_outputs),
)
# ChatKit's threads are another API's
_V2_PATH = re.compile(r"(?P<prefix>.*?)(?<!/chatkit)(?P<path>/(?:assistants|threads)(?:/.*)?)", re.DOTALL)


def split(path: str) -> tuple[str, str] | None:
    """`/v1/threads/x` -> (`/v1`, `/threads/x`); None for a path that is not of Assistants v2."""
    found = _V2_PATH.fullmatch(path)
    return (found["prefix"], found["path"]) if found else None


def answer(method: str, path: str, query: dict[str, str], body: Json, api: OpenAIApi, memory: Memory) -> Json:
    """Lets the route's operation answer; V2Error 400 for what v2 had and today's OpenAI has not."""
    for route in ROUTES:
        ids = route.match(method, path)
        if ids is not None:
            for name in query.keys() - route.query:
                refuse_field(name, "the request has no such query parameter")
            for one in (*ids.values(), *(query[name] for name in QUERY_IDS & query.keys())):
                require_safe(one)
            return _operate(route, Call(api, memory, ids, query, body))
    raise V2Error(
        400,
        f"{method} {path[:200]} cannot be carried to today's OpenAI "
        "(streaming, run steps, lists of runs and create-and-run cannot).",
        code="unsupported_endpoint",
    )


def _operate(route: Route, call: Call) -> Json:
    """A conversation that is locked, or waits for tool outputs, is v2's thread with an active run."""
    try:
        return route.operation(call)
    except UpstreamError as refusal:
        if "thread_id" not in call.ids or not refusal.is_active_run():
            raise
        active = call.memory.responses.active_in(to_upstream(call.ids["thread_id"]))
        raise active_run(call.ids["thread_id"], active and to_v2(active)) from refusal
