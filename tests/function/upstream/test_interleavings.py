"""requestId in every order in which calls that are made at the same moment can reach OpenAI."""

import pytest

from tests.function.upstream.interleaving import Kill, Scene, finish_with, play_orders
from tests.invoke import Json


def send(words: str, request_id: str) -> Json:
    return {"action": "send-message", "threadId": "thread_1", "message": words, "requestId": request_id}


def ask(words: str | None, request_id: str) -> Json:
    run = {
        "action": "run-assistant",
        "threadId": "thread_1",
        "assistantId": "asst_1",
        "requestId": request_id,
    }
    return run if words is None else run | {"message": words}


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
    played = [check(scene) for scene in play_orders(MESSAGES[name], instant=True, at_most=ORDERS)]
    assert len(played) > 1


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize("name", RUNS)
def test_runs_are_started_once(name: str, instant: bool) -> None:
    played = [check(scene) for scene in play_orders(RUNS[name], instant=instant, at_most=ORDERS)]
    assert len(played) > 1


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("nth", range(5))
@pytest.mark.parametrize("calls", [MESSAGES["the same request"], RUNS["a double click"]])
def test_a_call_that_is_cut_off_is_done_once_when_it_is_repeated(
    calls: list[Json], nth: int, carried_out: bool
) -> None:
    kill = Kill(0, nth, carried_out)
    for scene in play_orders(calls, instant=True, kill=kill, at_most=ORDERS // 8):
        check(scene)
