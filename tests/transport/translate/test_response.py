"""A v2 run to create -> the response that is sent."""

import json
import time
from typing import Any

import pytest
from openai import OpenAI
from openai.types.beta.threads import Run

from assistants_transport.translate.response import next_response_from_response
from tests.transport.fakes import (
    MODEL,
    fake_answers,
    make_agent,
    make_message,
    make_page,
    make_response,
    read_body,
    refuse_all,
    send_raw,
)


def end(client: OpenAI, run: Run) -> Run:
    while run.status in ("queued", "in_progress"):
        time.sleep(0.002)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    return run


def sent_for(body: dict[str, Any], **made: Any) -> dict[str, Any]:
    """The response that this run starts."""
    upstream, asked = fake_answers(make_agent(**made), make_response(status="queued"))
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1", **body})
    assert answer.status_code == 200, answer.text
    sent: dict[str, Any] = read_body(asked[1])
    return sent


def test_a_bare_run_sends_what_every_run_needs() -> None:
    assert sent_for({}) == {
        "model": "m",
        "conversation": "conv_1",
        "input": [],
        "instructions": None,
        "tools": [],
        "background": True,
        "store": True,
        "truncation": "auto",
        "metadata": {"v2_0": '{"assistant":"agent_1","thread":"conv_1"}'},
        "prompt_cache_key": "agent_1",
    }


@pytest.mark.parametrize(
    ("made", "body", "wanted"),
    [
        ("A", {}, "A"),
        ("A", {"instructions": "B"}, "B"),
        ("A", {"instructions": ""}, None),
        ("A", {"additional_instructions": "C"}, "A\nC"),
        ("A", {"instructions": "B", "additional_instructions": "C"}, "B\nC"),
        (None, {"additional_instructions": "C"}, "C"),
    ],
)
def test_instructions_override_and_append(made: str | None, body: dict[str, Any], wanted: str | None) -> None:
    assert sent_for(body, instructions=made)["instructions"] == wanted


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_temperature_and_top_p_are_sent_only_where_they_were_given(name: str) -> None:
    carried = {"metadata": {"v2_0": f'{{"{name}":0.5}}'}}
    assert name not in sent_for({})
    assert sent_for({name: 0})[name] == 0
    assert sent_for({}, **carried)[name] == 0.5
    assert sent_for({name: 1.0}, **carried)[name] == 1.0


def test_a_runs_own_settings_override_the_assistants() -> None:
    made = {
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {}}],
        "metadata": {"v2_0": '{"strict":["f"],"format":{"type":"json_object"}}'},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "text"}, "verbosity": "high"},
        "service_tier": "flex",
    }
    inherited = sent_for({}, **made)
    assert inherited["tools"][0]["strict"] is True
    assert inherited["text"] == {"format": {"type": "json_object"}, "verbosity": "high"}
    assert inherited["reasoning"] == {"effort": "low", "summary": "auto"}
    assert inherited["service_tier"] == "flex"
    body = {
        "model": "other",
        "tools": [{"type": "function", "function": {"name": "g"}}],
        "response_format": "auto",
        "reasoning_effort": "high",
        "tool_choice": {"type": "function", "function": {"name": "g"}},
        "parallel_tool_calls": False,
        "max_completion_tokens": 100,
        "metadata": {"a": "b"},
    }
    own = sent_for(body, **made)
    assert (own["model"], own["max_output_tokens"], own["parallel_tool_calls"]) == ("other", 100, False)
    assert [(tool["name"], tool["strict"]) for tool in own["tools"]] == [("g", False)]
    assert own["text"] == {"verbosity": "high"}
    assert own["reasoning"] == {"effort": "high", "summary": "auto"}
    assert own["tool_choice"] == {"type": "function", "name": "g"}
    assert own["metadata"] == {"a": "b", "v2_0": '{"assistant":"agent_1","thread":"conv_1"}'}


def test_file_search_looks_into_the_assistants_and_the_threads_stores(client: OpenAI) -> None:
    resources: Any = [
        {"file_search": {"vector_store_ids": ids}} for ids in (["vs_1", "vs_2"], ["vs_2", "vs_3"])
    ]
    assistant = client.beta.assistants.create(
        model=MODEL,
        tools=[{"type": "file_search", "file_search": {"max_num_results": 2}}],
        tool_resources=resources[0],
    )
    thread = client.beta.threads.create(
        messages=[{"role": "user", "content": "cite this"}], tool_resources=resources[1]
    )
    run = end(client, client.beta.threads.runs.create(thread.id, assistant_id=assistant.id))
    assert [tool.to_dict() for tool in run.tools] == [
        {"type": "file_search", "file_search": {"max_num_results": 2}}
    ]
    [answer] = client.beta.threads.messages.list(thread.id, run_id=run.id).data
    block: Any = answer.content[0]
    assert block.text.annotations[0].file_citation.file_id == "file-echo"


