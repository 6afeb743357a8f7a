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
from local.emulator.server import Emulator
from tests.backends import Backend, LosingTransport, pick_first
from tests.invoke import Json

FUNCTION = Path(__file__).parents[3] / "packages/v1/openai"
MESSAGES = {"responses": "/items", "native": "/messages"}
RUNS = {"responses": "/responses", "native": "/runs"}
PAIRS = {f"k{number}": "v" for number in range(16)}


def read_metadata(backend: Backend, thread: str) -> dict[str, str]:
    """Returns the conversation's metadata as the emulator has stored it."""
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:
        found = client.get(f"{backend.emulator.url}/conversations/{thread.replace('thread_', 'conv_')}")
    metadata: dict[str, str] = found.json()["metadata"]
    return metadata


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


# ---------------------------------------------------------------- where the notes are


def test_the_notes_are_hidden_and_survive_an_update(backend: Backend) -> None:
    thread = backend.thread(metadata={"user": "u1"})
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    backend.data(**send)
    assert backend.data(action="get-thread", threadId=thread)["metadata"] == {"user": "u1"}
    assert read_metadata(backend, thread).keys() == {"user", "requests_0"}
    changed = backend.data(action="update-thread", threadId=thread, metadata={"user": "u2"})
    assert changed["metadata"] == {"user": "u2"}
    assert backend.data(action="update-thread", threadId=thread, metadata={})["metadata"] == {}
    backend.data(**send)
    assert backend.texts(thread) == ["hi"]


@pytest.mark.parametrize("action", ["create-thread", "update-thread", "create-assistant"])
def test_the_notes_names_are_not_the_callers(backend: Backend, action: str) -> None:
    needed = {"update-thread": {"threadId": "thread_1"}, "create-assistant": {"name": "a"}}
    answer = backend.call(action=action, **needed.get(action, {}), metadata={"requests_0": "x"})
    assert answer["statusCode"] == 400
    assert answer["body"]["error"] == "metadata.requests_0 is reserved: keys must not begin with requests_"


@pytest.mark.parametrize("resources", [None, {"file_search": {"vector_store_ids": ["vs_1"]}}])
def test_full_metadata_leaves_no_place_for_a_note_and_says_so(
    backend: Backend, resources: Json | None
) -> None:
    full = dict(list(PAIRS.items())[: 15 if resources else 16])
    thread = backend.thread(metadata=full, toolResources=resources)
    send = {"action": "send-message", "threadId": thread, "message": "hi"}
    refused = backend.call(**send, requestId="a")
    assert refused["statusCode"] == 400
    assert "requestId needs a free pair" in refused["body"]["error"]
    assert backend.texts(thread) == []
    backend.data(**send)


def test_records_live_beside_full_metadata_and_many_files(backend: Backend) -> None:
    pairs = dict(list(PAIRS.items())[:14])
    files = {"code_interpreter": {"file_ids": [f"file-{number:024}" for number in range(20)]}}
    thread = backend.thread(metadata=pairs, toolResources=files)
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    assert backend.data(**send) == backend.data(**send)
    assert backend.texts(thread) == ["hi"]
    got = backend.data(action="get-thread", threadId=thread)
    assert (got["metadata"], got["toolResources"]) == (pairs, files)


def test_an_update_that_leaves_no_place_for_the_notes_is_refused(backend: Backend) -> None:
    thread = backend.thread()
    backend.data(action="send-message", threadId=thread, message="hi", requestId="a")
    answer = backend.call(action="update-thread", threadId=thread, metadata=PAIRS)
    assert answer["statusCode"] == 400
    assert answer["body"]["error"] == "metadata holds at most 15 pairs here: 1 record requestIds"
    assert backend.data(action="get-thread", threadId=thread)["metadata"] == {}


@pytest.mark.parametrize("callers", [0, 12])
def test_old_notes_make_room_for_new_ones(backend: Backend, callers: int) -> None:
    """The tool resources ride in the metadata too, and so leave less room."""
    metadata = dict(list(PAIRS.items())[:callers])
    thread = backend.thread(metadata=metadata, toolResources={"file_search": {"vector_store_ids": ["vs_1"]}})
    send = {"action": "send-message", "threadId": thread}
    for number in range(34):
        backend.data(**send, message=f"m{number}", requestId=f"id{number}")
    assert backend.data(action="get-thread", threadId=thread)["metadata"] == metadata
    for number in range(26, 34):
        backend.data(**send, message=f"m{number}", requestId=f"id{number}")
    assert backend.texts(thread) == [f"m{number}" for number in range(34)]


