"""/v1/responses: how a run goes, what it adds to its conversation, what is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from openai.types.responses import Response

from local.emulator.server import start_emulator
from tests.emulator.conftest import make_client

Ask = Callable[..., Response]
Ended = Callable[[str], Response]
Refused = Callable[..., dict[str, Any]]
LONG_RUN = "/wait 60"


@pytest.fixture
def conversation_id(client: OpenAI) -> str:
    return client.conversations.create().id


def background(client: OpenAI, text: Any, **settings: Any) -> Response:
    response: Response = client.responses.create(
        **{"model": "gpt-6-luna", "input": text, "background": True, **settings}
    )
    return response


def thread(client: OpenAI, conversation_id: str) -> list[str]:
    page: Any = client.conversations.items.list(conversation_id, order="asc", limit=100)
    return [item.content[0].text if item.type == "message" else item.type for item in page.data]


def test_the_foreground_answers_when_it_is_done(ask: Ask) -> None:
    response = ask("hello", instructions="Be brief")
    assert response.status == "completed"
    assert response.output_text == "instructions: Be brief | model: gpt-6-luna | thread: user: hello"


def test_the_background_answers_at_once_and_ends_later(client: OpenAI, ended: Ended) -> None:
    created = background(client, "/wait 0.02")
    assert (created.status, created.output, created.usage) == ("queued", [], None)
    assert client.responses.retrieve(created.id).status == "in_progress"
    done = ended(created.id)
    assert (done.status, done.id, done.created_at) == ("completed", created.id, created.created_at)


def test_usage_adds_up(ask: Ask) -> None:
    usage = ask("hello " * 100).usage
    assert usage is not None
    assert usage.input_tokens > 100
    assert usage.output_tokens > 0
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_settings_come_back_in_the_response(ask: Ask) -> None:
    response = ask("x", metadata={"a": "1"}, max_output_tokens=99, truncation="auto", user="u")
    assert (response.metadata, response.max_output_tokens) == ({"a": "1"}, 99)
    assert (response.truncation, response.user) == ("auto", "u")


def test_who_asks_and_the_key_of_the_cache_come_back_too(ask: Ask) -> None:
    given = {"safety_identifier": "s" * 64, "prompt_cache_key": "k" * 64}
    response = ask("x", **given)
    assert (response.safety_identifier, response.prompt_cache_key) == tuple(given.values())


def test_a_server_may_refuse_fields_by_name() -> None:
    with start_emulator(refuses=frozenset({"prompt_cache_key"})) as older, make_client(older.url) as client:
        asked: Any = {"model": "m", "input": "x", "safety_identifier": "s"}
        with pytest.raises(BadRequestError, match="Unsupported parameter: 'prompt_cache_key'") as refusal:
            client.responses.create(**asked, prompt_cache_key="k")
        assert (refusal.value.param, refusal.value.code) == ("prompt_cache_key", "unsupported_parameter")
        assert client.responses.create(**asked).status == "completed"


def test_a_conversations_items_come_before_the_input(client: OpenAI, ask: Ask) -> None:
    items: Any = [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}]
    conversation = client.conversations.create(items=items)
    response = ask("C", conversation=conversation.id)
    assert response.output_text.endswith("thread: user: A / assistant: B / user: C")
    assert response.conversation is not None
    assert response.conversation.id == conversation.id


def test_input_and_output_are_added_to_the_conversation(
    client: OpenAI, ask: Ask, conversation_id: str
) -> None:
    ask("/say B", conversation={"id": conversation_id})
    ask("/say D", conversation=conversation_id)
    assert thread(client, conversation_id) == ["/say B", "B", "/say D", "D"]


def test_the_output_lands_in_the_conversation_as_it_is(
    client: OpenAI, ask: Ask, conversation_id: str
) -> None:
    """Ids, phases and all else, whatever kind the items are of."""
    tools = [
        {"type": "function", "name": "weather", "parameters": {}},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ]
    text = "/reasoning\n/think hm\n/python 1\n/call weather"
    response = ask(text, tools=tools, conversation=conversation_id)
    _, *landed = client.conversations.items.list(conversation_id, order="asc").data
    kinds = ["reasoning", "message", "code_interpreter_call", "function_call"]
    assert [item.type for item in response.output] == kinds
    assert [item.to_dict() for item in landed] == [item.to_dict() for item in response.output]


def test_all_input_may_lie_in_the_conversation(client: OpenAI, ask: Ask) -> None:
    items: Any = [{"role": "user", "content": "/say B"}]
    conversation = client.conversations.create(items=items)
    assert ask([], conversation=conversation.id).output_text == "B"
    assert thread(client, conversation.id) == ["/say B", "B"]


def test_input_is_required(refused: Refused) -> None:
    assert refused("/responses", {"model": "m"})["message"] == "Missing required parameter: 'input'."


def test_a_failed_response_adds_nothing_and_unlocks(client: OpenAI, ask: Ask, conversation_id: str) -> None:
    failed = ask("/fail rate_limit_exceeded", conversation=conversation_id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "rate_limit_exceeded"
    assert thread(client, conversation_id) == []
    assert ask("x", conversation=conversation_id).status == "completed"


def test_a_second_response_on_an_active_conversation_is_refused(
    client: OpenAI, refused: Refused, conversation_id: str
) -> None:
    active = background(client, LONG_RUN, conversation=conversation_id)
    body = {"model": "m", "input": "x", "conversation": conversation_id}
    assert refused("/responses", body)["code"] == "conversation_locked"
    client.responses.cancel(active.id)


def test_items_are_not_added_to_an_active_conversation(
    client: OpenAI, refused: Refused, conversation_id: str
) -> None:
    active = background(client, LONG_RUN, conversation=conversation_id)
    items = {"items": [{"role": "user", "content": "x"}]}
    error = refused(f"/conversations/{conversation_id}/items", items)
    assert error["code"] == "conversation_locked"
    client.responses.cancel(active.id)


def test_metadata_is_replaced_while_a_response_is_active(client: OpenAI, conversation_id: str) -> None:
    active = background(client, LONG_RUN, conversation=conversation_id)
    assert client.conversations.update(conversation_id, metadata={"a": "1"}).metadata == {"a": "1"}
    assert client.conversations.retrieve(conversation_id).metadata == {"a": "1"}
    client.responses.cancel(active.id)


def test_an_active_foreground_response_locks_too(http: httpx.Client, conversation_id: str) -> None:
    def run(seconds: float) -> int:
        body = {"model": "m", "input": f"/wait {seconds}", "conversation": conversation_id}
        return http.post("/responses", json=body).status_code

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(run, [0.2] * 5)) == [200, 400, 400, 400, 400]


def test_a_cancelled_response_adds_nothing_and_unlocks(
    client: OpenAI, ask: Ask, conversation_id: str
) -> None:
    active = background(client, LONG_RUN, conversation=conversation_id)
    assert client.responses.cancel(active.id).status == "cancelled"
    assert client.responses.retrieve(active.id).status == "cancelled"
    assert thread(client, conversation_id) == []
    assert ask("x", conversation=conversation_id).status == "completed"


def test_cancelling_twice_gives_the_same(client: OpenAI) -> None:
    active = background(client, LONG_RUN)
    assert client.responses.cancel(active.id) == client.responses.cancel(active.id)


def test_a_finished_response_cannot_be_cancelled(client: OpenAI, ended: Ended, refused: Refused) -> None:
    done = ended(background(client, "x").id)
    refused(f"/responses/{done.id}/cancel")


def test_only_the_background_can_be_cancelled(ask: Ask, refused: Refused) -> None:
    assert "synchronous" in refused(f"/responses/{ask('x').id}/cancel")["message"]


def test_a_deleted_response_is_gone(client: OpenAI, ask: Ask, refused: Refused) -> None:
    response = ask("x")
    client.responses.delete(response.id)
    refused(f"/responses/{response.id}", method="GET", status=404)


def test_deleting_an_active_response_unlocks(client: OpenAI, ask: Ask, conversation_id: str) -> None:
    client.responses.delete(background(client, LONG_RUN, conversation=conversation_id).id)
    assert ask("x", conversation=conversation_id).status == "completed"


def test_a_response_that_is_not_stored_cannot_be_retrieved(ask: Ask, refused: Refused) -> None:
    refused(f"/responses/{ask('x', store=False).id}", method="GET", status=404)


def test_a_response_outlives_its_deleted_conversation(client: OpenAI, ended: Ended) -> None:
    conversation = client.conversations.create()
    active = background(client, "/wait 0.02", conversation=conversation.id)
    client.conversations.delete(conversation.id)
    done = ended(active.id)
    assert done.status == "completed"
    with pytest.raises(NotFoundError):
        client.conversations.items.retrieve(str(done.output[0].id), conversation_id=conversation.id)


def test_previous_responses_come_before_the_input(ask: Ask) -> None:
    first = ask("/say B")
    second = ask("/say D", previous_response_id=first.id)
    third = ask("E", previous_response_id=second.id)
    assert third.output_text.endswith("user: /say B / assistant: B / user: /say D / assistant: D / user: E")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"model": "gpt-4"}, "model_not_found"),
        ({"temperature": 1}, "unsupported_parameter"),
        ({"top_p": 0.5}, "unsupported_parameter"),
        ({"nonsense": 1}, "unknown_parameter"),
        ({"conversation": "conv_0"}, None),
        ({"previous_response_id": "resp_0"}, "previous_response_not_found"),
        ({"conversation": "c", "previous_response_id": "r"}, "mutually_exclusive_parameters"),
        ({"background": True, "store": False}, None),
        ({"max_output_tokens": 15}, "integer_below_min_value"),
        ({"metadata": {"k": "v" * 513}}, "string_above_max_length"),
        ({"prompt_cache_key": "k" * 65}, "string_above_max_length"),
        ({"safety_identifier": "s" * 65}, "string_above_max_length"),
        ({"stream_options": {"include_obfuscation": False}}, None),
        ({"tool_choice": 1}, "invalid_value"),
        ({"tools": [{"type": "nonsense"}]}, "invalid_value"),
        ({"truncation": "last_messages"}, "invalid_value"),
        ({"text": {"format": {"type": "nonsense"}}}, "invalid_value"),
    ],
)
def test_a_wrong_request_is_refused(http: httpx.Client, given: dict[str, Any], code: str | None) -> None:
    answer = http.post("/responses", json={"model": "gpt-6-luna", "input": "x", **given})
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("model", ["gpt-4", "gpt-4-0613", "gpt-4-turbo", "gpt-3.5-turbo", "o1", "o3-mini"])
def test_models_that_are_gone_are_404(refused: Refused, model: str) -> None:
    error = refused("/responses", {"model": model, "input": "x"}, status=404)
    assert error["param"] == "model"


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-4o-mini", "o3-pro", "llama3"])
def test_any_other_model_answers(ask: Ask, model: str) -> None:
    assert f"model: {model} |" in ask("x", model=model).output_text


@pytest.mark.parametrize("model", ["gpt-5", "gpt-6-luna", "o3-pro"])
def test_reasoning_models_refuse_temperature(refused: Refused, model: str) -> None:
    error = refused("/responses", {"model": model, "input": "x", "temperature": 0.5})
    assert error["param"] == "temperature"


def test_other_models_take_temperature(ask: Ask) -> None:
    response = ask("x", model="gpt-4.1", temperature=0.5, top_p=0.25)
    assert (response.temperature, response.top_p) == (0.5, 0.25)


def test_max_output_tokens_makes_the_answer_incomplete(
    client: OpenAI, ask: Ask, conversation_id: str
) -> None:
    response = ask("/length 200", max_output_tokens=16, conversation=conversation_id)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert len(response.output_text) == 16 * 4
    assert thread(client, conversation_id) == ["/length 200", response.output_text]


def test_a_context_that_is_too_long_is_refused_or_truncated() -> None:
    with start_emulator(context_tokens=100) as small, make_client(small.url) as client:
        items: Any = [{"role": "user", "content": str(number) * 80} for number in range(10)]
        conversation = client.conversations.create(items=items)
        asked: Any = {"model": "m", "input": "last", "conversation": conversation.id}
        with pytest.raises(BadRequestError, match="exceeds the context window") as refusal:
            client.responses.create(**asked)
        assert refusal.value.code == "context_length_exceeded"
        text = client.responses.create(**asked, truncation="auto").output_text
    assert "user: last" in text
    assert "999" in text
    assert "000" not in text


def test_a_context_that_cannot_be_truncated_is_refused() -> None:
    with (
        start_emulator(context_tokens=10) as small,
        make_client(small.url) as client,
        pytest.raises(BadRequestError, match="exceeds the context window"),
    ):
        client.responses.create(model="m", input="x" * 100, truncation="auto")


def test_many_runs_at_a_time_do_not_disturb_each_other(client: OpenAI, ended: Ended) -> None:
    def run(number: int) -> bool:
        conversation = client.conversations.create()
        for turn in range(2):
            text = f"/say {number}.{turn}"
            ended(background(client, text, conversation=conversation.id).id)
        said = [f"{number}.0", f"{number}.1"]
        return thread(client, conversation.id) == [f"/say {said[0]}", said[0], f"/say {said[1]}", said[1]]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(run, range(32)))
