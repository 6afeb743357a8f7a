"""Requests about assistants, answered by the Agents API."""

from typing import TYPE_CHECKING

from assistants_transport import pages
from assistants_transport.ids import to_upstream_id
from assistants_transport.request import V2Request
from assistants_transport.translate.agent import (
    agent_from_assistant,
    assistant_from_agent,
    check_assistant,
    needs_stored_agent,
)
from assistants_transport.v2_errors import Json, refuse_missing

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2


def create(request: V2Request) -> "v2.Assistant":
    if not isinstance(request.body.get("model"), str):
        refuse_missing("model")
    given = {name: value for name, value in request.body.items() if value is not None}
    check_assistant(given)
    return _remember_agent(request, request.api.post("/agents", agent_from_assistant(given, {})))


def retrieve(request: V2Request) -> "v2.Assistant":
    return _remember_agent(request, request.api.get(_agent_path(request)))


def update(request: V2Request) -> "v2.Assistant":
    """Reads the agent first where needed: upstream replaces metadata and other objects as a whole."""
    check_assistant(request.body)
    stored = request.api.get(_agent_path(request)) if needs_stored_agent(request.body) else {}
    _forget_agent(request)
    agent = request.api.post(_agent_path(request), agent_from_assistant(request.body, stored))
    return _remember_agent(request, agent)


def delete(request: V2Request) -> "v2.Deleted":
    _forget_agent(request)
    answer = request.api.delete(_agent_path(request))
    return {"id": request.ids["assistant_id"], "object": "assistant.deleted", "deleted": answer["deleted"]}


def list_page(request: V2Request) -> "v2.List[v2.Assistant]":
    agents, has_more = pages.fetch_page(
        request.api, "/agents", request.query, keep=lambda _: True, to_cursor=to_upstream_id
    )
    return pages.make_list([assistant_from_agent(agent) for agent in agents], has_more)


def _agent_path(request: V2Request) -> str:
    return f"/agents/{to_upstream_id(request.ids['assistant_id'])}"


def _remember_agent(request: V2Request, agent: Json) -> "v2.Assistant":
    """Caches the agent and returns it as an assistant."""
    request.caches.agents.remember(agent)
    return assistant_from_agent(agent)


def _forget_agent(request: V2Request) -> None:
    request.caches.agents.forget(to_upstream_id(request.ids["assistant_id"]))
