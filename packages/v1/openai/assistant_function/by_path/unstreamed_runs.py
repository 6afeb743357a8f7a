"""The events of a run that its server does not stream: told as if it had been, once it has ended."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from assistant_function.by_path.api_request import ApiRequest, read_v2
from assistant_function.by_path.run_events import ANSWER_SECONDS, DELTA, DONE, RUN, STEP, RunGoesOn
from assistant_function.errors import FunctionError
from assistant_function.upstream.client import Connection
from assistant_function.upstream.following import has_ended, poll_until_ended
from assistant_function.upstream.objects import parse_messages, parse_steps, parse_thread, read_run
from assistants_transport.event_stream import ServerSentEvent

if TYPE_CHECKING:
    import httpx2

    from assistants_transport import v2_objects as v2

WITH_THREAD, GOING_ON = "POST /threads/runs", ("queued", "in_progress")
OLDEST_FIRST = {"order": "asc", "limit": "100"}


def tell_run(run: "v2.Run", request: ApiRequest, connection: Connection) -> Iterator[ServerSentEvent]:
    """`run` as the request has started it, or let it go on. Raises RunGoesOn at the deadline."""
    read, path = partial(read_v2, connection), f"/threads/{run['thread_id']}"
    if request.name == WITH_THREAD:
        yield _tell("thread.created", parse_thread(read(path)))
    if "tool_outputs" not in (request.body or {}):
        yield _tell(f"{RUN}created", {**run, "status": "queued"})
    yield from (_tell(RUN + status, {**run, "status": status}) for status in GOING_ON)
    run = _follow(run, f"{path}/runs/{run['id']}", connection)
    yield from _tell_steps(read(f"{path}/runs/{run['id']}/steps", OLDEST_FIRST))
    for message in parse_messages(read(f"{path}/messages", {**OLDEST_FIRST, "run_id": run["id"]}))[0]:
        yield from _tell_message(message)
    yield _tell(RUN + run["status"], run)
    yield ServerSentEvent(DONE, "[DONE]")


def _follow(run: "v2.Run", path: str, connection: Connection) -> "v2.Run":
    deadline = connection.network.deadline
    until = deadline.within(deadline.left() - ANSWER_SECONDS)
    run = poll_until_ended(
        run, lambda: (read_run(read_v2(connection, path).content), None), until, deadline.now()
    )
    if not has_ended(run):
        raise RunGoesOn
    return run


def _tell_steps(answer: "httpx2.Response") -> Iterator[ServerSentEvent]:
    """A server that lists no steps has told the run nevertheless."""
    try:
        steps = parse_steps(answer)[0]
    except FunctionError:
        return
    for step in steps:
        yield _tell(f"{STEP}created", {**step, "status": "in_progress"})
        yield _tell(f"{STEP}{step['status']}", step)


def _tell_message(message: "v2.Message") -> Iterator[ServerSentEvent]:
    begun = {**message, "status": "in_progress", "content": []}
    parts = [_tell_part(index, dict(part)) for index, part in enumerate(message["content"])]
    yield _tell("thread.message.created", begun)
    yield _tell("thread.message.in_progress", begun)
    yield _tell(DELTA, {"id": message["id"], "object": DELTA, "delta": {"content": parts}})
    yield _tell("thread.message.completed", {**message, "status": "completed"})


def _tell_part(index: int, part: dict[str, Any]) -> dict[str, Any]:
    """Annotations come with the whole message: in a delta they would need numbers of their own."""
    text = {"text": {**part["text"], "annotations": []}} if part.get("type") == "text" else {}
    return {"index": index, **part, **text}


def _tell(name: str, told: Mapping[str, object]) -> ServerSentEvent:
    return ServerSentEvent(name, json.dumps(told))
