"""Answer formats of an assistant."""

from typing import Any

import pytest
from openai import OpenAI

from tests.transport.fakes import MODEL


def shown(assistant: Any) -> dict[str, Any]:
    fields: dict[str, Any] = assistant.model_dump(by_alias=True, exclude_none=True)
    return {name: value for name, value in fields.items() if name not in ("id", "created_at", "object")}


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
