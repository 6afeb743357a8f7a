"""Every order in which the requests of calls that are made side by side can reach OpenAI.

Each call is a process of its own. It stops at each of its requests until it is let go on, and the end of a
response is a step too, so one order after the other is tried, and nothing is left to luck. Orders that lead
to a state that was seen already are not followed further."""

import json
import math
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2

from assistant_function.actions import ACTIONS
from assistant_function.call import ActionCall
from assistant_function.errors import FunctionError
from assistant_function.request.deadline import Deadline
from assistant_function.request.params import parse_params
from assistant_function.request.settings import parse_settings
from assistant_function.upstream.sdk_client import AssistantsClient
from assistants_transport import AssistantsTransport
from tests.invoke import FakeClock, Json

SETTINGS = parse_settings({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://openai.test/v1"})
CALL_SECONDS = 27.0
PATIENCE_SECONDS = 10.0
END = "end"  # the step in which the active response ends


class Cut(BaseException):
    """The end of a process in the middle of a call."""


class Conversation:
    """One conversation of today's OpenAI: its items in order, one active response at a time."""

    def __init__(self, *, instant: bool) -> None:
        self.instant = instant
        self.metadata: dict[str, str] = {}
        self.items: list[Json] = []
        self.responses: dict[str, Json] = {}
        self.active: str | None = None
        self.changes = 0
        self._last_number = 0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Carries the request out."""
        path = request.url.path.removeprefix("/v1/").split("/")
        body = json.loads(request.read() or b"{}")
        match request.method, path:
            case "GET", ["agents", agent]:
                return self._say({"id": agent, "model": "m", "metadata": {}, "tools": []})
            case "GET", ["conversations", _]:
                return self._say({"id": "conv_1", "created_at": 1, "metadata": self.metadata})
            case "POST", ["conversations", _]:
                self.metadata, self.changes = body["metadata"], self.changes + 1
                return self._say({"id": "conv_1", "created_at": 1, "metadata": self.metadata})
            case "GET", ["conversations", _, "items"]:
                newest = self.items[::-1][: int(request.url.params["limit"])]
                return self._say({"data": newest, "has_more": len(newest) < len(self.items)})
            case "POST", ["conversations", _, "items"]:
                return self._refuse_locked() or self._say({"data": self._add(body["items"])})
            case "DELETE", ["conversations", _, "items", item_id]:
                self.items = [one for one in self.items if one["id"] != item_id]
                self.changes += 1
                return self._say({"id": "conv_1"})
            case "POST", ["responses"]:
                return self._refuse_locked() or self._say(self._start(body))
            case "GET", ["responses", response_id]:
                return self._say(self.responses[response_id])
            case "POST", ["responses", response_id, "cancel"]:
                return self._say(self._cancel(response_id))
        raise AssertionError(f"{request.method} {request.url}")

    def end_active(self) -> None:
        """Ends the active response: what it was given and what it says come into the conversation at once."""
        response = self.responses[str(self.active)]
        self.active = None
        self._add(response.pop("input"))
        response["output"] = self._add([{"type": "message", "role": "assistant", "content": "yes"}])
        response["status"] = "completed"

    def read_texts(self) -> list[str]:
        """Lists what a reader sees, without marks."""
        shown = [one for one in self.items if one["role"] != "developer"]
        return [one["content"].split("\u2063")[0] for one in shown]

    def _add(self, items: list[Json]) -> list[Json]:
        added = [{**one, "id": f"msg_{self._next()}", "content": _read(one["content"])} for one in items]
        self.items, self.changes = [*self.items, *added], self.changes + 1
        return added

    def _start(self, body: Json) -> Json:
        response = {"id": f"resp_{self._next()}", "status": "in_progress", "created_at": 1, "output": []}
        response |= {"model": "m", "metadata": body["metadata"], "conversation": {"id": "conv_1"}}
        self.active = str(response["id"])
        self.responses[self.active] = response | {"input": body["input"]}
        self.changes += 1
        told = {**response}
        if self.instant:
            self.end_active()
        return told

    def _cancel(self, response_id: str) -> Json:
        if self.active == response_id:
            self.active, self.changes = None, self.changes + 1
            self.responses[response_id]["status"] = "cancelled"
        return self.responses[response_id]

    def _next(self) -> int:
        self._last_number += 1
        return self._last_number

    def _refuse_locked(self) -> httpx2.Response | None:
        if self.active is None:
            return None
        error = {"message": "Another process is at work.", "code": "conversation_locked", "param": None}
        return httpx2.Response(400, json={"error": error})

    def _say(self, body: Json) -> httpx2.Response:
        return httpx2.Response(200, json={name: value for name, value in body.items() if name != "input"})


def _read(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


class Switch(httpx2.BaseTransport):
    """Below a client that many processes use one after the other: what each of them has there itself."""

    def __init__(self) -> None:
        self.inner: httpx2.BaseTransport | None = None
        http_client = httpx2.Client(transport=self)
        self.client = AssistantsClient(
            api_key="k", base_url=SETTINGS.base_url, max_retries=0, http_client=http_client
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert self.inner is not None
        return self.inner.handle_request(request)


_idle_switches: list[Switch] = []


class Process(httpx2.BaseTransport):
    """One call in a process of its own, which waits at each request until it is let go on."""

    def __init__(self, conversation: Conversation, params: Json) -> None:
        self.conversation, self.params = conversation, params
        self.seen: list[str] = []  # what it was answered so far
        self.answer: Json | None = None  # of the call, once it has ended: its status and its data
        self.asleep_since: int | None = None
        self._clock = FakeClock()
        self._arrived, self._released = threading.Semaphore(0), threading.Semaphore(0)
        self._cut: bool | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    def may_go_on(self) -> bool:
        """Whether it has a request to send. A call that sleeps is woken by the next change."""
        return self.answer is None and self.asleep_since != self.conversation.changes

    def go_on(self, cut: bool | None = None) -> None:
        """Sends the request that it waits at, and lets it run to the next one.

        `cut` ends the process there: before the request is carried out (False) or after it (True)."""
        self._cut, self.asleep_since = cut, None
        self._released.release()
        self._wait()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._arrived.release()
        self._released.acquire()
        if self._cut is False:
            raise Cut
        answer = self.conversation.answer(request)
        if self._cut is True:
            raise Cut
        self.seen.append(f"{request.method} {request.url} {answer.status_code} {answer.text}")
        return answer

    def _wait(self) -> None:
        assert self._arrived.acquire(timeout=PATIENCE_SECONDS), "the call does not go on"

    def _run(self) -> None:
        answer: Json = {"status": None, "data": {}}
        try:
            answer = self._call()
        except Cut:
            pass
        finally:
            self.answer = answer
            self._arrived.release()

    def _call(self) -> Json:
        def sleep(seconds: float) -> None:
            self._clock.sleep(seconds)
            self.asleep_since = self.conversation.changes

        deadline = Deadline(CALL_SECONDS, self._clock.now, sleep)
        switch = _idle_switches.pop() if _idle_switches else Switch()
        switch.inner = AssistantsTransport(self)
        action = ACTIONS[self.params["action"]]
        given = {name: value for name, value in self.params.items() if name != "action"}
        params = parse_params(self.params["action"], given, action.spec)
        call = ActionCall(switch.client, params, deadline, SETTINGS, action.spec)
        try:
            return {"status": 200, "data": dict(action.handler(call).data)}
        except FunctionError as problem:
            return {"status": problem.status, "data": dict(problem.data or {}), "error": problem.message}
        finally:
            _idle_switches.append(switch)


@dataclass
class Scene:
    """One order of steps, as it was played: how the conversation stands, and what the calls were answered."""

    conversation: Conversation
    processes: list[Process]
    steps: list[Any] = field(default_factory=list)

    def choices(self) -> list[Any]:
        """The steps that may come next: calls by their number, and the end of the active response."""
        calls = [number for number, one in enumerate(self.processes) if one.may_go_on()]
        if self.conversation.active:
            return [*calls, END]
        asleep = [number for number, one in enumerate(self.processes) if one.answer is None]
        return calls or asleep  # nothing changes any more: who sleeps wakes up

    def state(self) -> str:
        there = [self.conversation.items, self.conversation.active, self.conversation.metadata]
        calls = [[sorted(one.params.items()), one.seen, one.asleep_since] for one in self.processes]
        return json.dumps([there, sorted(calls, key=json.dumps)])  # equal calls may change places


class Kill(NamedTuple):
    """The process with this number is cut off at its nth request, which is carried out or not."""

    process: int
    nth: int
    carried_out: bool


def play_orders(
    calls: list[Json], *, instant: bool, kill: Kill | None = None, at_most: int | None = None
) -> Iterator[Scene]:
    """Plays every order to its end, or so many that are picked without a plan, the same each time."""
    chance, seen = random.Random(1), set[str]()  # noqa: S311
    waiting: list[list[Any]] = [[]]
    left = math.inf if at_most is None else at_most
    while waiting and left > 0:
        planned = waiting.pop(chance.randrange(len(waiting)) if at_most else -1)
        conversation = Conversation(instant=instant)
        scene = Scene(conversation, [Process(conversation, call) for call in calls])
        if _play(scene, planned, kill, seen, waiting):
            left -= 1
            yield scene


def _play(
    scene: Scene, planned: list[Any], kill: Kill | None, seen: set[str], waiting: list[list[Any]]
) -> bool:
    """Whether the scene came to its end; where other steps were possible they are added to `waiting`."""
    while choices := scene.choices():
        place = len(scene.steps)
        if place >= len(planned):
            if (state := scene.state()) in seen:
                _leave(scene)
                return False
            seen.add(state)
            waiting.extend([*scene.steps, other] for other in choices[1:])
        step = planned[place] if place < len(planned) else choices[0]
        scene.steps.append(step)
        _take(scene, step, kill)
    return True


def _take(scene: Scene, step: Any, kill: Kill | None) -> None:
    if step == END:
        scene.conversation.end_active()
        return
    taken = scene.steps.count(step) - 1
    is_cut = kill is not None and (kill.process, kill.nth) == (step, taken)
    scene.processes[step].go_on(kill.carried_out if is_cut and kill else None)


def _leave(scene: Scene) -> None:
    for process in scene.processes:
        if process.answer is None:
            process.go_on(cut=False)


def finish_with(scene: Scene, call: Json) -> Process:
    """Makes one more call, alone, and lets responses end as they do."""
    process = Process(scene.conversation, call)
    while process.answer is None:
        if scene.conversation.active and not process.may_go_on():
            scene.conversation.end_active()
        process.go_on()
    if scene.conversation.active:
        scene.conversation.end_active()
    return process
