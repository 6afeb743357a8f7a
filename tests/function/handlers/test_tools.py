"""Tools: function calls and their outputs in one or more rounds; web search; vector stores and citations."""

import json
from typing import Any

import httpx2
import pytest

from tests.backends import Backend, function_tool
from tests.fake_upstream import Upstream, answer_always, answer_in_turn, error, v2_run
from tests.invoke import Json, web

TOOLS = [function_tool("weather"), function_tool("time")]
TWO_CALLS = '/call weather {"city": "Bonn"}\n/call time {}'
FILE_SEARCH = {"type": "file_search"}


def stores(*ids: str) -> Json:
    return {"file_search": {"vector_store_ids": list(ids)}}


def start_asking_run(backend: Backend, message: str = TWO_CALLS) -> tuple[Json, Json]:
    """Starts a run that asks for outputs; returns the ids of thread and run, and of its calls by name."""
    run = backend.data(action="chat", assistantId=backend.assistant(tools=TOOLS), message=message)
    assert run["status"] == "requires_action"
    ids = {"threadId": run["threadId"], "runId": run["runId"]}
    return ids, {call["name"]: call["id"] for call in run["toolCalls"]}


def output(call_id: str, value: Any = "done") -> Json:
    return {"toolCallId": call_id, "output": value}


def submit(backend: Backend, ids: Json, *outputs: Json, **more: Any) -> Json:
    return backend.call(action="submit-tool-outputs", **ids, toolOutputs=list(outputs), **more)


def test_parallel_calls_are_told_with_their_arguments(backend: Backend) -> None:
    run = backend.data(action="chat", assistantId=backend.assistant(tools=TOOLS), message=TWO_CALLS)
    assert [(one["name"], json.loads(one["arguments"])) for one in run["toolCalls"]] == [
        ("weather", {"city": "Bonn"}),
        ("time", {}),
    ]
    assert (run["response"], run["messages"]) == (None, [])


def test_all_outputs_let_the_run_go_on_to_its_answer(backend: Backend) -> None:
    ids, calls = start_asking_run(backend)
    answer = submit(backend, ids, output(calls["weather"], "rain"), output(calls["time"], {"hour": 7}))
    data = answer["body"]["data"]
    assert (answer["statusCode"], data["status"], data["threadId"]) == (200, "completed", ids["threadId"])
    assert "output: rain" in data["response"]
    assert 'output: {"hour": 7}' in data["response"]


def test_outputs_may_come_one_by_one(backend: Backend) -> None:
    ids, calls = start_asking_run(backend)
    first = submit(backend, ids, output(calls["time"], "seven"))["body"]["data"]
    assert (first["status"], first["runId"]) == ("requires_action", ids["runId"])
    assert [one["id"] for one in first["toolCalls"]] == [calls["weather"]]
    told = backend.data(action="get-run", **ids)
    assert told["toolCalls"] == first["toolCalls"]
    last = submit(backend, ids, output(calls["weather"], "rain"))["body"]["data"]
    assert last["status"] == "completed"
    assert "output: seven" in last["response"]
    assert "output: rain" in last["response"]


@pytest.mark.parametrize("strange", ["call_of_somebody_else", "fc_1"])
def test_an_unknown_call_is_refused_by_name_and_nothing_is_taken(backend: Backend, strange: str) -> None:
    ids, calls = start_asking_run(backend)
    answer = submit(backend, ids, output(calls["time"]), output(strange))
    assert answer["statusCode"] == 400
    assert strange in answer["body"]["error"]
    assert all(call in answer["body"]["error"] for call in calls.values())  # the ones that are missing
    assert len(backend.data(action="get-run", **ids)["toolCalls"]) == 2


def test_the_same_call_twice_is_refused(backend: Backend) -> None:
    ids, calls = start_asking_run(backend)
    assert submit(backend, ids, output(calls["time"]), output(calls["time"], "x"))["statusCode"] == 400
    assert submit(backend, ids, output(calls["time"]))["statusCode"] == 200
    again = submit(backend, ids, output(calls["time"]))
    assert again["statusCode"] == 400
    assert calls["weather"] in again["body"]["error"]


