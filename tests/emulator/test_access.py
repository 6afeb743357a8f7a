"""Keys, headers and paths."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local.emulator.server import Emulator, start_emulator

Refused = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic a2V5", "key"])
def test_a_request_without_a_key_gets_401(emulator: Emulator, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(f"{emulator.url}/models", headers=headers)
    assert answer.status_code == 401
    assert "didn't provide an API key" in answer.json()["error"]["message"]


def test_the_key_wrong_gets_401_and_is_not_repeated(emulator: Emulator) -> None:
    answer = httpx.get(f"{emulator.url}/models", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert "wrong" not in answer.text


def test_any_other_key_is_accepted(emulator: Emulator) -> None:
    assert httpx.get(f"{emulator.url}/models", headers={"Authorization": "Bearer x"}).status_code == 200


@pytest.mark.parametrize(("key", "status"), [("right", 200), ("other", 401)])
def test_only_the_configured_key_is_accepted(key: str, status: int) -> None:
    with start_emulator(key="right") as emulator:
        answer = httpx.get(f"{emulator.url}/models", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/models", "/nothing", "/conversations/conv_0"])
def test_every_answer_has_a_request_id_and_its_time(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert re.fullmatch(r"req_[0-9a-f]{32}", headers["x-request-id"])
    assert headers["openai-processing-ms"].isdigit()


@pytest.mark.parametrize("path", ["/nothing", "/agents/", "/chat/completions", "/conversations/a/b/c/d"])
def test_an_unknown_path_is_404_in_openais_shape(refused: Refused, path: str) -> None:
    assert "Invalid URL" in refused(path, status=404, method="GET")["message"]


def test_an_unknown_method_is_405_in_openais_shape(refused: Refused) -> None:
    refused("/models", status=405, method="DELETE")


@pytest.mark.parametrize("path", ["/assistants", "/assistants/asst_1", "/threads", "/threads/t/runs/r"])
def test_the_assistants_api_is_gone(refused: Refused, path: str) -> None:
    assert "shut down" in refused(path, {}, status=404)["message"]


def test_the_models_are_listed(http: httpx.Client) -> None:
    assert "gpt-6-luna" in [model["id"] for model in http.get("/models").json()["data"]]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b'{"metadata": NaN}', b'{"x": "\\ud800"}', b"[" * 100_000, b"\xff"]
)
def test_a_body_that_is_no_json_object_is_refused(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/conversations", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_requests_and_connections_are_counted(fresh_emulator: Emulator) -> None:
    with httpx.Client(headers={"Authorization": "Bearer x"}) as kept_alive:
        kept_alive.get(f"{fresh_emulator.url}/models")
        kept_alive.post(f"{fresh_emulator.url}/conversations")
    assert fresh_emulator.requests == [("GET", "/v1/models"), ("POST", "/v1/conversations")]
    assert fresh_emulator.connections == 1
