"""Calls that are made at the same moment, and what has to hold of them in every order."""

from collections.abc import Iterator

from tests.function.upstream.interleaving import Scene, finish_with
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