def test_an_ended_run_takes_no_outputs(backend: Backend) -> None:
    ids, calls = start_asking_run(backend, "/call time {}")
    done = submit(backend, ids, output(calls["time"]))["body"]["data"]
    answer = submit(backend, {**ids, "runId": done["runId"]}, output(calls["time"]))
    assert (answer["statusCode"], "completed" in answer["body"]["error"]) == (400, True)


def test_a_run_asks_in_several_rounds(backend: Backend) -> None:
    ids, calls = start_asking_run(backend, "/call time {}")
    for _ in range(3):
        data = submit(backend, ids, output(calls["time"], '/call time {"again": true}'))["body"]["data"]
        assert data["status"] == "requires_action"
        (call,) = data["toolCalls"]
        assert json.loads(call["arguments"]) == {"again": True}
        ids, calls = {**ids, "runId": data["runId"]}, {"time": call["id"]}
    end = submit(backend, ids, output(calls["time"], "enough"))["body"]["data"]
    assert (end["status"], "output: enough" in end["response"]) == ("completed", True)


@pytest.mark.parametrize("value", ["", "text", {"a": [1, None]}, [], 0, False])
def test_an_output_is_text_or_json_in_both_forms_of_a_call(backend: Backend, value: Any) -> None:
    for method in ("GET", "POST"):
        ids, calls = start_asking_run(backend, "/call time {}")
        outputs: Any = [output(calls["time"], value)]
        params = {"toolOutputs": json.dumps(outputs) if method == "GET" else outputs}
        answer = backend.function().main(web(method) | {"action": "submit-tool-outputs", **ids, **params})
        shown = value if isinstance(value, str) else json.dumps(value)
        assert f"output: {shown}" in answer["body"]["response"]


def test_a_submission_may_be_left_waiting(backend: Backend) -> None:
    ids, calls = start_asking_run(backend, "/call time {}")
    answer = submit(backend, ids, output(calls["time"], "/wait 0.3\n/say late"), wait=0)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (202, "1")
    run = {**ids, "runId": answer["body"]["data"]["runId"]}
    assert backend.data(action="get-run", **run)["response"] == "late"


@pytest.mark.parametrize("given", [0, 1])
def test_cancelling_a_waiting_run_frees_its_thread(backend: Backend, given: int) -> None:
    ids, calls = start_asking_run(backend)
    thread, assistant = ids["threadId"], backend.assistant()
    if given:
        submit(backend, ids, output(calls["time"]))
    again = {"action": "run-assistant", "threadId": thread, "assistantId": assistant}
    refused = backend.call(**again)
    assert (refused["statusCode"], refused["body"]["data"]) == (409, ids)
    assert backend.data(action="cancel-run", **ids)["status"] == "cancelled"
    assert backend.call(action="get-run", **ids)["body"]["data"]["status"] == "cancelled"
    assert backend.data(**again)["status"] == "completed"


def test_an_abandoned_run_stays_until_it_is_answered_or_cancelled(backend: Backend) -> None:
    """On today's OpenAI no run expires, but every process can find it and cancel it."""
    ids, _ = start_asking_run(backend)
    thread = ids["threadId"]
    fresh = backend.function(OPENAI_MODEL="another-process")
    status, message = fresh.error(action="run-assistant", threadId=thread, assistantId=backend.assistant())
    assert status == 409
    assert message == "the thread has an active run; wait for it with get-run or stop it with cancel-run"
    fresh.data(action="cancel-run", **ids)
    assert backend.call(action="send-message", threadId=thread, message="Are you there?")["statusCode"] == 200
    answer = fresh.data(action="run-assistant", threadId=thread, assistantId=backend.assistant())
    assert "Are you there?" in answer["response"]


