"""A v2 assistant <-> an agent."""

from typing import Any

import pytest
from openai import OpenAI

from tests.transport.fakes import MODEL, connect_fake, fake_answers, make_agent, refuse_all, send_raw

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WHOLE: dict[str, Any] = {
    "model": MODEL,
    "name": "Ada",
    "instructions": "Be brief.",
    "description": 'Grüße \\ "x" 😀',
    "temperature": 0.0,
    "top_p": 0.5,
    "metadata": {"owner": "me", "v2_note": "mine"},
    "tool_resources": {
        "file_search": {"vector_store_ids": ["vs_1", "vs_2"]},
        "code_interpreter": {"file_ids": ["file-1", "file-2"]},
    },
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
                "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.25},
            },
        },
        {"type": "code_interpreter"},
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


def test_what_was_printed_is_taken_again(client: OpenAI) -> None:
    printed = client.beta.assistants.create(**WHOLE).to_dict()
    again: Any = {
        name: value for name, value in printed.items() if name not in ("id", "created_at", "object")
    }
    assert shown(client.beta.assistants.create(**again)) == WHOLE


EMPTY_RESOURCES: list[dict[str, Any]] = [
    {},
    {"code_interpreter": None, "file_search": {"vector_store_ids": []}},
    {"code_interpreter": {"file_ids": []}, "file_search": None},
    {"code_interpreter": {}, "file_search": {"vector_store_ids": None}},
]


@pytest.mark.parametrize("resources", EMPTY_RESOURCES)
def test_empty_tool_resources_are_none(client: OpenAI, resources: Any) -> None:
    assert client.beta.assistants.create(model=MODEL, tool_resources=resources).tool_resources is None
    assert client.beta.threads.create(tool_resources=resources).tool_resources is None


def test_a_name_of_256_characters_is_carried(client: OpenAI) -> None:
    long = "é" * 256
    created = client.beta.assistants.create(model=MODEL, name=long)
    assert created.name == client.beta.assistants.retrieve(created.id).name == long
    assert client.beta.assistants.update(created.id, name=long[:128]).name == long[:128]
    assert client.beta.assistants.update(created.id, name=None).name is None


def test_a_name_that_another_program_gave_since_is_shown() -> None:
    renamed = make_agent(name="new", metadata={"v2_0": '{"name":"' + "n" * 200 + '"}'})
    with connect_fake(fake_answers(renamed)[0]) as client:
        assert client.beta.assistants.retrieve("asst_1").name == "new"


def test_sixteen_pairs_of_metadata_and_all_the_rest_are_carried(client: OpenAI) -> None:
    pairs: Any = {f"key {n}": f"value {n}" for n in range(16)}
    whole = WHOLE | {"metadata": pairs}
    created = client.beta.assistants.create(**whole)
    assert shown(created) == whole
    assert client.beta.assistants.update(created.id, description="new").metadata == pairs
    thread = client.beta.threads.create(metadata=pairs, tool_resources=WHOLE["tool_resources"])
    assert client.beta.threads.retrieve(thread.id).metadata == pairs
    run = client.beta.threads.runs.create(thread.id, assistant_id=created.id, metadata=pairs)
    assert run.metadata == pairs


def test_a_bare_assistant_has_v2s_defaults(client: OpenAI) -> None:
    created = client.beta.assistants.create(model=MODEL)
    assert shown(created) == {"model": MODEL, "tools": [], "metadata": {}, "response_format": "auto"}


def test_agents_of_other_programs_are_shown() -> None:
    foreign = [
        make_agent(
            tools=[{"type": "mcp", "server_label": "s", "transport": {"type": "http"}}], metadata=None
        ),
        make_agent(metadata={"v2_0": "not ours"}, text=None, reasoning=None),
        make_agent(metadata={"v2_0": '{"format":{"name":"left over"}}'}),
        {key: value for key, value in make_agent().items() if key in ("id", "created_at", "model")},
        make_agent(text={"format": {"type": "json_schema", "schema": {}}}),
    ]
    with connect_fake(fake_answers({"data": foreign, "has_more": False})[0], strict=False) as client:
        found = client.beta.assistants.list().data
    assert [one.metadata for one in found] == [{}, {"v2_0": "not ours"}, {}, {}, {}]
    assert found[0].tools[0].to_dict()["type"] == "mcp"
    formats = [one.response_format if isinstance(one.response_format, str) else "json" for one in found]
    assert formats == ["auto", "auto", "auto", "auto", "json"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"model": "m", "file_ids": []}, "file_ids"),
        ({"model": "m", "name": {}}, "name"),
        ({"model": "m", "name": "n" * 257}, "name"),
        ({"model": "m", "description": "d" * 513}, "description"),
        ({"model": "m", "temperature": 2.1}, "temperature"),
        ({"model": "m", "temperature": "1"}, "temperature"),
        ({"model": "m", "temperature": True}, "temperature"),
        ({"model": "m", "top_p": -0.1}, "top_p"),
        ({"model": "m", "metadata": ["a"]}, "metadata"),
        ({"model": "m", "metadata": "a"}, "metadata"),
        ({"model": "m", "metadata": {"v2_0": "a"}}, "metadata.v2_0"),
        ({"model": "m", "metadata": {str(n): "v" * 512 for n in range(16)}, "top_p": 1}, "metadata"),
        ({"model": "m", "tools": {}}, "tools"),
        ({"model": "m", "tools": [None]}, "tools"),
        ({"model": "m", "tools": [{"type": "code_interpreter", "x": 1}]}, "tools[0].x"),
        ({"model": "m", "tools": [{"type": "retrieval"}]}, "tools[0].type"),
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
                        "file_search": {"ranking_options": {"ranker": "default_2023"}},
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
        ({"model": "m", "tool_resources": {"retrieval": {}}}, "tool_resources.retrieval"),
        (
            {"model": "m", "tool_resources": {"code_interpreter": {"file_ids": "f"}}},
            "tool_resources.code_interpreter.file_ids",
        ),
        (
            {"model": "m", "tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
            "tool_resources.code_interpreter.file_ids",
        ),
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
    answer = send_raw(refuse_all, "POST", "/assistants", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
