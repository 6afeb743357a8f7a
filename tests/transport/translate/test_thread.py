"""A v2 thread <-> a conversation."""

from typing import Any

import pytest

from tests.transport.fakes import connect_fake, fake_answers, read_body, refuse_all, send_raw

CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 7, "metadata": {}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"assistant_id": "x"}, "assistant_id"),
        ({"messages": {}}, "messages"),
        ({"messages": ["x"]}, "messages"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"v2_3": "x"}}, "metadata.v2_3"),
        ({"tool_resources": {"code_interpreter": {"files": ["f"]}}}, "tool_resources.code_interpreter.files"),
        (
            {"tool_resources": {"file_search": {"vector_store_ids": [1]}}},
            "tool_resources.file_search.vector_store_ids",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(body: Any, param: str) -> None:
    answer = send_raw(refuse_all, "POST", "/threads", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_threads_of_other_programs_are_shown() -> None:
    with connect_fake(fake_answers(CONVERSATION | {"metadata": None})[0]) as client:
        assert client.beta.threads.retrieve("thread_1").metadata == {}


def test_an_updates_body_holds_the_metadata_whole() -> None:
    old = CONVERSATION | {"metadata": {"a": "1", "v2_0": '{"vector_stores":["vs_1"]}'}}
    upstream, asked = fake_answers(old, old)
    with connect_fake(upstream) as client:
        client.beta.threads.update("thread_1", metadata=None)
    assert read_body(asked[1]) == {"metadata": {"v2_0": '{"vector_stores":["vs_1"]}'}}


def test_files_of_the_code_interpreter_come_with_the_thread_and_with_its_messages() -> None:
    upstream, asked = fake_answers(CONVERSATION)
    code = {"type": "code_interpreter"}
    body = {
        "messages": [{"role": "user", "content": "x", "attachments": [{"file_id": "f2", "tools": [code]}]}],
        "tool_resources": {"code_interpreter": {"file_ids": ["f1"]}},
    }
    assert send_raw(upstream, "POST", "/threads", body).status_code == 200
    assert len(asked) == 1
    assert read_body(asked[0])["metadata"] == {"v2_0": '{"files":["f1","f2"]}'}


def test_new_tool_resources_leave_the_threads_other_extras() -> None:
    old = CONVERSATION | {"metadata": {"v2_0": '{"vector_stores":["vs_1"],"other":1}'}}
    upstream, asked = fake_answers(old, old)
    send_raw(upstream, "POST", "/threads/thread_1", {"tool_resources": None})
    assert read_body(asked[1]) == {"metadata": {"v2_0": '{"other":1}'}}