def test_a_run_is_not_answered_under_another_thread(backend: Backend) -> None:
    ids, calls = start_asking_run(backend)
    elsewhere = {**ids, "threadId": backend.thread()}
    assert submit(backend, elsewhere, *map(output, calls.values()))["statusCode"] == 404
    assert backend.call(action="cancel-run", **elsewhere)["statusCode"] == 404
    assert len(backend.data(action="get-run", **ids)["toolCalls"]) == 2


def test_the_refusal_of_a_server_that_wants_all_at_once_comes_through() -> None:
    words = "Expected tool outputs for call_ids ['call_1', 'call_2'], got ['call_1']"
    upstream = Upstream(lambda _: error(400, words))
    answer = upstream.function().error(
        action="submit-tool-outputs", threadId="thread_1", runId="run_1", toolOutputs=[output("call_1")]
    )
    assert answer == (400, words)


def test_a_server_may_keep_the_runs_id() -> None:
    ended = httpx2.Response(200, json=v2_run("completed"))
    messages = httpx2.Response(200, json={"object": "list", "data": [], "has_more": False})
    upstream = answer_in_turn(ended, messages)
    ids = {"threadId": "thread_1", "runId": "run_1"}
    data = upstream.function().data(action="submit-tool-outputs", **ids, toolOutputs=[output("call_1")])
    assert (data["runId"], data["status"]) == ("run_1", "completed")


# ---------------------------------------------------------------- web search


def test_web_search_is_a_tool_where_the_upstream_has_it(backend: Backend) -> None:
    tool = {"type": "web_search", "search_context_size": "low", "filters": {"allowed_domains": ["a.example"]}}
    assistant = backend.assistant(tools=[tool])
    assert backend.data(action="get-assistant", assistantId=assistant)["tools"] == [tool]
    run = backend.data(action="chat", assistantId=assistant, message="hi")
    (used,) = backend.response_of(run["runId"])["tools"]
    assert (used["type"], used["search_context_size"]) == ("web_search", "low")
    assert used["filters"]["allowed_domains"] == ["a.example"]


def test_a_server_without_web_search_says_so_itself() -> None:
    upstream = Upstream(lambda _: error(400, "Invalid value: 'web_search'."))
    answer = upstream.function().error(action="create-assistant", name="a", tools=[{"type": "web_search"}])
    assert answer == (400, "Invalid value: 'web_search'.")
    assert upstream.bodies()[0]["tools"] == [{"type": "web_search"}]


def test_a_tool_that_is_gone_is_refused_by_name(backend: Backend) -> None:
    answer = backend.call(action="create-assistant", name="a", tools=[{"type": "retrieval"}])
    assert answer["statusCode"] == 400
    assert "retrieval" in answer["body"]["error"]


# ---------------------------------------------------------------- code interpreter


def test_a_code_interpreter_and_its_files_come_back_as_they_were_given(backend: Backend) -> None:
    tools, files = [{"type": "code_interpreter"}], {"code_interpreter": {"file_ids": ["file_1", "file_2"]}}
    assistant = backend.assistant(tools=tools, toolResources=files)
    got = backend.data(action="get-assistant", assistantId=assistant)
    assert (got["toolResources"], got["tools"]) == (files, tools)
    thread = backend.data(action="create-thread", toolResources=files)["threadId"]
    assert backend.data(action="get-thread", threadId=thread)["toolResources"] == files


# ---------------------------------------------------------------- file search


def test_an_assistants_vector_stores_come_back_as_they_were_given(backend: Backend) -> None:
    assistant = backend.assistant(tools=[FILE_SEARCH], toolResources=stores("vs_1"))
    got = backend.data(action="get-assistant", assistantId=assistant)
    assert (got["toolResources"], got["tools"]) == (stores("vs_1"), [FILE_SEARCH])
    changed = backend.data(
        action="update-assistant", assistantId=assistant, toolResources=json.dumps(stores("vs_2", "vs_3"))
    )
    assert changed["toolResources"] == stores("vs_2", "vs_3")
    assert (
        backend.data(action="update-assistant", assistantId=assistant, name="b")["toolResources"] is not None
    )
    gone = backend.data(action="update-assistant", assistantId=assistant, toolResources=None)
    assert "toolResources" not in gone


