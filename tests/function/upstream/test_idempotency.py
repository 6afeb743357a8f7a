"""requestId: the same id within the same thread does the work once, however often the call is repeated."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import httpx2
import pytest

from local import devhost
from tests.backends import Backend, LosingTransport, function_tool, pick_first
from tests.invoke import FakeClock, Json

FUNCTION = Path(__file__).parents[3] / "packages/v1/openai"
MESSAGES = {"responses": "/items", "native": "/messages"}
RUNS = {"responses": "/responses", "native": "/runs"}


def test_a_repeated_message_is_the_same_message(backend: Backend) -> None:
    thread = backend.thread()
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    answers = [backend.data(**send) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert backend.texts(thread) == ["hi"]


def test_another_id_or_none_sends_again(backend: Backend) -> None:
    thread = backend.thread()
    send = {"action": "send-message", "threadId": thread, "message": "hi"}
    ids = {backend.data(**send, **more)["messageId"] for more in ({"requestId": "a"}, {"requestId": "b"}, {})}
    assert len(ids) == 3
    assert backend.texts(thread) == ["hi"] * 3


def test_the_same_id_in_another_thread_is_another_request(backend: Backend) -> None:
    for thread in (backend.thread(), backend.thread()):
        backend.data(action="send-message", threadId=thread, message="hi", requestId="a")
        assert backend.texts(thread) == ["hi"]


@pytest.mark.parametrize("action", ["run-assistant", "chat"])
def test_a_repeated_turn_is_the_same_run(backend: Backend, action: str) -> None:
    thread = backend.thread()
    ask = {"action": action, "threadId": thread, "assistantId": backend.assistant(), "message": "/say yes"}
    answers = [backend.data(**ask, requestId="a") for _ in range(3)]
    assert len({one["runId"] for one in answers}) == 1
    assert [one["response"] for one in answers] == ["yes"] * 3
    assert backend.texts(thread) == ["/say yes", "yes"]


def test_a_repeated_run_that_failed_is_not_run_again(backend: Backend) -> None:
    thread = backend.thread()
    ask = {
        "action": "chat",
        "threadId": thread,
        "assistantId": backend.assistant(),
        "message": "/fail server_error",
    }
    runs = [backend.call(**ask, requestId="a") for _ in range(2)]
    assert [one["statusCode"] for one in runs] == [502, 502]
    assert len({one["body"]["data"]["runId"] for one in runs}) == 1
    assert backend.texts(thread) == ["/fail server_error"]


def test_a_repeated_turn_goes_on_waiting_for_its_run(backend: Backend) -> None:
    ids = {"threadId": backend.thread(), "assistantId": backend.assistant()}
    ask = {"action": "chat", **ids, "message": "/wait 0.3\n/say late", "requestId": "a"}
    assert backend.call(**ask, wait=0)["statusCode"] == 202
    assert backend.data(**ask)["response"] == "late"
    assert backend.texts(ids["threadId"]) == ["/wait 0.3\n/say late", "late"]


def lose_answer(backend: Backend, method: str, path_end: str, **params: object) -> Json:
    """Calls while the first answer to such a request does not arrive."""
    return backend.function(transport=LosingTransport(pick_first(method, path_end)))(**params)


def test_a_message_whose_answer_was_lost_is_found(backend: Backend) -> None:
    thread = backend.thread()
    backend.data(action="send-message", threadId=thread, message="hi")  # the same words, another request
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    first = lose_answer(backend, "POST", MESSAGES[backend.name], **send)
    assert first["statusCode"] in (200, 502)
    again = backend.data(**send)
    assert backend.data(**send) == again
    assert backend.texts(thread) == ["hi", "hi"]


def test_a_run_whose_answer_was_lost_is_found_by_what_it_wrote(backend: Backend) -> None:
    thread = backend.thread()
    ask = {"action": "chat", "threadId": thread, "assistantId": backend.assistant(), "requestId": "a"}
    first = lose_answer(backend, "POST", RUNS[backend.name], **ask, message="/wait 0.3\n/say yes")
    assert first["statusCode"] == 502
    again = backend.data(**ask, message="/wait 0.3\n/say yes")
    assert (again["response"], again["status"], again["threadId"]) == ("yes", "completed", thread)
    assert backend.texts(thread) == ["/wait 0.3\n/say yes", "yes"]


def test_a_lost_run_with_json_is_parsed_too(backend: Backend) -> None:
    ids = {"threadId": backend.thread(), "assistantId": backend.assistant(), "message": "/say yes"}
    ask = {"action": "chat", **ids, "requestId": "a", "responseFormat": "json_object"}
    lose_answer(backend, "POST", RUNS[backend.name], **ask)
    assert backend.data(**ask)["parsed"] == {"echo": "yes"}


def test_a_run_whose_answer_was_lost_can_be_named_and_cancelled(backend: Backend) -> None:
    ids = {"threadId": backend.thread(), "assistantId": backend.assistant(tools=[function_tool("f")])}
    ask = {"action": "chat", **ids, "message": "/call f {}", "requestId": "a"}
    assert lose_answer(backend, "POST", RUNS[backend.name], **ask)["statusCode"] == 502
    found = backend.data(**ask)
    assert found["status"] == "requires_action"
    assert [call["name"] for call in found["toolCalls"]] == ["f"]
    cancel = {"action": "cancel-run", "threadId": ids["threadId"], "runId": found["runId"]}
    assert backend.data(**cancel)["status"] == "cancelled"
    assert backend.data(action="chat", **ids, message="/say free")["response"] == "free"


# ---------------------------------------------------------------- what it takes, and how long it is known


def test_the_threads_metadata_is_left_alone(backend: Backend) -> None:
    full = {f"k{number}": "v" for number in range(16)}
    thread = backend.thread(metadata=full)
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    assert backend.data(**send) == backend.data(**send)
    assert backend.data(action="get-thread", threadId=thread)["metadata"] == full
    assert backend.texts(thread) == ["hi"]


def test_an_id_costs_two_requests(backend: Backend) -> None:
    thread, assistant = backend.thread(), backend.assistant()
    backend.data(action="get-assistant", assistantId=assistant)
    for call in (
        {"action": "send-message", "message": "hi"},
        {"action": "run-assistant", "message": "hi", "assistantId": assistant},
        {"action": "run-assistant", "assistantId": assistant},
        {"action": "chat", "message": "hi", "assistantId": assistant},
    ):
        counts = []
        for more in ({}, {"requestId": f"{call['action']}-{len(call)}"}):
            already = len(backend.requests)
            backend.data(**call, **more, threadId=thread)
            counts.append(backend.requests[already:])
        assert len(counts[1]) <= len(counts[0]) + 2, counts


def test_the_requests_of_the_last_messages_are_known(backend: Backend) -> None:
    thread = backend.thread()
    send = {"action": "send-message", "threadId": thread}
    sent = [backend.data(**send, message=f"m{n}", requestId=f"id{n}") for n in range(24)]
    for number in range(4, 24):
        assert backend.data(**send, message=f"m{number}", requestId=f"id{number}") == sent[number]
    assert backend.texts(thread) == [f"m{number}" for number in range(24)]


def test_an_id_is_for_one_message(backend: Backend) -> None:
    send = {"action": "send-message", "threadId": backend.thread(), "requestId": "a"}
    backend.data(**send, message="hi")
    answer = backend.call(**send, message="ho")
    assert answer["statusCode"] == 400
    assert "was used for another message of this thread" in answer["body"]["error"]
    assert backend.texts(str(send["threadId"])) == ["hi"]


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize("text", ["hi", "hi \u2764\ufe0f", "hi\u2063" + "\ufe01" * 8, '{"a": 1}'])
def test_the_words_are_those_that_were_sent(backend: Backend, role: str, text: str) -> None:
    thread = backend.thread()
    send = {"action": "send-message", "threadId": thread, "message": text, "role": role}
    for more in ({}, {"requestId": "a"}, {"requestId": "a"}):
        assert backend.data(**send, **more)["content"] == text
    assert backend.texts(thread) == [text, text]


def test_what_a_model_repeats_of_a_message_is_no_message_of_its_request(backend: Backend) -> None:
    thread, assistant = backend.thread(), backend.assistant()
    send = {"action": "send-message", "threadId": thread, "message": "/say hi", "requestId": "a"}
    sent = backend.data(**send)
    backend.data(action="run-assistant", threadId=thread, assistantId=assistant)
    assert backend.data(**send) == sent
    assert backend.texts(thread) == ["/say hi", "hi"]


def test_a_message_stays_where_its_run_is_refused_and_the_repeat_goes_on_from_it(backend: Backend) -> None:
    thread = backend.thread()
    ask = {"action": "chat", "threadId": thread, "assistantId": backend.assistant(), "message": "/say yes"}
    assert backend.call(**ask, requestId="a", model="gpt-4")["statusCode"] == 404
    assert backend.data(**ask, requestId="a")["response"] == "yes"
    assert backend.texts(thread) == ["/say yes", "yes"]


def test_a_thread_that_waits_for_outputs_is_told_at_once(backend: Backend) -> None:
    thread = backend.thread()
    ids = {"threadId": thread, "assistantId": backend.assistant(tools=[function_tool("f")])}
    waiting = backend.data(action="chat", **ids, message="/call f {}")
    clock = FakeClock()
    answer = backend.function(clock=clock)(action="run-assistant", **ids, requestId="a")
    assert answer["statusCode"] == 409
    assert answer["body"]["data"]["runId"] == waiting["runId"]
    assert clock.pauses == []


@pytest.mark.parametrize("request_id", ["", "a b", "a/b", "x" * 129, 5, ["a"], "ü"])
def test_a_request_id_is_an_id(backend: Backend, request_id: object) -> None:
    answer = backend.call(action="send-message", threadId="thread_1", message="hi", requestId=request_id)
    assert answer["statusCode"] == 400
    assert answer["body"]["error"].startswith("requestId must be an id")


# ---------------------------------------------------------------- two processes


@pytest.fixture(scope="module")
def processes(backend: Backend) -> Iterator[list[Callable[..., Json]]]:
    """Two processes with the function, before the same upstream."""
    settings = {"OPENAI_API_KEY": "k", **backend.settings}
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=60))
        urls = [
            stack.enter_context(devhost.serve(FUNCTION, settings, log=lambda _: None)).url for _ in range(2)
        ]

        def caller(url: str) -> Callable[..., Json]:
            def call(**params: object) -> Json:
                answer: Json = client.post(url, json=params).json()
                return answer

            return call

        yield [caller(url) for url in urls]


def test_another_process_knows_what_is_done(processes: list[Callable[..., Json]]) -> None:
    first, second = processes
    assistant = first(action="create-assistant", name="a")["data"]["assistantId"]
    thread = first(action="create-thread")["threadId"]
    ask = {
        "action": "chat",
        "threadId": thread,
        "assistantId": assistant,
        "message": "/say yes",
        "requestId": "a",
    }
    told, again = first(**ask)["data"], second(**ask)["data"]
    for one in (again, told, again["messages"][0], told["messages"][0]):
        one |= {"assistantId": None, "usage": None}  # a conversation does not tell them
    assert again == told
    listed = second(action="list-messages", threadId=thread)["data"]["messages"]
    assert [one["content"] for one in listed] == ["/say yes", "yes"]


def test_a_double_click_sends_one_message(processes: list[Callable[..., Json]]) -> None:
    for number in range(8):
        thread = processes[0](action="create-thread")["threadId"]
        send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": f"a{number}"}
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda call, send=send: call(**send), processes))
        listed = processes[0](action="list-messages", threadId=thread)["data"]["messages"]
        assert [one["content"] for one in listed] == ["hi"], json.dumps(answers)
        assert {one["data"]["messageId"] for one in answers} == {listed[0]["messageId"]}


@pytest.mark.parametrize("message", ["/say yes", "/wait 0.5\n/say yes"])
def test_both_callers_of_a_double_click_get_the_same_run(
    processes: list[Callable[..., Json]], message: str
) -> None:
    first = processes[0]
    ids = {
        "threadId": first(action="create-thread")["threadId"],
        "assistantId": first(action="create-assistant", name="a")["data"]["assistantId"],
    }
    ask = {"action": "chat", **ids, "message": message, "requestId": "a"}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda call: call(**ask), processes))
    assert [one["response"] for one in answers] == ["yes", "yes"], answers
    assert len({one["data"]["runId"] for one in answers}) == 1, answers
    listed = first(action="list-messages", threadId=ids["threadId"])["data"]["messages"]
    assert [one["content"] for one in listed] == [message, "yes"]


def test_another_process_takes_up_a_run_that_goes_on(processes: list[Callable[..., Json]]) -> None:
    first, second = processes
    ids = {
        "threadId": first(action="create-thread")["threadId"],
        "assistantId": first(action="create-assistant", name="a")["data"]["assistantId"],
    }
    ask = {"action": "chat", **ids, "message": "/wait 1\n/say late", "requestId": "a"}
    begun = first(**ask, wait=0)["data"]
    assert begun["status"] in ("queued", "in_progress")
    assert second(**ask, wait=0)["data"]["runId"] == begun["runId"]
    taken_up = second(action="get-run", threadId=ids["threadId"], runId=begun["runId"])
    assert taken_up["response"] == "late"


def interrupt_before(nth: int, meanwhile: Callable[[], object]) -> httpx2.BaseTransport:
    """Makes a transport that does something else before the nth request goes out."""
    inner, left = httpx2.HTTPTransport(), list(range(nth + 1))

    class InterruptedTransport(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            if left and left.pop() == 0:
                meanwhile()
            return inner.handle_request(request)

        def close(self) -> None:
            inner.close()

    return InterruptedTransport()


@pytest.mark.parametrize("nth", range(4))
def test_a_twin_that_comes_in_at_any_point_sends_no_second_message(
    backend: Backend, processes: list[Callable[..., Json]], nth: int
) -> None:
    thread = backend.thread()
    backend.data(action="send-message", threadId=thread, message="before")
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    answer = backend.function(transport=interrupt_before(nth, lambda: processes[0](**send)))(**send)
    assert answer["statusCode"] == 200
    assert backend.texts(thread) == ["before", "hi"]
    assert backend.data(**send)["messageId"] == answer["body"]["data"]["messageId"]


@pytest.mark.parametrize("nth", range(4))
def test_another_request_that_comes_in_between_is_not_forgotten(
    backend: Backend, processes: list[Callable[..., Json]], nth: int
) -> None:
    thread = backend.thread()
    send = {"action": "send-message", "threadId": thread}
    mine, other = {"message": "mine", "requestId": "a"}, {"message": "other", "requestId": "b"}
    transport = interrupt_before(nth, lambda: processes[0](**send, **other))
    assert backend.function(transport=transport)(**send, **mine)["statusCode"] == 200
    for again in (mine, other):
        backend.data(**send, **again)
    assert sorted(backend.texts(thread)) == ["mine", "other"]
