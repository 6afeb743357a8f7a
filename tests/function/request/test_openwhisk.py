"""Plain Apache OpenWhisk: the same folder, called with `main(args)` alone and `__ow_*` keys."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import httpx2
import pytest

from local import devhost
from local.devhost.events import Dialect
from local.emulator.server import Emulator
from tests.fake_upstream import NATIVE, Upstream, v2_run
from tests.invoke import EPOCH_SECONDS, FakeClock, Json, load_main, make_function

FUNCTION = Path(__file__).parents[3] / "packages/v1/openai"
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)


@pytest.fixture(scope="module", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = request.param
    return chosen


@pytest.fixture(scope="module")
def client(dialect: Dialect, openai_at_home: Emulator) -> Iterator[httpx.Client]:
    """The function on each platform, answering OPTIONS itself."""
    settings = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": openai_at_home.url}
    function = devhost.Function(FUNCTION, settings, custom_options=True)
    with (
        devhost.serve(function, dialect=dialect, log=lambda _: None) as host,
        httpx.Client(base_url=host.url, trust_env=False, timeout=60) as connected,
    ):
        yield connected


def data(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["data"]
    return found


@pytest.mark.parametrize("form", ["query", "json", "form", "text"])
def test_a_conversation_in_every_form_of_a_call(client: httpx.Client, form: str) -> None:
    def call(**params: Any) -> Json:
        if form == "query":
            return data(client.get("", params=params))
        if form == "json":
            return data(client.post("", json=params))
        if form == "form":
            return data(client.post("", data=params))
        return data(client.post("", content=json.dumps(params), headers={"Content-Type": "text/plain"}))

    assistant = call(action="create-assistant", name="a", instructions="Sei nett, ü")["assistantId"]
    run = call(action="chat", assistantId=assistant, message="Grüß dich")
    assert "Sei nett, ü" in run["response"]
    again = call(action="chat", assistantId=assistant, threadId=run["threadId"], message="/say ja")
    assert again["response"] == "ja"
    assert call(action="delete-thread", threadId=run["threadId"])["deleted"] is True


def test_a_body_without_a_type_is_read(client: httpx.Client) -> None:
    answer = client.post("", content=b'{"action": "create-thread"}')
    assert data(answer)["threadId"].startswith("thread_")


def test_methods_headers_and_preflight_arrive(client: httpx.Client) -> None:
    assert client.put("", json={"action": "create-thread"}).status_code == 405
    preflight = client.options("", headers={"Origin": "https://a.example"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    prefetch = client.get("", params={"action": "create-thread"}, headers={"Sec-Purpose": "prefetch"})
    assert prefetch.status_code == 400


def test_a_failure_is_an_envelope_there_too(client: httpx.Client) -> None:
    answer = client.get("", params={"action": "get-thread", "threadId": "thread_nobody"})
    assert (answer.status_code, answer.json()["success"]) == (404, False)
    assert client.get("").status_code == 400


def test_a_caller_cannot_speak_for_the_platform(client: httpx.Client, dialect: Dialect) -> None:
    for name in ("__ow_headers", "__ow_method", "__ow_body"):
        answer = client.post("", json={"action": "create-thread", name: {}})
        assert answer.status_code == 400
    answer = client.post("", json={"action": "create-thread", "http": {"method": "DELETE"}})
    assert answer.status_code == {"digitalocean": 400, "openwhisk": 200}[dialect]  # refused, or not believed


def event(method: str = "get", **more: Any) -> Json:
    return {"__ow_method": method, "__ow_headers": {}, "__ow_path": "", **more}


def test_main_alone_answers_without_a_context(
    openai_at_home: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", openai_at_home.url)
    monkeypatch.setenv("__OW_DEADLINE", str(int((time.time() + 60) * 1000)))
    answer = load_main()(event(action="create-thread"))
    assert answer["body"]["data"]["threadId"].startswith("thread_")


@pytest.mark.parametrize(
    ("body", "encoded"), [('{"action": "create-thread"}', False), ('{"action": "create-thread"}', True)]
)
def test_a_body_that_the_platform_left_whole_is_read(
    openai_at_home: Emulator, body: str, encoded: bool
) -> None:
    given = base64.b64encode(body.encode()).decode() if encoded else body
    answer = make_function({"OPENAI_BASE_URL": openai_at_home.url}).main(event("post", __ow_body=given))
    assert answer["statusCode"] == 200


@pytest.mark.parametrize(("left", "most"), [(60.0, 27.0), (10.0, 8.5), (3.0, 1.5)])
def test_the_deadline_bounds_the_waiting(left: float, most: float) -> None:
    clock = FakeClock()
    upstream = Upstream(lambda _: httpx2.Response(200, json=v2_run("in_progress")), clock)
    deadline = str(int((EPOCH_SECONDS + left) * 1000))
    function = make_function(
        NATIVE | {"__OW_DEADLINE": deadline}, transport=httpx2.MockTransport(upstream), clock=clock
    )
    answer = function.main(event(action="run-assistant", threadId="thread_1", assistantId="asst_1"))
    assert (answer["statusCode"], answer["body"]["data"]["runId"]) == (202, "run_1")
    assert most - 1 < clock.seconds <= most
