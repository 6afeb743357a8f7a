"""Errors: upstream's as v2's, and answers that are none."""

from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, APIStatusError, APITimeoutError

from assistants_transport import AssistantsTransport
from tests.transport.fakes import (
    CONVERSATION,
    connect_fake,
    fake_answers,
    make_agent,
    make_page,
    make_response,
    refuse_all,
    send_raw,
)

HEADERS = {"Retry-After": "7", "x-request-id": "req_1", "openai-processing-ms": "3", "set-cookie": "a=b"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529])
def test_upstreams_errors_keep_status_code_and_headers(status: int) -> None:
    error = {"message": "Conversation with id 'conv_1' not found.", "type": "t", "param": "p", "code": "c"}
    upstream, _ = fake_answers(httpx2.Response(status, json={"error": error}, headers=HEADERS))
    with connect_fake(upstream) as client, pytest.raises(APIStatusError) as told:
        client.beta.threads.retrieve("thread_1")
    assert told.value.status_code == status
    assert told.value.request_id == "req_1"
    assert told.value.response.headers["retry-after"] == "7"
    assert "set-cookie" not in told.value.response.headers
    assert told.value.body == error | {"message": "Thread with id 'thread_1' not found."}


NO_ERROR_OBJECTS = [
    b"",
    b"<html>Bad gateway</html>",
    b"null",
    b"[]",
    b'"x"',
    b'{"error": "x"}',
    b'{"error": []}',
    b"\xff\xfe{",
]


@pytest.mark.parametrize("body", NO_ERROR_OBJECTS)
def test_an_error_without_an_error_object_keeps_its_status(body: bytes) -> None:
    upstream, _ = fake_answers(httpx2.Response(503, content=body, headers={"Retry-After": "2"}))
    answer = send_raw(upstream, "GET", "/threads/thread_1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["error"] == {
        "message": "OpenAI answered 503 without saying why.",
        "type": "server_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize("message", [None, 5, ["x"], {}])
def test_a_message_of_another_type_is_no_crash(message: Any) -> None:
    upstream, _ = fake_answers(httpx2.Response(500, json={"error": {"message": message}}))
    assert isinstance(send_raw(upstream, "GET", "/threads/thread_1").json()["error"]["message"], str)


LOCKED = {"code": "conversation_locked", "message": "Another process is operating on it (conv_1)."}
UNANSWERED = {"code": None, "message": "No tool output found for function call call_1."}


@pytest.mark.parametrize("error", [LOCKED, UNANSWERED], ids=["locked", "unanswered"])
@pytest.mark.parametrize("path", ["/threads/thread_1/messages", "/threads/thread_1/runs"])
def test_a_conversation_that_is_not_free_is_v2s_active_run(error: Any, path: str) -> None:
    refused = httpx2.Response(400, json={"error": error}, headers=HEADERS)
    is_run = path.endswith("runs")
    nobody_knows = [{"id": "conv_1", "metadata": {}}, make_page()]
    upstream, _ = fake_answers(*([make_agent()] if is_run else []), refused, *nobody_knows)
    body = {"assistant_id": "asst_1"} if is_run else {"role": "user", "content": "x"}
    answer = send_raw(upstream, "POST", path, body)
    assert (answer.status_code, answer.headers["x-request-id"]) == (400, "req_1")
    assert answer.json()["error"]["message"] == (
        "Thread thread_1 already has an active run."
        if is_run
        else "Can't add messages to thread_1 while a run is active."
    )


PATHS = [
    "/assistants",
    "/assistants/asst_1",
    "/threads/thread_1",
    "/threads/thread_1/messages",
    "/threads/thread_1/messages/msg_1",
    "/threads/thread_1/messages?run_id=run_1",
    "/threads/thread_1/runs/run_1",
]


NONSENSE = [b"", b"<html>", b"null", b"[]", b"5", b"\xff", b"[" * 99999]
OTHER_SHAPES = [b"{}", b'{"data": 5}', b'{"data": [5]}', b'{"id": 5}']


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", NONSENSE, ids=range(7))
def test_an_answer_that_is_no_json_object_is_a_decoding_error(path: str, body: bytes) -> None:
    with pytest.raises(httpx2.DecodingError):
        send_raw(fake_answers(httpx2.Response(200, content=body))[0], "GET", path)


@pytest.mark.parametrize("path", [one for one in PATHS if "run" not in one])
@pytest.mark.parametrize("body", OTHER_SHAPES)
def test_an_answer_of_another_shape_is_a_decoding_error(path: str, body: bytes) -> None:
    with pytest.raises(httpx2.DecodingError):
        send_raw(fake_answers(httpx2.Response(200, content=body))[0], "GET", path)


def test_the_sdk_takes_nonsense_for_a_connection_error() -> None:
    with (
        connect_fake(fake_answers(httpx2.Response(200, text="<html>"))[0]) as client,
        pytest.raises(APIConnectionError),
    ):
        client.beta.threads.retrieve("thread_1")


def test_a_created_message_that_is_not_shown_is_nonsense() -> None:
    with pytest.raises(httpx2.DecodingError):
        send_raw(
            fake_answers(make_page())[0],
            "POST",
            "/threads/thread_1/messages",
            {"role": "user", "content": "x"},
        )


@pytest.mark.parametrize(
    "changes", [{"output": None}, {"output": [5]}, {"status": None, "output": 5}, {"created_at": "x"}]
)
def test_a_response_of_another_shape_is_nonsense(changes: dict[str, Any]) -> None:
    with pytest.raises(httpx2.DecodingError):
        send_raw(
            fake_answers(make_response(**changes), CONVERSATION)[0], "GET", "/threads/thread_1/runs/run_1"
        )


@pytest.mark.parametrize("failure", [httpx2.ConnectError, httpx2.ReadTimeout, httpx2.RemoteProtocolError])
def test_a_failing_network_is_told_as_it_is(failure: type[httpx2.TransportError]) -> None:
    def broken(_: httpx2.Request) -> httpx2.Response:
        raise failure("broken")

    wanted = APITimeoutError if failure is httpx2.ReadTimeout else APIConnectionError
    with connect_fake(broken) as client, pytest.raises(wanted) as told:
        client.beta.threads.create()
    assert isinstance(told.value.__cause__, failure)


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 99999], ids=range(6))
def test_a_body_that_is_no_json_object_is_refused(content: bytes) -> None:
    with httpx2.Client(transport=AssistantsTransport(httpx2.MockTransport(refuse_all))) as plain:
        answer = plain.post("https://openai.test/v1/threads", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
