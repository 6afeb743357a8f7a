"""requestId in every order in which calls that are made at the same moment can reach OpenAI."""

from collections.abc import Iterator

import httpx2
import pytest

from local.emulator.server import Emulator
from tests.function.upstream.interleaving import Conversation, Kill, Scene, finish_with, play_orders
from tests.invoke import Json


def send(words: str, request_id: str) -> Json:
    return {"action": "send-message", "threadId": "thread_1", "message": words, "requestId": request_id}


def ask(words: str | None, request_id: str) -> Json:
    run = {"action": "run-assistant", "threadId": "thread_1", "assistantId": "asst_1"}
    return run | {"requestId": request_id} | ({} if words is None else {"message": words})


def check(scene: Scene) -> None:
    """Nothing is lost and nothing doubled: every message and every answer is there once, and told as it is.

    A call that was told that the thread is busy, or was cut off, is made once more."""
    calls = {one.params["requestId"]: one.params for one in scene.processes}
    for process in [*scene.processes]:
        assert process.answer is not None
        assert process.answer["status"] in (200, 409, None), process.answer
        if process.answer["status"] != 200:
            scene.processes.append(finish_with(scene, process.params))
    where = f"{scene.steps}: {[one.answer for one in scene.processes]}"
    words = [one["message"] for one in calls.values() if "message" in one]
    answers = [one for one in calls.values() if one["action"] != "send-message"]
    assert sorted(scene.conversation.read_texts()) == sorted([*words, *["yes"] * len(answers)]), where
    there = {one["id"] for one in scene.conversation.items}
    for request_id in calls:
        told = [
            one.answer
            for one in scene.processes
            if one.answer and one.params["requestId"] == request_id and one.answer["status"] == 200
        ]
        ids = {one["data"].get("messageId") or one["data"]["runId"] for one in told}
        assert len(ids) == 1, where
        for one in told:
            shown = [one["data"]] if "messageId" in one["data"] else one["data"]["messages"]
            assert {message["messageId"] for message in shown} <= there, where


def count_checked(scenes: Iterator[Scene]) -> int:
    """Checks them all, and returns how many there were."""
    count = 0
    for scene in scenes:
        check(scene)
        count += 1
    return count


pytestmark = pytest.mark.filterwarnings("ignore:The Assistants API is deprecated")
MESSAGES = {
    "the same request": [send("a", "1"), send("a", "1")],
    "the same words": [send("a", "1"), send("a", "2")],
    "different requests": [send("a", "1"), send("b", "2")],
    "the same request twice and another": [send("a", "1"), send("a", "1"), send("a", "2")],
    "the same request three times": [send("a", "1"), send("a", "1"), send("a", "1")],
}
RUNS = {
    "a double click": [ask("a", "1"), ask("a", "1")],
    "two turns": [ask("a", "1"), ask("a", "2")],
    "a double click without a message": [ask(None, "1"), ask(None, "1")],
    "a run and a message": [ask("a", "1"), send("b", "2")],
    "a double click and a message": [ask("a", "1"), ask("a", "1"), send("b", "2")],
}
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
    assert count_checked(play_orders(calls, instant=True, kill=kill, at_most=ORDERS // 8)) > 1


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
