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
from tests.backends import Home, LosingWire, once_for
from tests.invoke import Json

FUNCTION = Path(__file__).parents[3] / "packages/v1/openai"
MESSAGES = {"responses": "/items", "native": "/messages"}
RUNS = {"responses": "/responses", "native": "/runs"}
PAIRS = {f"k{number}": "v" for number in range(16)}


def metadata_of(home: Home, thread: str) -> dict[str, str]:
    """The conversation's metadata as the upstream has it."""
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:
        found = client.get(f"{home.upstream}/conversations/{thread.replace('thread_', 'conv_')}")
    metadata: dict[str, str] = found.json()["metadata"]
    return metadata


def test_a_repeated_message_is_the_same_message(home: Home) -> None:
    thread = home.thread()
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    answers = [home.data(**send) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert home.texts(thread) == ["hi"]


def test_another_id_or_none_sends_again(home: Home) -> None:
    thread = home.thread()
    send = {"action": "send-message", "threadId": thread, "message": "hi"}
    ids = {home.data(**send, **more)["messageId"] for more in ({"requestId": "a"}, {"requestId": "b"}, {})}
    assert len(ids) == 3
    assert home.texts(thread) == ["hi"] * 3


def test_the_same_id_in_another_thread_is_another_request(home: Home) -> None:
    for thread in (home.thread(), home.thread()):
        home.data(action="send-message", threadId=thread, message="hi", requestId="a")
        assert home.texts(thread) == ["hi"]


@pytest.mark.parametrize("action", ["run-assistant", "chat"])
def test_a_repeated_turn_is_the_same_run(home: Home, action: str) -> None:
    thread = home.thread()
    ask = {"action": action, "threadId": thread, "assistantId": home.assistant(), "message": "/say yes"}
    answers = [home.data(**ask, requestId="a") for _ in range(3)]
    assert len({one["runId"] for one in answers}) == 1
    assert [one["response"] for one in answers] == ["yes"] * 3
    assert home.texts(thread) == ["/say yes", "yes"]


def test_a_repeated_run_that_failed_is_not_run_again(home: Home) -> None:
    thread = home.thread()
    ask = {
        "action": "chat",
        "threadId": thread,
        "assistantId": home.assistant(),
        "message": "/fail server_error",
    }
    runs = [home.call(**ask, requestId="a") for _ in range(2)]
    assert [one["statusCode"] for one in runs] == [502, 502]
    assert len({one["body"]["data"]["runId"] for one in runs}) == 1
    assert home.texts(thread) == ["/fail server_error"]


def test_a_repeated_turn_goes_on_waiting_for_its_run(home: Home) -> None:
    ids = {"threadId": home.thread(), "assistantId": home.assistant()}
    ask = {"action": "chat", **ids, "message": "/wait 0.3\n/say late", "requestId": "a"}
    assert home.call(**ask, wait=0)["statusCode"] == 202
    assert home.data(**ask)["response"] == "late"
    assert home.texts(ids["threadId"]) == ["/wait 0.3\n/say late", "late"]


def lost(home: Home, method: str, path_end: str, **params: object) -> Json:
    """A call one of whose answers does not arrive."""
    return home.function(wire=LosingWire(once_for(method, path_end)))(**params)


def test_a_message_whose_answer_was_lost_is_found(home: Home) -> None:
    thread = home.thread()
    home.data(action="send-message", threadId=thread, message="hi")  # the same words, another request
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    first = lost(home, "POST", MESSAGES[home.backend], **send)
    assert first["statusCode"] in (200, 502)
    again = home.data(**send)
    assert home.data(**send) == again
    assert home.texts(thread) == ["hi", "hi"]


def test_a_run_whose_answer_was_lost_is_found_by_what_it_wrote(home: Home) -> None:
    thread = home.thread()
    ask = {"action": "chat", "threadId": thread, "assistantId": home.assistant(), "requestId": "a"}
    first = lost(home, "POST", RUNS[home.backend], **ask, message="/wait 0.3\n/say yes")
    assert first["statusCode"] == 502
    again = home.data(**ask, message="/wait 0.3\n/say yes")
    assert (again["response"], again["status"], again["threadId"]) == ("yes", "completed", thread)
    assert home.texts(thread) == ["/wait 0.3\n/say yes", "yes"]


def test_a_lost_run_with_json_is_parsed_too(home: Home) -> None:
    ids = {"threadId": home.thread(), "assistantId": home.assistant(), "message": "/say yes"}
    ask = {"action": "chat", **ids, "requestId": "a", "responseFormat": "json_object"}
    lost(home, "POST", RUNS[home.backend], **ask)
    assert home.data(**ask)["parsed"] == {"echo": "yes"}


@pytest.mark.parametrize("nth", range(4))
def test_whichever_answer_is_lost_a_repeat_does_it_once(home: Home, nth: int) -> None:
    thread, left = home.thread(), list(range(nth + 1))

    def changes(request: httpx2.Request) -> bool:
        return request.method != "GET" and bool(left) and left.pop() == 0

    ask = {"action": "chat", "threadId": thread, "assistantId": home.assistant(), "message": "/say yes"}
    home.function(wire=LosingWire(changes))(**ask, requestId="a")
    for _ in range(2):
        assert home.data(**ask, requestId="a")["response"] == "yes"
    assert home.texts(thread) == ["/say yes", "yes"]


# ---------------------------------------------------------------- where the notes are


def test_the_notes_are_hidden_and_survive_an_update(home: Home) -> None:
    thread = home.thread(metadata={"user": "u1"})
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    home.data(**send)
    assert home.data(action="get-thread", threadId=thread)["metadata"] == {"user": "u1"}
    assert metadata_of(home, thread).keys() == {"user", "requests_0"}
    changed = home.data(action="update-thread", threadId=thread, metadata={"user": "u2"})
    assert changed["metadata"] == {"user": "u2"}
    assert home.data(action="update-thread", threadId=thread, metadata={})["metadata"] == {}
    home.data(**send)
    assert home.texts(thread) == ["hi"]


@pytest.mark.parametrize("action", ["create-thread", "update-thread", "create-assistant"])
def test_the_notes_names_are_not_the_callers(home: Home, action: str) -> None:
    needed = {"update-thread": {"threadId": "thread_1"}, "create-assistant": {"name": "a"}}
    answer = home.call(action=action, **needed.get(action, {}), metadata={"requests_0": "x"})
    assert answer["statusCode"] == 400
    assert answer["body"]["error"] == "metadata.requests_0 is reserved: keys must not begin with requests_"


@pytest.mark.parametrize("resources", [None, {"file_search": {"vector_store_ids": ["vs_1"]}}])
def test_full_metadata_leaves_no_place_for_a_note_and_says_so(home: Home, resources: Json | None) -> None:
    full = dict(list(PAIRS.items())[: 15 if resources else 16])
    thread = home.thread(metadata=full, toolResources=resources)
    send = {"action": "send-message", "threadId": thread, "message": "hi"}
    refused = home.call(**send, requestId="a")
    assert refused["statusCode"] == 400
    assert "requestId needs a free pair" in refused["body"]["error"]
    assert home.texts(thread) == []
    home.data(**send)


def test_an_update_that_leaves_no_place_for_the_notes_is_refused(home: Home) -> None:
    thread = home.thread()
    home.data(action="send-message", threadId=thread, message="hi", requestId="a")
    answer = home.call(action="update-thread", threadId=thread, metadata=PAIRS)
    assert answer["statusCode"] == 400
    assert answer["body"]["error"] == "metadata holds at most 15 pairs here: 1 note requestIds"
    assert home.data(action="get-thread", threadId=thread)["metadata"] == {}


@pytest.mark.parametrize("callers", [0, 12])
def test_old_notes_make_room_for_new_ones(home: Home, callers: int) -> None:
    """With tool resources, which ride in the metadata too."""
    metadata = dict(list(PAIRS.items())[:callers])
    thread = home.thread(metadata=metadata, toolResources={"file_search": {"vector_store_ids": ["vs_1"]}})
    send = {"action": "send-message", "threadId": thread}
    for number in range(34):
        home.data(**send, message=f"m{number}", requestId=f"id{number}")
    assert home.data(action="get-thread", threadId=thread)["metadata"] == metadata
    for number in range(26, 34):
        home.data(**send, message=f"m{number}", requestId=f"id{number}")
    assert home.texts(thread) == [f"m{number}" for number in range(34)]


def test_a_pair_of_another_program_is_no_note(home: Home) -> None:
    thread = home.thread()
    foreign = {"requests_today": "5", "requests_0": "a/b nonsense 1/2/3/4/5"}
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:
        path = f"{home.upstream}/conversations/{thread.replace('thread_', 'conv_')}"
        client.post(path, json={"metadata": foreign}).raise_for_status()
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    assert home.data(**send) == home.data(**send)
    assert home.data(action="get-thread", threadId=thread)["metadata"] == {"requests_today": "5"}


@pytest.mark.parametrize("request_id", ["", "a b", "a/b", "x" * 129, 5, ["a"], "ü"])
def test_a_request_id_is_an_id(home: Home, request_id: object) -> None:
    answer = home.call(action="send-message", threadId="thread_1", message="hi", requestId=request_id)
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


def interrupted(nth: int, meanwhile: Callable[[], object]) -> httpx2.BaseTransport:
    """A network on which something else happens before the nth request goes out."""
    inner, left = httpx2.HTTPTransport(), list(range(nth + 1))

    class Wire(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            if left and left.pop() == 0:
                meanwhile()
            return inner.handle_request(request)

        def close(self) -> None:
            inner.close()

    return Wire()


@pytest.mark.parametrize("nth", range(8))
def test_a_twin_that_comes_in_at_any_point_sends_no_second_message(
    home: Home, processes: list[Callable[..., Json]], nth: int
) -> None:
    thread = home.thread()
    home.data(action="send-message", threadId=thread, message="before")
    send = {"action": "send-message", "threadId": thread, "message": "hi", "requestId": "a"}
    answer = home.function(wire=interrupted(nth, lambda: processes[0](**send)))(**send)
    assert answer["statusCode"] == 200
    assert home.texts(thread) == ["before", "hi"]
    assert home.data(**send)["messageId"] == answer["body"]["data"]["messageId"]


@pytest.mark.parametrize("nth", range(11))
def test_a_message_that_is_taken_back_meanwhile_does_not_hide_the_run(home: Home, nth: int) -> None:
    thread, taken_back = home.thread(), list[str]()
    ask = {"action": "chat", "threadId": thread, "message": "/say yes", "requestId": "a"}
    ask["assistantId"] = home.assistant()
    items = f"{home.upstream}/conversations/{thread.replace('thread_', 'conv_')}/items"
    with httpx.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:

        def send() -> None:
            twin = {"type": "message", "role": "user", "content": "a twin's"}
            taken_back.append(client.post(items, json={"items": [twin]}).json()["data"][0]["id"])

        wire = LosingWire(once_for("POST", RUNS[home.backend]), interrupted(nth, send))
        home.function(wire=wire)(**ask)
        for message in taken_back:
            client.delete(f"{items}/{message}")
    response = home.data(**ask)["response"]  # to whichever message came last
    assert home.texts(thread) == ["/say yes", response]


@pytest.mark.parametrize("nth", [0, 1, 4, 5, 6])
def test_another_request_that_comes_in_between_is_not_forgotten(
    home: Home, processes: list[Callable[..., Json]], nth: int
) -> None:
    """But right before a note is written: that writes over all, and nothing tells."""
    thread = home.thread()
    send = {"action": "send-message", "threadId": thread}
    mine, other = {"message": "mine", "requestId": "a"}, {"message": "other", "requestId": "b"}
    wire = interrupted(nth, lambda: processes[0](**send, **other))
    assert home.function(wire=wire)(**send, **mine)["statusCode"] == 200
    for again in (mine, other):
        home.data(**send, **again)
    assert sorted(home.texts(thread)) == ["mine", "other"]