def test_the_stores_of_both_are_sent_once_each() -> None:
    carried = [f'{{"file_search":{{}},"vector_stores":["{one}","vs_2"]}}' for one in ("vs_1", "vs_3")]
    upstream, asked = fake_answers(
        make_agent(metadata={"v2_0": carried[0]}),
        {"metadata": {"v2_0": carried[1]}},
        make_response(status="queued"),
    )
    send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1"})
    assert read_body(asked[2])["tools"] == [
        {"type": "file_search", "vector_store_ids": ["vs_1", "vs_2", "vs_3"]}
    ]


@pytest.mark.parametrize("mode", ["live", "cached", "disabled"])
def test_web_search_is_sent_the_way_the_agent_has_it(mode: str) -> None:
    tool = {
        "type": "web_search",
        "mode": mode,
        "context_size": "low",
        "location": None,
        "allowed_domains": ["a.b"],
    }
    sent = {"type": "web_search", "search_context_size": "low", "filters": {"allowed_domains": ["a.b"]}}
    wanted = {"live": [sent], "cached": [sent | {"external_web_access": False}], "disabled": []}
    assert sent_for({}, tools=[tool])["tools"] == wanted[mode]


@pytest.mark.parametrize(
    "made",
    [
        {"tools": [{"type": "mcp", "server_label": "s"}]},
        {"tools": [{"type": "programmatic_tool_calling", "enabled": True}]},
        {"tools": [{"type": "function", "name": "f", "description": "", "parameters": {}, "async": True}]},
        {"multi_agent": {"enabled": True}},
        {"compaction": {"async": True}},
        {"experimental": {"time_awareness": True}},
        {"something_new": {"deep": {"mode": "on"}}},
        {"skills": [{"id": "skill_1"}]},
    ],
)
def test_an_agent_that_only_sessions_can_run_is_refused(made: dict[str, Any]) -> None:
    upstream, asked = fake_answers(make_agent(**made))
    body = {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "x"}]}
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", body)
    assert answer.status_code == 400
    assert "works in agent sessions only" in answer.json()["error"]["message"]
    assert len(asked) == 1


def test_what_an_agent_has_by_default_is_no_refusal() -> None:
    off = {
        "multi_agent": {"enabled": False, "max_concurrent_subagents": 3},
        "compaction": {"async": False},
        "experimental": {"time_awareness": False, "new": None, "mode": "auto"},
        "something_new": {},
        "version": 7,
        "owner": "user_1",
    }
    assert sent_for({}, **off) == sent_for({})


def test_the_cache_key_is_at_most_64_characters() -> None:
    assert sent_for({}, id="agent_" + "x" * 100)["prompt_cache_key"] == "agent_" + "x" * 58


def test_the_ranker_that_is_gone_is_left_to_openai() -> None:
    ranking = {"ranker": "default_2024_08_21", "score_threshold": 0.5}
    extras = {"file_search": {"ranking_options": ranking}, "vector_stores": ["v"]}
    upstream, asked = fake_answers(
        make_agent(metadata={"v2_0": json.dumps(extras)}), {"metadata": {}}, make_response(status="queued")
    )
    send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1"})
    assert read_body(asked[2])["tools"] == [
        {"type": "file_search", "vector_store_ids": ["v"], "ranking_options": {"score_threshold": 0.5}}
    ]


CODE_OF_BOTH = {
    "type": "code_interpreter",
    "container": {"type": "auto", "file_ids": ["f1", "f2", "f3"]},
}


@pytest.mark.parametrize("is_own", [True, False])
def test_the_code_interpreter_gets_the_files_of_assistant_and_thread(is_own: bool) -> None:
    tool: dict[str, Any] = {"code_interpreter": {}}
    files: dict[str, Any] = {"files": ["f1", "f2"]}
    agent = make_agent(metadata={"v2_0": json.dumps(files | ({} if is_own else tool))})
    response = make_response(status="queued", tools=[CODE_OF_BOTH])
    upstream, asked = fake_answers(agent, {"metadata": {"v2_0": '{"files":["f2","f3"]}'}}, response)
    body = {"assistant_id": "asst_1"} | ({"tools": [{"type": "code_interpreter"}]} if is_own else {})
    run = send_raw(upstream, "POST", "/threads/thread_1/runs", body).json()
    sent = read_body(asked[2])
    assert (sent["tools"], sent["include"]) == ([CODE_OF_BOTH], ["code_interpreter_call.outputs"])
    assert run["tools"] == [{"type": "code_interpreter"}]


