"""HTTP in, the function's event out."""

import base64
import json
from typing import Any

import httpx
import pytest

from local import devhost


def event_of(answer: httpx.Response) -> dict[str, Any]:
    """The event that the function got, without what the platform tells."""
    assert answer.status_code == 200, answer.text
    event: dict[str, Any] = answer.json()["event"]
    return {key: value for key, value in event.items() if key != "http"}


def http_of(answer: httpx.Response) -> dict[str, Any]:
    """The event's http key."""
    http: dict[str, Any] = answer.json()["event"]["http"]
    return http


def test_query_values_are_strings(client: httpx.Client) -> None:
    assert event_of(client.get("?a=1&b=true&c=&d=x+y%2Bz")) == {"a": "1", "b": "true", "c": "", "d": "x y+z"}


def test_last_of_a_repeated_query_key_wins(client: httpx.Client) -> None:
    assert event_of(client.get("?a=1&a=2")) == {"a": "2"}


def test_json_body_keeps_its_types(client: httpx.Client) -> None:
    sent = {"a": 1, "b": [True, None], "c": {"d": 1.5}, "e": "é"}
    assert event_of(client.post("", json=sent)) == sent


def test_json_subtype_is_json(client: httpx.Client) -> None:
    headers = {"content-type": "application/vnd.api+json; charset=utf-8"}
    assert event_of(client.post("", content=b'{"a":1}', headers=headers)) == {"a": 1}


def test_form_values_are_strings_and_the_last_wins(client: httpx.Client) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert event_of(client.post("", content=b"a=1&a=2&b=", headers=headers)) == {"a": "2", "b": ""}


def test_body_wins_over_query(client: httpx.Client) -> None:
    assert event_of(client.post("?a=query&b=query", json={"a": "body"})) == {"a": "body", "b": "query"}


@pytest.mark.parametrize("value", [[1, 2], "text", 5, None])
def test_json_that_is_no_object_is_the_body(client: httpx.Client, value: Any) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post("?a=1", content=json.dumps(value), headers=headers)
    assert event_of(answer) == {"a": "1"}
    assert http_of(answer)["body"] == value


def test_text_is_the_body(client: httpx.Client) -> None:
    http = http_of(client.post("", content="grüß", headers={"content-type": "text/plain; charset=utf-8"}))
    assert (http["body"], http["isBase64Encoded"]) == ("grüß", False)


@pytest.mark.parametrize("headers", [{"content-type": "application/octet-stream"}, {}])
def test_bytes_are_the_body_as_base64(client: httpx.Client, headers: dict[str, str]) -> None:
    http = http_of(client.post("", content=b"\x00\xff", headers=headers))
    assert (base64.b64decode(http["body"]), http["isBase64Encoded"]) == (b"\x00\xff", True)


@pytest.mark.parametrize("body", [b"{", b'{"a": NaN}', b"\xff", b"[" * 200_000])
def test_malformed_json_is_400(client: httpx.Client, body: bytes) -> None:
    answer = _post(client, body)
    assert answer.status_code == 400
    assert "malformed" in answer.json()["error"]


@pytest.mark.parametrize("name", ["http", "__ow_method", "__ow_headers", "__ow_path", "__ow_body", "SETTING"])
def test_reserved_name_is_400(client: httpx.Client, name: str) -> None:
    assert client.get("", params={name: "x"}).status_code == 400
    assert client.post("", json={name: "x"}).status_code == 400


def test_header_names_are_lower_case_and_repeats_are_joined(client: httpx.Client) -> None:
    headers = http_of(client.get("", headers=[("X-One", "a"), ("x-one", "b"), ("Authorization", "Bearer T")]))
    assert headers["headers"]["x-one"] == "a, b"
    assert headers["headers"]["authorization"] == "Bearer T"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_method_is_told(client: httpx.Client, method: str) -> None:
    assert http_of(client.request(method, ""))["method"] == method


def test_path_is_what_follows_the_name_still_encoded(host: devhost.Host, client: httpx.Client) -> None:
    assert http_of(client.get(host.url))["path"] == ""
    assert http_of(client.get(f"{host.url}/a%20b/c"))["path"] == "/a%20b/c"


def test_lone_surrogate_arrives_as_a_question_mark(client: httpx.Client) -> None:
    assert event_of(_post(client, b'{"a": "\\ud800"}')) == {"a": "?"}


def _post(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("", content=body, headers={"content-type": "application/json"})