def test_a_threads_vector_stores_and_metadata_do_not_touch_each_other(backend: Backend) -> None:
    thread = backend.thread(metadata={"a": "b"}, toolResources=stores("vs_1"))
    ids = {"action": "update-thread", "threadId": thread}
    assert backend.data(action="get-thread", threadId=thread)["toolResources"] == stores("vs_1")
    changed = backend.data(**ids, metadata={"a": "b"}, toolResources=stores("vs_2"))
    assert (changed["metadata"], changed["toolResources"]) == ({"a": "b"}, stores("vs_2"))
    changed = backend.data(**ids, metadata={"c": "d"})
    assert (changed["metadata"], changed["toolResources"]) == ({"c": "d"}, stores("vs_2"))
    changed = backend.data(**ids, metadata={}, toolResources=None)
    assert (changed["metadata"], "toolResources" in changed) == ({}, False)


def test_a_thread_is_changed_by_its_metadata_at_least(backend: Backend) -> None:
    answer = backend.call(action="update-thread", threadId=backend.thread())
    assert answer["statusCode"] == 400
    assert answer["body"]["error"] == "metadata is required for update-thread"


def test_without_resources_there_are_none(backend: Backend) -> None:
    assert "toolResources" not in backend.data(action="create-thread")
    assert "toolResources" not in backend.data(action="create-assistant", name="a")


def test_a_run_searches_the_stores_of_assistant_and_thread(backend: Backend) -> None:
    assistant = backend.assistant(tools=[FILE_SEARCH], toolResources=stores("vs_1", "vs_2"))
    thread = backend.thread(toolResources=stores("vs_2", "vs_3"))
    run = backend.data(action="run-assistant", assistantId=assistant, threadId=thread, message="hi")
    (tool,) = backend.response_of(run["runId"])["tools"]
    assert (tool["type"], tool["vector_store_ids"]) == ("file_search", ["vs_1", "vs_2", "vs_3"])


def test_a_citation_tells_file_name_and_place(backend: Backend) -> None:
    assistant = backend.assistant(tools=[FILE_SEARCH], toolResources=stores("vs_1"))
    run = backend.data(action="chat", assistantId=assistant, message="cite\n/say It is so.")
    cited = {"type": "file_citation", "fileId": "file-echo", "filename": "echo.txt"}
    place = len("It is so.")
    (told,) = run["messages"][0]["annotations"]
    assert told == told | cited | {"startIndex": place, "endIndex": place}
    assert run["response"] == "It is so."
    listed = backend.data(action="list-messages", threadId=run["threadId"])["messages"][-1]
    assert listed["annotations"] == [told]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("x", "toolResources must be JSON"),
        ([], "toolResources must be JSON: an object"),
        ({"code_interpreter": {"file_ids": ["file_1"] * 21}}, "code_interpreter"),
        ({"retrieval": {}}, "retrieval"),
        ({"file_search": {"vector_stores": [{"file_ids": ["file_1"]}]}}, "vector_stores"),
        ({"file_search": {"vector_store_ids": "vs_1"}}, "vector_store_ids"),
        ({"file_search": {"vector_store_ids": [5]}}, "vector_store_ids"),
    ],
)
@pytest.mark.parametrize("action", ["create-assistant", "create-thread"])
def test_what_cannot_be_carried_is_refused_by_name(
    backend: Backend, action: str, given: Any, why: str
) -> None:
    named = {"name": "a"} if action == "create-assistant" else {}
    answer = backend.call(action=action, **named, toolResources=given)
    assert answer["statusCode"] == 400
    assert why in answer["body"]["error"]


