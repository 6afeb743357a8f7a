"""Tools of an assistant."""

from typing import Any

from openai import OpenAI

from tests.transport.fakes import MODEL, fake_answers, make_agent, read_body, send_raw


def shown(assistant: Any) -> dict[str, Any]:
    fields: dict[str, Any] = assistant.model_dump(by_alias=True, exclude_none=True)
    return {name: value for name, value in fields.items() if name not in ("id", "created_at", "object")}


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
        sent.append(read_body(request)["tools"])
        return fake_answers(make_agent(tools=sent[0]))[0](request)

    created = send_raw(upstream, "POST", "/assistants", {"model": "m", "tools": [tool]})
    assert created.json()["tools"] == [tool]
    assert sent[0][0]["context_size"] == "low"
    assert sent[0][0]["location"] == {"city": "Bonn", "country": "DE"}
