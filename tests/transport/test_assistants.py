"""Assistants: v2 assistant <-> agent."""

from collections.abc import Callable
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.transport.clients import MODEL, agent, answers, body_of, never, over, raw

Since = Callable[[], list[tuple[str, str]]]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WHOLE: dict[str, Any] = {
    "model": MODEL,
    "name": "Ada",
    "instructions": "Be brief.",
    "description": 'Grüße \\ "x" 😀',
    "temperature": 0.0,
    "top_p": 0.5,
    "metadata": {"owner": "me", "v2_note": "mine"},
    "tool_resources": {"file_search": {"vector_store_ids": ["vs_1", "vs_2"]}},
    "tools": [
        {
            "type": "function",
            "function": {"name": "f", "description": "d", "parameters": PARAMETERS, "strict": True},
        },
        {"type": "function", "function": {"name": "g", "parameters": PARAMETERS, "strict": False}},
        {
            "type": "file_search",
            "file_search": {
                "max_num_results": 3,
                "ranking_options": {"ranker": "auto", "score_threshold": 0.25},
            },
        },
    ],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "place", "description": "a place", "schema": PARAMETERS, "strict": True},
    },
    "reasoning_effort": "low",
}


def shown(assistant: Any) -> dict[str, Any]:
    fields: dict[str, Any] = assistant.model_dump(by_alias=True, exclude_none=True)
    return {name: value for name, value in fields.items() if name not in ("id", "created_at", "object")}


def test_everything_that_an_assistant_has_comes_back(client: OpenAI) -> None:
    created = client.beta.assistants.create(**WHOLE)
    assert shown(created) == WHOLE
    assert created.id.startswith("asst_")
    assert client.beta.assistants.retrieve(created.id) == created


def test_a_bare_assistant_has_v2s_defaults(client: OpenAI) -> None:
    created = client.beta.assistants.create(model=MODEL)
    assert shown(created) == {"model": MODEL, "tools": [], "metadata": {}, "response_format": "auto"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("auto", "auto"),
        ({"type": "text"}, "auto"),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        ),
    ],
)
def test_response_formats_come_back(client: OpenAI, given: Any, wanted: Any) -> None:
    created = client.beta.assistants.create(model=MODEL, response_format=given)
    assert shown(created)["response_format"] == wanted
    reset = client.beta.assistants.update(created.id, response_format="auto")
    assert reset.response_format == "auto"


def test_a_function_without_description_and_parameters_takes_none(client: OpenAI) -> None:
    created = client.beta.assistants.create(
        model=MODEL, tools=[{"type": "function", "function": {"name": "f"}}]
    )
    assert shown(created)["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False},
        }
    ]


def test_web_search_comes_back_although_v2_does_not_know_it() -> None:
    tool = {
        "type": "web_search",
        "search_context_size": "low",
        "user_location": {"type": "approximate", "city": "Bonn", "country": "DE"},
        "filters": {"allowed_domains": ["example.org"]},
    }
    sent: list[Any] = []

    def upstream(request: Any) -> Any:
        sent.append(body_of(request)["tools"])
        return answers(agent(tools=sent[0]))[0](request)

    created = raw(upstream, "POST", "/assistants", {"model": "m", "tools": [tool]})
    assert created.json()["tools"] == [tool]
    assert sent[0][0]["context_size"] == "low"
    assert sent[0][0]["location"] == {"city": "Bonn", "country": "DE"}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_what_an_update_leaves_out_stays(client: OpenAI, name: str) -> None:
    created = client.beta.assistants.create(**WHOLE)
    updated = client.beta.assistants.update(created.id, **{name: WHOLE[name]})
    assert shown(updated) == WHOLE
    assert client.beta.assistants.retrieve(created.id) == updated


@pytest.mark.parametrize("name", sorted(WHOLE.keys() - {"model"}))
def test_null_resets_one_field_and_nothing_else(client: OpenAI, name: str) -> None:
    reset = {"tools": [], "metadata": {}, "response_format": "auto"}
    created = client.beta.assistants.create(**WHOLE)
    nothing: dict[str, Any] = {name: None}
    updated = client.beta.assistants.update(created.id, **nothing)
    wanted = {key: value for key, value in WHOLE.items() if key != name}
    assert shown(updated) == wanted | ({name: reset[name]} if name in reset else {})


def test_metadata_and_tools_are_replaced_whole(client: OpenAI) -> None:
    created = client.beta.assistants.create(**WHOLE)
    updated = client.beta.assistants.update(
        created.id, metadata={"new": "1"}, tools=[{"type": "function", "function": {"name": "g"}}]
    )
    assert updated.metadata == {"new": "1"}
    assert [tool.type for tool in updated.tools] == ["function"]
    assert updated.description == WHOLE["description"]