def test_a_server_of_v2_gets_and_tells_its_own_resources() -> None:
    resources = {"code_interpreter": {"file_ids": ["file_1"]}, "file_search": {"vector_store_ids": ["vs_1"]}}
    thread = {
        "id": "thread_1",
        "object": "thread",
        "created_at": 1,
        "metadata": {},
        "tool_resources": resources,
    }
    upstream = answer_always(200, thread)
    data = upstream.function().data(action="create-thread", toolResources=resources)
    assert data["toolResources"] == resources
    assert upstream.bodies() == [{"tool_resources": resources}]


# ---------------------------------------------------------------- one run, one id


def test_a_run_keeps_its_id_and_counts_all_its_tokens(backend: Backend) -> None:
    ids, calls = start_asking_run(backend)
    asked = backend.data(action="get-run", **ids)["usage"]["totalTokens"]
    done = backend.data(action="submit-tool-outputs", **ids, toolOutputs=[*map(output, calls.values())])
    assert (done["runId"], done["status"]) == (ids["runId"], "completed")
    assert done["usage"]["totalTokens"] > asked
    fresh = backend.function(OPENAI_MODEL="another-process")
    again = fresh.data(action="get-run", **ids)
    assert (again["response"], again["usage"]) == (done["response"], done["usage"])


def test_a_busy_thread_names_its_run_to_another_process(backend: Backend) -> None:
    ids, _ = start_asking_run(backend)
    fresh = backend.function(OPENAI_MODEL="another-process")
    answer = fresh(action="run-assistant", threadId=ids["threadId"], assistantId=backend.assistant())
    assert (answer["statusCode"], answer["body"]["data"]) == (409, ids)


def test_the_runs_of_a_thread_are_listed_without_their_messages(backend: Backend) -> None:
    assistant, thread = backend.assistant(), backend.thread()
    run = {"action": "run-assistant", "threadId": thread, "assistantId": assistant}
    function = backend.function()
    made = [function.data(**run, message=f"/say {text}")["runId"] for text in ("one", "two")]
    listed = function.data(action="list-runs", threadId=thread)
    assert [one["runId"] for one in listed["runs"]] == made[::-1]
    assert [(one["status"], one["response"], one["messages"]) for one in listed["runs"]] == [
        ("completed", None, [])
    ] * 2
    assert (listed["threadId"], listed["hasMore"], listed["firstId"]) == (thread, False, made[1])


def test_a_message_is_deleted_so_that_the_question_can_be_asked_anew(backend: Backend) -> None:
    assistant, thread = backend.assistant(), backend.thread()
    run = {"action": "run-assistant", "threadId": thread, "assistantId": assistant}
    answer = backend.data(**run, message="/say first")["messages"][0]["messageId"]
    gone = backend.data(action="delete-message", threadId=thread, messageId=answer)
    assert gone == {"threadId": thread, "messageId": answer, "deleted": True}
    assert backend.texts(thread) == ["/say first"]
    again = backend.call(action="delete-message", threadId=thread, messageId=answer)
    assert again["statusCode"] == 404
    assert backend.data(**run)["response"] == "first"


def test_code_and_its_files_come_through(backend: Backend) -> None:
    assistant = backend.assistant(
        tools=[{"type": "code_interpreter"}], toolResources={"code_interpreter": {"file_ids": ["file_1"]}}
    )
    assert backend.data(action="get-assistant", assistantId=assistant)["toolResources"] == {
        "code_interpreter": {"file_ids": ["file_1"]}
    }
    run = backend.data(action="chat", assistantId=assistant, message="/python print(1)\n/file table.csv")
    [annotation] = run["messages"][0]["annotations"]
    start, end = annotation["startIndex"], annotation["endIndex"]
    assert run["messages"][0]["content"][start:end] == "sandbox:/mnt/data/table.csv"
    assert annotation["fileId"].startswith("cfile_")
