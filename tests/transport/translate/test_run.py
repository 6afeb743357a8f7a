"""A response -> the v2 run that is shown."""

from typing import Any

import pytest

from tests.transport.fakes import (
    CONVERSATION,
    connect_fake,
    fake_answers,
    make_message,
    make_page,
    make_response,
    send_raw,
)

USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_tokens_details": {}}


def shown(**found: Any) -> Any:
    """The run that this response is shown as."""
    upstream, _ = fake_answers(make_response(**found), make_page() | CONVERSATION, CONVERSATION)
    return send_raw(upstream, "GET", "/threads/thread_1/runs/run_1").json()


@pytest.mark.parametrize(
    "status", ["queued", "in_progress", "completed", "failed", "cancelled", "incomplete", "new"]
)
def test_every_status_is_shown(status: str) -> None:
    assert shown(status=status)["status"] == status


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [("max_output_tokens", "max_completion_tokens"), ("content_filter", "content_filter"), (None, None)],
)
def test_the_reason_of_an_incomplete_run_is_shown(reason: str | None, wanted: str | None) -> None:
    details = {"reason": reason} if reason else None
    run = shown(status="incomplete", incomplete_details=details)
    assert run["incomplete_details"] == {"reason": wanted}


def test_a_failure_without_words_is_a_server_error() -> None:
    assert shown(status="failed")["last_error"] == {"code": "server_error", "message": "the response failed"}


def test_usage_is_counted_in_v2s_words() -> None:
    wanted = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert shown(usage=USAGE)["usage"] == wanted
    assert shown()["usage"] is None


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "file_search"}, {"type": "file_search"}),
        ({"type": "allowed_tools", "tools": []}, "auto"),
        (None, "auto"),
    ],
)
def test_the_tool_choice_is_shown_as_v2_has_it(choice: Any, wanted: Any) -> None:
    assert shown(tool_choice=choice)["tool_choice"] == wanted


def test_a_response_of_another_program_is_shown_and_fits_v2s_model() -> None:
    found = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1.5,
        "status": "completed",
        "conversation": {"id": "conv_1"},
        "model": "m",
        "output": [{"type": "something_new", "id": "x_1"}, make_message(1)],
        "instructions": [{"role": "developer"}],
        "tools": [
            {
                "type": "file_search",
                "vector_store_ids": ["vs_1"],
                "max_num_results": 5,
                "filters": None,
                "ranking_options": {"ranker": "default-2024-11-15", "hybrid_search": {}},
            }
        ],
        "text": None,
        "metadata": None,
    }
    with connect_fake(fake_answers(found, CONVERSATION)[0]) as client:
        run = client.beta.threads.runs.retrieve("run_1", thread_id="thread_1")
        assert client.beta.threads.messages.list("thread_1", run_id="run_1").data[0].id == "msg_1"
    assert (run.status, run.assistant_id, run.instructions, run.metadata) == ("completed", "", "", {})
    assert run.tools[0].to_dict() == {
        "type": "file_search",
        "file_search": {"max_num_results": 5, "ranking_options": {"score_threshold": 0.0}},
    }