def test_a_code_interpreter_without_files_gets_an_empty_container() -> None:
    upstream, asked = fake_answers(
        make_agent(metadata={"v2_0": '{"code_interpreter":{}}'}),
        {"metadata": {}},
        make_response(status="queued"),
    )
    send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1"})
    assert read_body(asked[2])["tools"] == [{"type": "code_interpreter", "container": {"type": "auto"}}]


def test_files_of_additional_messages_are_the_threads_from_then_on() -> None:
    agent = make_agent(metadata={"v2_0": '{"code_interpreter":{}}'})
    with_file = {"id": "conv_1", "metadata": {"v2_0": '{"files":["f1"]}'}}
    attached = [{"file_id": "f1", "tools": [{"type": "code_interpreter"}]}]
    body = {
        "assistant_id": "asst_1",
        "additional_messages": [{"role": "user", "content": "x", "attachments": attached}],
    }
    upstream, asked = fake_answers(
        agent,
        *({"metadata": {}}, make_page(make_message(1)), make_response(status="queued")),
        *({"metadata": {}}, with_file),
    )
    assert send_raw(upstream, "POST", "/threads/thread_1/runs", body).status_code == 200
    assert read_body(asked[5]) == {"metadata": with_file["metadata"]}
    assert read_body(asked[3])["tools"][0]["container"] == {"type": "auto", "file_ids": ["f1"]}


def test_the_next_response_of_a_run_asks_for_the_same() -> None:
    first = make_response(tools=[CODE_OF_BOTH])
    sent = next_response_from_response(first)
    assert (sent["tools"], sent["include"]) == ([CODE_OF_BOTH], ["code_interpreter_call.outputs"])
    assert sent["prompt_cache_key"] == "agent_1"
    bare = next_response_from_response(make_response(metadata={}))
    assert not {"include", "prompt_cache_key"} & bare.keys()


def test_an_agent_with_nothing_but_what_is_required_runs() -> None:
    bare = {"id": "agent_1", "created_at": 1, "model": "m"}
    upstream, _ = fake_answers(bare, make_response(status="queued"))
    assert send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "assistant_id"),
        ({"assistant_id": ["asst_1"]}, "assistant_id"),
        ({"assistant_id": "../x"}, None),
        ({"stream": "yes"}, "stream"),
        ({"include": ["step_details.tool_calls[*].file_search.results[*].content"]}, "include"),
        ({"max_prompt_tokens": 1000}, "max_prompt_tokens"),
        ({"truncation_strategy": {"type": "last_messages", "last_messages": 5}}, "truncation_strategy"),
        ({"truncation_strategy": {"type": "auto", "last_messages": 5}}, "truncation_strategy"),
        ({"truncation_strategy": "auto"}, "truncation_strategy"),
        ({"instructions": ["x"]}, "instructions"),
        ({"additional_instructions": 5}, "additional_instructions"),
        ({"additional_messages": {"role": "user"}}, "additional_messages"),
        ({"metadata": "x"}, "metadata"),
        ({"model": 5}, "model"),
        ({"max_completion_tokens": "5"}, "max_completion_tokens"),
        ({"thread": {}}, "thread"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(body: dict[str, Any], param: str | None) -> None:
    whole = body if param == "assistant_id" else {"assistant_id": "asst_1", **body}
    answer = send_raw(refuse_all, "POST", "/threads/thread_1/runs", whole)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [{"type": "retrieval"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function.name"),
        ({"tool_choice": {"type": "function", "function": "f"}}, "tool_choice.function"),
        ({"response_format": 5}, "response_format"),
        ({"metadata": {"v2_1": "x"}}, "metadata.v2_1"),
        ({"metadata": {str(n): "v" * 512 for n in range(16)}}, "metadata"),
    ],
)
def test_no_run_is_started_with_what_cannot_be_translated(body: dict[str, Any], param: str) -> None:
    upstream, asked = fake_answers(make_agent())
    answer = send_raw(upstream, "POST", "/threads/thread_1/runs", {"assistant_id": "asst_1", **body})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert [one.method for one in asked] == ["GET"]


def test_what_stands_for_nothing_is_no_refusal() -> None:
    body = {
        "stream": False,
        "include": [],
        "max_prompt_tokens": None,
        "truncation_strategy": {"type": "auto"},
    }
    assert sent_for(body) == sent_for({})
