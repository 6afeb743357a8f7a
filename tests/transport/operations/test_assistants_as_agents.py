"""Assistants are created, changed, listed and deleted."""

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.transport.fakes import MODEL, connect_fake, fake_answers, make_agent, read_body

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
    old = make_agent(
        text={"format": {"type": "text"}, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        tools=[{"type": "mcp", "server_label": "s"}],
    )
    upstream, asked = fake_answers(old, old)
    with connect_fake(upstream, strict=False) as client:
        client.beta.assistants.update(
            "asst_1", response_format={"type": "json_object"}, reasoning_effort="low"
        )
    assert read_body(asked[1]) == {
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "metadata": {"v2_0": '{"format":{"type":"json_object"}}'},
    }


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


def test_upstreams_limits_are_told(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match=r"metadata\.k.*512"):
        client.beta.assistants.create(model=MODEL, metadata={"k": "x" * 513})
    with pytest.raises(BadRequestError, match=r"metadata"):
        client.beta.assistants.create(model=MODEL, metadata={"k" * 65: "x"})
