"""requestId in every order in which calls that are made at the same moment can reach OpenAI."""

import httpx2
import pytest

from local.emulator.server import Emulator
from tests.function.upstream.interleaving import Conversation, Kill, play_orders
from tests.function.upstream.simultaneous import MESSAGES, RUNS, count_checked
from tests.invoke import Json

pytestmark = pytest.mark.filterwarnings("ignore:The Assistants API is deprecated")
ORDERS = 40  # of the many that there are; `make soak` plays all


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_sent_once(name: str) -> None:
    assert count_checked(play_orders(MESSAGES[name], instant=True, at_most=ORDERS)) > 1


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize("name", RUNS)
def test_runs_are_started_once(name: str, instant: bool) -> None:
    assert count_checked(play_orders(RUNS[name], instant=instant, at_most=ORDERS)) > 1


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("nth", range(5))
@pytest.mark.parametrize("calls", [MESSAGES["the same request"], RUNS["a double click"]])
def test_a_call_that_is_cut_off_is_done_once_when_it_is_repeated(
    calls: list[Json], nth: int, carried_out: bool
) -> None:
    kill = Kill(0, nth, carried_out)
    assert count_checked(play_orders(calls, instant=True, kill=kill, at_most=ORDERS // 8))


def test_the_conversation_that_is_played_with_answers_as_openai_does(openai_at_home: Emulator) -> None:
    played = Conversation(instant=False)
    marked = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "mark"}]}
    said = {"type": "message", "role": "user", "content": "/wait 1\n/say yes"}
    run = {"model": "m", "input": [marked], "background": True, "store": True, "metadata": {"a": "b"}}
    headers = {"Authorization": "Bearer k"}

    def tell(client: httpx2.Client) -> list[object]:
        conversation = client.post("conversations", json={}).json()["id"] if client is real else "conv_1"
        items = f"conversations/{conversation}/items"
        added = client.post(items, json={"items": [said, said]})
        started = client.post("responses", json=run | {"conversation": conversation})
        locked = [
            client.post("responses", json=run | {"conversation": conversation}),
            client.post(items, json={"items": [said]}),
        ]
        deleted = client.delete(f"{items}/{added.json()['data'][1]['id']}")
        cancelled = client.post(f"responses/{started.json()['id']}/cancel")
        listed = client.get(items, params={"limit": 10, "order": "desc"}).json()
        return [
            *[one.status_code for one in (added, started, *locked, deleted, cancelled)],
            *[one.json()["error"]["code"] for one in locked],
            cancelled.json()["status"],
            [one["role"] for one in listed["data"]],
            listed["has_more"],
        ]

    transport = httpx2.MockTransport(played.answer)
    with (
        httpx2.Client(base_url=f"{openai_at_home.url}/", headers=headers) as real,
        httpx2.Client(base_url="http://openai.test/v1/", transport=transport) as in_memory,
    ):
        assert tell(in_memory) == tell(real)
