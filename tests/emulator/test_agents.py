"""/v1/agents."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openai import NotFoundError, OpenAI

from local.emulator.server import Emulator
from tests.emulator.conftest import make_client

Refused = Callable[..., dict[str, Any]]
FUNCTION = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}


@pytest.fixture
def fresh(fresh_emulator: Emulator) -> Iterator[OpenAI]:
    with make_client(fresh_emulator.url) as made:
        yield made


def test_a_created_agent_is_retrieved_as_it_was_answered(client: OpenAI) -> None:
    created = client.beta.agents.create(
        model="gpt-6-luna", name="Anna", instructions="Be brief", metadata={"a": "1"}
    )
    assert client.beta.agents.retrieve(created.id) == created
    assert (created.name, created.instructions, created.metadata) == ("Anna", "Be brief", {"a": "1"})


def test_an_agents_id_has_its_prefix(client: OpenAI) -> None:
    assert client.beta.agents.create(model="m").id.startswith("agent_")


def test_what_is_left_out_has_its_default(http: httpx.Client) -> None:
    agent = http.post("/agents", json={"model": "m"}).json()
    for name in ("id", "created_at", "updated_at"):
        assert agent.pop(name)
    assert agent == {
        "object": "agent",
        "model": "m",
        "name": None,
        "instructions": None,
        "metadata": {},
        "tools": [],
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "auto",
        "multi_agent": {"enabled": False, "max_concurrent_subagents": None},
        "compaction": {"async": False},
        "experimental": {"time_awareness": False},
    }


def test_null_is_the_same_as_left_out(http: httpx.Client) -> None:
    given = {"model": "m", "tools": None, "metadata": None, "text": None, "service_tier": None}
    agent = http.post("/agents", json=given).json()
    assert (agent["tools"], agent["metadata"], agent["service_tier"]) == ([], {}, "auto")


def test_enabled_subagents_are_six(client: OpenAI) -> None:
    agent = client.beta.agents.create(model="m", multi_agent={"enabled": True})
    assert agent.multi_agent.max_concurrent_subagents == 6


@pytest.mark.parametrize(
    ("tool", "default"),
    [
        (FUNCTION, {"defer_loading": False}),
        ({"type": "web_search"}, {"context_size": "medium", "mode": "live", "location": None}),
        (
            {"type": "mcp", "server_label": "l", "transport": {"type": "http", "server_url": "http://x"}},
            {"required": False, "connection_origin": "service", "request_metadata": {}},
        ),
    ],
)
def test_a_tool_is_resolved(http: httpx.Client, tool: dict[str, Any], default: dict[str, Any]) -> None:
    (shown,) = http.post("/agents", json={"model": "m", "tools": [tool]}).json()["tools"]
    assert {name: shown[name] for name in default} == default


@pytest.mark.parametrize("missing", ["description", "parameters", "name"])
def test_a_function_needs_its_parts(refused: Refused, missing: str) -> None:
    tool = {name: value for name, value in FUNCTION.items() if name != missing}
    error = refused("/agents", {"model": "m", "tools": [tool]})
    assert error["param"] == f"tools[0].{missing}"


def test_a_function_has_no_strict(refused: Refused) -> None:
    error = refused("/agents", {"model": "m", "tools": [{**FUNCTION, "strict": True}]})
    assert (error["param"], error["code"]) == ("tools[0].strict", "unknown_parameter")


@pytest.mark.parametrize("kind", ["file_search", "code_interpreter"])
def test_tools_that_agents_do_not_know_are_refused(refused: Refused, kind: str) -> None:
    assert kind in refused("/agents", {"model": "m", "tools": [{"type": kind}]})["message"]


@pytest.mark.parametrize("name", ["description", "temperature", "top_p", "tool_resources", "response_format"])
def test_what_assistants_had_and_agents_do_not_is_refused_by_name(refused: Refused, name: str) -> None:
    error = refused("/agents", {"model": "m", name: "x"})
    assert error["message"] == f"Unknown parameter: '{name}'."
    assert error["param"] == name


def test_json_object_is_no_format_of_agents(refused: Refused) -> None:
    refused("/agents", {"model": "m", "text": {"format": {"type": "json_object"}}})


def test_a_json_schema_is_a_format_of_agents(client: OpenAI) -> None:
    text: Any = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    agent = client.beta.agents.create(model="m", text=text)
    assert agent.text.format.type == "json_schema"


def test_a_model_is_required(refused: Refused) -> None:
    assert refused("/agents", {})["message"] == "Missing required parameter: 'model'."


def test_a_name_may_have_128_characters(client: OpenAI, refused: Refused) -> None:
    assert client.beta.agents.create(model="m", name="n" * 128).name == "n" * 128
    assert refused("/agents", {"model": "m", "name": "n" * 129})["param"] == "name"


@pytest.mark.parametrize(
    "metadata",
    [{str(key): "v" for key in range(17)}, {"k" * 65: "v"}, {"k": "v" * 513}, {"k": 1}, ["k"]],
)
def test_metadata_over_its_limits_is_refused(refused: Refused, metadata: object) -> None:
    assert str(refused("/agents", {"model": "m", "metadata": metadata})["param"]).startswith("metadata")


def test_metadata_at_its_limits_is_kept(client: OpenAI) -> None:
    metadata = {f"{key:064}": "v" * 512 for key in range(16)}
    assert client.beta.agents.create(model="m", metadata=metadata).metadata == metadata


@pytest.mark.parametrize("header", [None, "assistants=v2"])
def test_agents_ask_for_their_header(emulator: Emulator, header: str | None) -> None:
    headers = {"Authorization": "Bearer x", **({"OpenAI-Beta": header} if header else {})}
    assert httpx.get(f"{emulator.url}/agents", headers=headers).json()["error"]["code"] == "invalid_beta"


def test_an_update_leaves_what_it_omits(client: OpenAI) -> None:
    created = client.beta.agents.create(model="m", name="a", instructions="i", metadata={"a": "1"})
    updated = client.beta.agents.update(created.id, name="b")
    assert (updated.name, updated.instructions, updated.metadata) == ("b", "i", {"a": "1"})
    assert client.beta.agents.retrieve(created.id) == updated


def test_null_in_an_update_resets(client: OpenAI) -> None:
    text: Any = {"verbosity": "low"}
    created = client.beta.agents.create(model="m", name="a", text=text, tools=[{"type": "web_search"}])
    updated = client.beta.agents.update(created.id, name=None, text=None, tools=None)
    assert (updated.name, updated.text.verbosity, updated.tools) == (None, "medium", [])


def test_an_update_replaces_an_object_whole(client: OpenAI) -> None:
    created = client.beta.agents.create(model="m", metadata={"a": "1"}, reasoning={"effort": "low"})
    updated = client.beta.agents.update(created.id, metadata={"b": "2"}, reasoning={"summary": "auto"})
    assert updated.metadata == {"b": "2"}
    assert (updated.reasoning.effort, updated.reasoning.summary) == (None, "auto")


def test_an_agents_model_cannot_be_taken_away(client: OpenAI, refused: Refused) -> None:
    created = client.beta.agents.create(model="m")
    assert refused(f"/agents/{created.id}", {"model": None})["param"] == "model"


def test_a_refused_update_changes_nothing(client: OpenAI, refused: Refused) -> None:
    created = client.beta.agents.create(model="m", name="a")
    refused(f"/agents/{created.id}", {"name": "b", "nonsense": 1})
    assert client.beta.agents.retrieve(created.id) == created


def test_a_deleted_agent_is_gone(client: OpenAI) -> None:
    created = client.beta.agents.create(model="m")
    assert client.beta.agents.delete(created.id).deleted
    with pytest.raises(NotFoundError):
        client.beta.agents.retrieve(created.id)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_agent_is_404(refused: Refused, method: str) -> None:
    refused("/agents/agent_0", {} if method == "POST" else None, status=404, method=method)


def test_agents_are_listed_newest_first(fresh: OpenAI) -> None:
    made = [fresh.beta.agents.create(model=str(number)).id for number in range(3)]
    assert [agent.id for agent in fresh.beta.agents.list().data] == made[::-1]
    assert [agent.id for agent in fresh.beta.agents.list(order="asc").data] == made


def test_a_page_has_twenty_agents_when_nothing_is_said(fresh: OpenAI) -> None:
    for number in range(21):
        fresh.beta.agents.create(model=str(number))
    page = fresh.beta.agents.list()
    assert (len(page.data), page.has_more) == (20, True)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_each_other_without_gap_or_overlap(fresh: OpenAI, order: Any) -> None:
    made = [fresh.beta.agents.create(model=str(number)).id for number in range(5)]
    walked = [agent.id for agent in fresh.beta.agents.list(limit=2, order=order)]
    assert walked == (made if order == "asc" else made[::-1])


def test_the_last_full_page_says_that_nothing_follows(fresh: OpenAI) -> None:
    for number in range(2):
        fresh.beta.agents.create(model=str(number))
    assert fresh.beta.agents.list(limit=2).has_more is False


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("order=up", "order"),
        ("before=agent_1", "before"),
        ("after=agent_0", "after"),
    ],
)
def test_a_list_refuses_what_it_does_not_know(refused: Refused, query: str, param: str) -> None:
    assert refused(f"/agents?{query}", method="GET")["param"] == param
