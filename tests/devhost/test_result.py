"""The function's result in, HTTP out."""

import base64
from typing import Any

import httpx
import pytest

from local import devhost


def returned(client: httpx.Client, result: Any) -> httpx.Response:
    """The answer when main returns result."""
    return client.post("", json={"act": "return", "result": result})


def evaluated(client: httpx.Client, expression: str) -> httpx.Response:
    """The answer when main returns what no JSON could have brought in."""
    return client.post("", json={"act": "evaluate", "expression": expression})


def test_status_headers_and_body_go_out(client: httpx.Client) -> None:
    answer = returned(client, {"statusCode": 202, "headers": {"Retry-After": 1}, "body": {"a": "é"}})
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (202, "1", {"a": "é"})
    assert answer.headers["content-type"] == "application/json"


def test_list_body_is_json(client: httpx.Client) -> None:
    assert returned(client, {"body": [1, None]}).json() == [1, None]


def test_text_body_is_html_unless_told(client: httpx.Client) -> None:
    answer = returned(client, {"body": "hällo"})
    assert (answer.text, answer.headers["content-type"]) == ("hällo", "text/html; charset=UTF-8")


def test_text_body_with_the_type_json_goes_out_as_it_is(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert returned(client, {"headers": headers, "body": '{"a": 1}'}).json() == {"a": 1}


def test_text_body_of_a_binary_type_is_base64(client: httpx.Client) -> None:
    text = base64.b64encode(b"\x00\xff").decode()
    answer = returned(client, {"headers": {"content-type": "image/png"}, "body": text})
    assert (answer.content, answer.headers["content-type"]) == (b"\x00\xff", "image/png")
    assert (
        returned(client, {"headers": {"content-type": "image/png"}, "body": "no base64!"}).status_code == 400
    )


def test_json_body_under_another_type_is_refused(client: httpx.Client) -> None:
    assert returned(client, {"headers": {"content-type": "text/plain"}, "body": {"a": 1}}).status_code == 400


@pytest.mark.parametrize("result", [{}, {"body": ""}, {"body": None}])
def test_no_body_is_204(client: httpx.Client, result: dict[str, Any]) -> None:
    answer = returned(client, result)
    assert (answer.status_code, answer.content) == (204, b"")


def test_list_of_header_values_is_repeated(client: httpx.Client) -> None:
    answer = returned(client, {"headers": {"X-Many": ["a", "b"], "X-Yes": True}, "body": "x"})
    assert answer.headers.get_list("x-many") == ["a", "b"]
    assert answer.headers["x-yes"] == "true"


def test_line_break_in_a_header_makes_no_second_header(client: httpx.Client) -> None:
    answer = returned(client, {"headers": {"X-One": "a\r\nX-Two: b"}, "body": "x"})
    assert "x-two" not in answer.headers


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 99, "body": "x"},
        {"statusCode": 600, "body": "x"},
        {"statusCode": "many", "body": "x"},
        {"statusCode": True, "body": "x"},
        {"headers": ["a"], "body": "x"},
        {"headers": {"bad name": "x"}, "body": "x"},
        {"headers": {"x": {"y": 1}}, "body": "x"},
        [1, 2],
    ],
)
def test_result_that_is_no_web_response_is_400(client: httpx.Client, result: Any) -> None:
    assert returned(client, result).status_code == 400


@pytest.mark.parametrize(
    "expression",
    [
        "1 / 0",
        "'text'",
        "None",
        "{'body': {1, 2}}",
        "{'body': b'bytes'}",
        "{'body': float('nan')}",
        "{'body': '\\ud800'}",
        "{'error': 'told by the function'}",
        "sys.exit(1)",
        "os.kill(os.getpid(), 9)",
    ],
)
def test_what_the_platform_cannot_take_is_an_opaque_502(client: httpx.Client, expression: str) -> None:
    answer = evaluated(client, expression)
    assert answer.status_code == 502
    assert answer.json()["error"] == "There was an error processing your request."
    assert client.get("").status_code == 200, "the next call finds a working process"


def test_result_of_one_megabyte_goes_out_and_one_byte_more_does_not(client: httpx.Client) -> None:
    overhead = len('{"body":""}')
    assert (
        len(evaluated(client, f"{{'body': 'x' * ({1 << 20} - {overhead})}}").content) == (1 << 20) - overhead
    )
    assert evaluated(client, f"{{'body': 'x' * ({1 << 20} - {overhead} + 1)}}").status_code == 502


def test_dot_json_answers_the_whole_result(host: devhost.Host, client: httpx.Client) -> None:
    sent = {"act": "return", "result": {"statusCode": 404, "body": {"a": 1}}}
    answer = client.post(f"{host.url}.json", json=sent)
    assert (answer.status_code, answer.json()) == (200, sent["result"])
    assert client.post(f"{host.url}.http", json=sent).status_code == 404


def test_head_is_answered_without_a_body(client: httpx.Client) -> None:
    answer = client.head("")
    assert (answer.status_code, answer.content) == (200, b"")
