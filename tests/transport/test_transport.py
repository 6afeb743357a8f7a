"""The transport itself: headers, base URLs, time, connections."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openai import APITimeoutError, AuthenticationError, OpenAI

from assistants_transport import AssistantsTransport
from assistants_transport.caches import AGENT_LIFE_SECONDS, Caches, KnownAgents
from assistants_transport.openai_api import OpenAIApi
from local.emulator.server import start_emulator
from tests.transport.fakes import (
    connect,
    connect_fake,
    fake_answers,
    make_agent,
    make_message,
    make_page,
    make_response,
    send_raw,
)

CONVERSATION = {"id": "conv_1", "created_at": 1, "metadata": {}}


def test_the_callers_headers_reach_upstream_and_v2s_beta_does_not() -> None:
    upstream, asked = fake_answers(make_agent(), CONVERSATION, make_response(status="queued"))
    with connect_fake(upstream) as client:
        own = client.with_options(default_headers={"X-Own": "1", "OpenAI-Organization": "org_1"})
        own.beta.assistants.retrieve("asst_1")
        own.beta.threads.create()
        own.beta.threads.runs.create("thread_1", assistant_id="asst_1")
    for one in asked:
        assert one.headers["authorization"] == "Bearer test"
        assert (one.headers["x-own"], one.headers["openai-organization"]) == ("1", "org_1")
        assert one.headers["host"] == "openai.test"
    assert [one.headers.get_list("openai-beta") for one in asked] == [["agents=v1"], [], []]
    assert [one.headers.get("content-type") for one in asked] == [
        None,
        "application/json",
        "application/json",
    ]


def test_a_wrong_key_is_refused_by_upstream() -> None:
    with start_emulator(key="right") as emulator, connect(emulator.url, httpx2.HTTPTransport()) as client:
        for ask in (client.beta.threads.create, client.beta.assistants.list):
            with pytest.raises(AuthenticationError):
                ask()


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirect_is_no_success_whatever_its_body_says(status: int) -> None:
    elsewhere = {"location": "https://elsewhere.test/v1/conversations/conv_1"}
    upstream, asked = fake_answers(httpx2.Response(status, json=CONVERSATION, headers=elsewhere))
    answer = send_raw(upstream, "GET", "/threads/thread_1")
    assert (answer.status_code, "location" in answer.headers, len(asked)) == (502, False, 1)
    assert answer.json()["error"]["message"] == f"OpenAI answered {status} without saying why."


@pytest.mark.parametrize("prefix", ["", "/v1", "/proxy/openai/v1", "/with%20space/v1", "/caf%C3%A9/v1"])
def test_what_the_base_url_holds_is_kept(prefix: str) -> None:
    upstream, asked = fake_answers(CONVERSATION, make_page())
    transport = AssistantsTransport(httpx2.MockTransport(upstream))
    with OpenAI(
        base_url=f"http://gateway.test:8443{prefix}",
        api_key="k",
        http_client=httpx2.Client(transport=transport),
    ) as client:
        client.beta.threads.retrieve("thread_1")
        client.beta.threads.messages.list("thread_1", limit=5)
    assert [str(one.url).partition("?")[0] for one in asked] == [
        f"http://gateway.test:8443{prefix}/conversations/conv_1",
        f"http://gateway.test:8443{prefix}/conversations/conv_1/items",
    ]


def test_upstreams_headers_for_tracing_and_polling_pass() -> None:
    headers = {"x-request-id": "req_9", "openai-poll-after-ms": "250", "content-encoding": "identity"}
    upstream, _ = fake_answers(httpx2.Response(200, json=CONVERSATION, headers=headers))
    answer = send_raw(upstream, "GET", "/threads/thread_1")
    assert (answer.headers["x-request-id"], answer.headers["openai-poll-after-ms"]) == ("req_9", "250")
    assert answer.headers["content-type"] == "application/json"


class Clock:
    """Every look at it costs nothing; every request costs `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.time = seconds, 0.0
        self.timeouts: list[dict[str, float]] = []

    def now(self) -> float:
        return self.time

    def upstream(self, request: httpx2.Request) -> httpx2.Response:
        self.timeouts.append(request.extensions["timeout"])
        self.time += self.seconds
        return httpx2.Response(200, json=CONVERSATION)


def test_the_callers_read_timeout_bounds_all_requests_together() -> None:
    clock = Clock(seconds=2.0)
    timeout = {"connect": 4.0, "read": 5.0, "write": None, "pool": 9.0}
    asked = httpx2.Request("GET", "https://openai.test/v1/threads/x", extensions={"timeout": timeout})
    api = OpenAIApi(httpx2.MockTransport(clock.upstream), asked, "/v1", now=clock.now)
    for _ in range(3):
        api.get("/conversations/conv_1")
    assert clock.timeouts == [
        {"connect": 4.0, "read": 5.0, "write": 5.0, "pool": 5.0},
        {"connect": 3.0, "read": 3.0, "write": 3.0, "pool": 3.0},
        {"connect": 1.0, "read": 1.0, "write": 1.0, "pool": 1.0},
    ]
    with pytest.raises(httpx2.ReadTimeout):
        api.get("/conversations/conv_1")
    assert len(clock.timeouts) == 3


def test_a_caller_without_a_timeout_has_all_the_time() -> None:
    clock = Clock(seconds=1000.0)
    asked = httpx2.Request("GET", "https://openai.test/v1/threads/x", extensions={"timeout": {"read": None}})
    api = OpenAIApi(httpx2.MockTransport(clock.upstream), asked, "/v1", now=clock.now)
    api.get("/conversations/conv_1")
    api.get("/conversations/conv_1")
    assert clock.timeouts == [{"read": None}] * 2


def test_a_list_without_end_ends_with_the_callers_time() -> None:
    numbers: Iterator[int] = iter(range(10**9))

    def endless(_: httpx2.Request) -> httpx2.Response:
        others: Any = [{"id": f"rs_{next(numbers)}", "type": "reasoning"} for _ in range(20)]
        return httpx2.Response(200, json=make_page(*others, has_more=True))

    with connect_fake(endless, timeout=0.1) as client, pytest.raises(APITimeoutError):
        client.beta.threads.messages.list("thread_1")


def test_one_connection_serves_many_requests() -> None:
    with start_emulator() as emulator, connect(emulator.url, httpx2.HTTPTransport()) as client:
        thread = client.beta.threads.create()
        for _ in range(5):
            client.beta.threads.retrieve(thread.id)
        assert emulator.connections == 1


def test_closing_the_transport_closes_the_one_below() -> None:
    class Inner(httpx2.MockTransport):
        closed = False

        def close(self) -> None:
            self.closed = True

    inner = Inner(lambda _: httpx2.Response(200, json=make_message(1)))
    AssistantsTransport(inner).close()
    assert inner.closed


def test_a_known_agent_is_loaded_anew_after_its_time() -> None:
    clock = Clock(seconds=0.0)
    upstream, asked = fake_answers(
        make_agent(), make_response(status="queued"), make_agent(), make_response(status="queued")
    )
    caches = Caches(agents=KnownAgents(now=clock.now))
    transport = AssistantsTransport(httpx2.MockTransport(upstream), caches)
    with httpx2.Client(transport=transport) as plain:
        for _ in range(2):
            plain.post("https://openai.test/v1/threads/thread_1/runs", json={"assistant_id": "asst_1"})
            clock.time += AGENT_LIFE_SECONDS + 1
    assert [one.method for one in asked] == ["GET", "POST", "GET", "POST"]