def test_an_update_keeps_what_another_program_set() -> None:
    old = agent(
        text={"format": {"type": "text"}, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        tools=[{"type": "mcp", "server_label": "s"}],
    )
    upstream, asked = answers(old, old)
    with over(upstream, strict=False) as client:
        client.beta.assistants.update(
            "asst_1", response_format={"type": "json_object"}, reasoning_effort="low"
        )
    assert body_of(asked[1]) == {
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "metadata": {"v2_0": '{"format":{"type":"json_object"}}'},
    }


def test_agents_of_other_programs_are_shown() -> None:
    foreign = [
        agent(tools=[{"type": "mcp", "server_label": "s", "transport": {"type": "http"}}], metadata=None),
        agent(metadata={"v2_0": "not ours"}, text=None, reasoning=None),
        agent(metadata={"v2_0": '{"format":{"name":"left over"}}'}),
        {key: value for key, value in agent().items() if key in ("id", "created_at", "model")},
        agent(text={"format": {"type": "json_schema", "schema": {}}}),
    ]
    with over(answers({"data": foreign, "has_more": False})[0], strict=False) as client:
        found = client.beta.assistants.list().data
    assert [one.metadata for one in found] == [{}, {"v2_0": "not ours"}, {}, {}, {}]
    assert found[0].tools[0].to_dict()["type"] == "mcp"
    formats = [one.response_format if isinstance(one.response_format, str) else "json" for one in found]
    assert formats == ["auto", "auto", "auto", "auto", "json"]


def test_assistants_are_listed_page_by_page(client: OpenAI) -> None:
    made = [client.beta.assistants.create(model=MODEL).id for _ in range(5)]
    newest = [one.id for one in client.beta.assistants.list(limit=2, order="desc")][:5]
    assert newest == made[::-1]
    assert [one.id for one in client.beta.assistants.list(before=made[1], limit=2).data] == made[:1:-1][1:]
    assert [one.id for one in client.beta.assistants.list(after=made[1], order="asc")] == made[2:]


def test_a_deleted_assistant_is_gone(client: OpenAI) -> None:
    created = client.beta.assistants.create(model=MODEL)
    assert client.beta.assistants.delete(created.id).model_dump() == {
        "id": created.id,
        "object": "assistant.deleted",
        "deleted": True,
    }
    with pytest.raises(NotFoundError, match=f"Assistant with id '{created.id}' not found"):
        client.beta.assistants.retrieve(created.id)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"model": "m", "file_ids": []}, "file_ids"),
        ({"model": "m", "name": {}}, "name"),
        ({"model": "m", "name": "n" * 129}, "name"),
        ({"model": "m", "description": "d" * 513}, "description"),
        ({"model": "m", "temperature": 2.1}, "temperature"),
        ({"model": "m", "temperature": "1"}, "temperature"),
        ({"model": "m", "temperature": True}, "temperature"),
        ({"model": "m", "top_p": -0.1}, "top_p"),
        ({"model": "m", "metadata": ["a"]}, "metadata"),
        ({"model": "m", "metadata": "a"}, "metadata"),
        ({"model": "m", "metadata": {"v2_0": "a"}}, "metadata.v2_0"),
        ({"model": "m", "metadata": {str(n): "" for n in range(16)}, "description": "d"}, "metadata"),
        ({"model": "m", "tools": {}}, "tools"),
        ({"model": "m", "tools": [None]}, "tools"),
        ({"model": "m", "tools": [{"type": "code_interpreter"}]}, "tools[0].type"),
        ({"model": "m", "tools": [{"type": ["function"]}]}, "tools[0].type"),
        ({"model": "m", "tools": [{"type": "function"}]}, "tools[0].function.name"),
        ({"model": "m", "tools": [{"type": "function", "function": {"name": 1}}]}, "tools[0].function.name"),
        (
            {"model": "m", "tools": [{"type": "function", "function": {"name": "f", "x": 1}}]},
            "tools[0].function.x",
        ),
        (
            {"model": "m", "tools": [{"type": "file_search", "file_search": {"ranking_options": "x"}}]},
            "tools[0].file_search.ranking_options",
        ),
        (
            {
                "model": "m",
                "tools": [
                    {
                        "type": "file_search",
                        "file_search": {"ranking_options": {"ranker": "default_2024_08_21"}},
                    }
                ],
            },
            "tools[0].file_search.ranking_options.ranker",
        ),
        ({"model": "m", "tools": [{"type": "web_search", "user_location": "x"}]}, "tools[0].user_location"),
        (
            {"model": "m", "tools": [{"type": "web_search", "filters": {"denied": []}}]},
            "tools[0].filters.denied",
        ),
        ({"model": "m", "tool_resources": {"code_interpreter": {}}}, "tool_resources.code_interpreter"),
        ({"model": "m", "tool_resources": []}, "tool_resources"),
        ({"model": "m", "tool_resources": {"file_search": "x"}}, "tool_resources.file_search"),
        (
            {"model": "m", "tool_resources": {"file_search": {"vector_stores": [{}]}}},
            "tool_resources.file_search.vector_stores",
        ),
        (
            {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": "vs_1"}}},
            "tool_resources.file_search.vector_store_ids",
        ),
        ({"model": "m", "response_format": "json_object"}, "response_format"),
        ({"model": "m", "response_format": ["auto"]}, "response_format"),
        ({"model": "m", "response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {
                "model": "m",
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": {}, "x": 1},
                },
            },
            "response_format.json_schema.x",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    answer = raw(never, "POST", "/assistants", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_upstreams_limits_are_told(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match=r"metadata\.k.*512"):
        client.beta.assistants.create(model=MODEL, metadata={"k": "x" * 513})
    with pytest.raises(BadRequestError, match=r"metadata"):
        client.beta.assistants.create(model=MODEL, metadata={"k" * 65: "x"})