def test_a_pair_of_another_program_is_no_note(backend: Backend) -> None:
    thread = backend.thread()
    foreign = {"requests_today": "5", "requests_0": "a/b nonsense 1/2/3/4/5"}
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:
        path = f"{backend.emulator.url}/conversations/{thread.replace('thread_', 'conv_')}"
        client.post(path, json={"metadata": foreign}).raise_for_status()
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    assert backend.data(**send) == backend.data(**send)
    assert backend.data(action="get-thread", threadId=thread)["metadata"] == {"requests_today": "5"}


@pytest.mark.parametrize("request_id", ["", "a b", "a/b", "x" * 129, 5, ["a"], "ü"])
def test_a_request_id_is_an_id(backend: Backend, request_id: object) -> None:
    answer = backend.call(action="send-message", threadId="thread_1", message="hi", requestId=request_id)
    assert answer["statusCode"] == 400
    assert answer["body"]["error"].startswith("requestId must be an id")


# ---------------------------------------------------------------- two processes


@pytest.fixture(scope="module")
def processes(openai_at_home: Emulator) -> Iterator[list[Callable[..., Json]]]:
    """Two processes with the function, before the same upstream."""
    settings = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": openai_at_home.url}
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
    assert first(**ask)["data"] == second(**ask)["data"]
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


def test_a_double_click_runs_once(processes: list[Callable[..., Json]]) -> None:
    first = processes[0]
    ids = {
        "threadId": first(action="create-thread")["threadId"],
        "assistantId": first(action="create-assistant", name="a")["data"]["assistantId"],
    }
    ask = {"action": "chat", **ids, "message": "/wait 0.5\n/say yes", "requestId": "a"}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda call: call(**ask), processes))
    assert [one["response"] for one in answers if one["success"]], answers
    assert all(
        one["success"] or one["error"].startswith("the thread has an active run") for one in answers
    ), answers
    assert [call(**ask)["response"] for call in processes] == ["yes", "yes"]
    listed = first(action="list-messages", threadId=ids["threadId"])["data"]["messages"]
    assert [one["content"] for one in listed] == [ask["message"], "yes"]


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


@pytest.mark.parametrize("nth", range(8))
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


@pytest.mark.parametrize("nth", range(11))
def test_a_message_that_is_taken_back_meanwhile_does_not_hide_the_run(backend: Backend, nth: int) -> None:
    thread, taken_back = backend.thread(), list[str]()
    ask = {"action": "chat", "threadId": thread, "message": "/say yes", "requestId": "a"}
    ask["assistantId"] = backend.assistant()
    items = f"{backend.emulator.url}/conversations/{thread.replace('thread_', 'conv_')}/items"
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:

        def send() -> None:
            twin = {"type": "message", "role": "user", "content": "a twin's"}
            taken_back.append(client.post(items, json={"items": [twin]}).json()["data"][0]["id"])

        transport = LosingTransport(pick_first("POST", RUNS[backend.name]), interrupt_before(nth, send))
        backend.function(transport=transport)(**ask)
        for message in taken_back:
            client.delete(f"{items}/{message}")
    response = backend.data(**ask)["response"]  # to whichever message came last
    assert backend.texts(thread) == ["/say yes", response]


@pytest.mark.parametrize("nth", [0, 1, 4, 5, 6])
def test_another_request_that_comes_in_between_is_not_forgotten(
    backend: Backend, processes: list[Callable[..., Json]], nth: int
) -> None:
    """The numbers left out are the moments right before a note is written, which overwrites the other."""
    thread = backend.thread()
    send = {"action": "send-message", "threadId": thread}
    mine, other = {"message": "mine", "requestId": "a"}, {"message": "other", "requestId": "b"}
    transport = interrupt_before(nth, lambda: processes[0](**send, **other))
    assert backend.function(transport=transport)(**send, **mine)["statusCode"] == 200
    for again in (mine, other):
        backend.data(**send, **again)
    assert sorted(backend.texts(thread)) == ["mine", "other"]
