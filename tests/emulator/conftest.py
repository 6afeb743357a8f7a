"""A running emulator with echo answers, and the two clients that speak to it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI
from openai.types.responses import Response

from local.emulator.server import Emulator, start_emulator

ACTIVE = ("queued", "in_progress")
POLL_SECONDS = 0.002
PATIENCE_SECONDS = 10.0


def make_client(url: str) -> OpenAI:
    """The SDK, as strict as it gets: an answer that lacks a required field fails."""
    return OpenAI(base_url=url, api_key="key", max_retries=0, _strict_response_validation=True)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One for all tests that make their own objects."""
    with start_emulator() as running:
        yield running


@pytest.fixture
def fresh_emulator() -> Iterator[Emulator]:
    """One that has seen nothing yet."""
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="session")
def client(emulator: Emulator) -> Iterator[OpenAI]:
    """The openai SDK."""
    with make_client(emulator.url) as made:
        yield made


@pytest.fixture(scope="session")
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    """Plain HTTP with a key and the header that agents ask for."""
    headers = {"Authorization": "Bearer key", "OpenAI-Beta": "agents=v1"}
    with httpx.Client(base_url=emulator.url, headers=headers, timeout=PATIENCE_SECONDS) as made:
        yield made


@pytest.fixture(scope="session")
def refused(http: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Send a request that must be refused; the error object."""

    def send(path: str, body: Any = None, *, status: int = 400, method: str = "POST") -> dict[str, Any]:
        answer = http.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        error: dict[str, Any] = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return error

    return send


@pytest.fixture(scope="session")
def ended(client: OpenAI) -> Callable[[str], Response]:
    """Poll a background response to its end."""

    def poll(response_id: str) -> Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (response := client.responses.retrieve(response_id)).status in ACTIVE:
            assert time.monotonic() < deadline, f"still {response.status}"
            time.sleep(POLL_SECONDS)
        return response

    return poll


@pytest.fixture(scope="session")
def ask(client: OpenAI) -> Callable[..., Response]:
    """Ask in the foreground."""

    def create(asked: Any, **settings: Any) -> Response:
        response: Response = client.responses.create(**{"model": "gpt-6-luna", "input": asked, **settings})
        return response

    return create
