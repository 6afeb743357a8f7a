"""Every parameter of every action: what is taken, what is refused, and in which words."""

import json
from typing import Any

import pytest

from assistant_function.actions import ACTIONS
from tests.contract import ASSISTANT, BEYOND_THE_CONTRACT, CONTRACT, make_params
from tests.fake_upstream import THREAD, Upstream, answer_always
from tests.invoke import Json

NEEDS = [(action, name) for action, (needs, _) in CONTRACT.items() for name in needs]


def make_untouched_upstream() -> Upstream:
    """Makes an upstream that nothing should reach."""
    return answer_always(500)


def get_refusal(**params: Any) -> str:
    upstream = make_untouched_upstream()
    status, message = upstream.function().error(**params)
    assert (status, upstream.seen) == (400, [])
    return message


def test_the_actions_are_those_of_the_contract() -> None:
    assert list(ACTIONS) == list(CONTRACT)


@pytest.mark.parametrize("action", CONTRACT)
def test_an_action_takes_what_the_contract_says(action: str) -> None:
    needs, takes = CONTRACT[action]
    assert [param.name for param in ACTIONS[action].spec.needs] == needs
    known = [name for name in ACTIONS[action].spec.known() if name not in BEYOND_THE_CONTRACT]
    assert sorted(known) == sorted([*needs, *takes])


@pytest.mark.parametrize("missing", [{}, None, ""], ids=["absent", "null", "empty"])
@pytest.mark.parametrize(("action", "name"), NEEDS)
def test_a_missing_parameter_is_named(action: str, name: str, missing: Any) -> None:
    params = make_params(action)
    params |= {name: missing} if missing != {} else {}
    if missing == {}:
        del params[name]
    assert get_refusal(**params) == f"{name} is required for {action}"


def test_the_first_missing_parameter_is_named() -> None:
    assert get_refusal(action="send-message") == "threadId is required for send-message"


@pytest.mark.parametrize("params", [{}, {"name": ""}, {"name": None, "instructions": None}, {"model": "m"}])
def test_an_assistant_needs_a_name_or_instructions(params: Json) -> None:
    assert get_refusal(action="create-assistant", **params) == (
        "name or instructions is required for create-assistant"
    )


def test_an_update_needs_one_more_parameter() -> None:
    assert (
        get_refusal(action="update-thread", threadId="thread_1") == "metadata is required for update-thread"
    )
    assert get_refusal(action="update-assistant", assistantId="asst_1").endswith(
        "or responseFormat is required for update-assistant"
    )


@pytest.mark.parametrize("action", CONTRACT)
@pytest.mark.parametrize("name", ["thraedId", "Action", "assistant_id", "stream"])
def test_an_unknown_parameter_is_refused_with_what_the_action_takes(action: str, name: str) -> None:
    message = get_refusal(**make_params(action), **{name: None})
    takes = ", ".join(ACTIONS[action].spec.known()) or "none"
    assert message == f"unknown parameter {name!r} for {action}; it takes: {takes}"


@pytest.mark.parametrize("action", [None, "", "get-threads", "GET-THREAD", 5, ["get-thread"], {"a": 1}, True])
def test_a_missing_or_unknown_action_lists_the_actions(action: Any) -> None:
    message = get_refusal(action=action)
    assert message.startswith("unknown action " if action else "action is required; ")
    assert message.endswith(f"the actions are: {', '.join(ACTIONS)}")


@pytest.mark.parametrize("name", ["_", "_t", "__ow_path", "__ow_query"])
def test_names_of_the_platform_and_cache_busters_are_ignored(name: str) -> None:
    assert answer_always(200, THREAD).function().data(action="get-thread", threadId="thread_1", **{name: "1"})


BAD_IDS = [
    *("../files", "a/b", "a b", "a%2Fb", "thread_1\n", "\nthread_1", "thread_ä", "a" * 129, "a\x00", "."),
    *("thread_1?x=1", "١٢", "\ud800", 5, True, ["thread_1"], {}, 1.5),
]


@pytest.mark.parametrize("value", BAD_IDS)
@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("get-thread", "threadId"),
        ("get-assistant", "assistantId"),
        ("get-run", "runId"),
        ("list-messages", "runId"),
        ("list-messages", "after"),
        ("list-assistants", "before"),
        ("chat", "threadId"),
    ],
)
def test_an_id_that_is_none_is_refused_before_any_request(action: str, name: str, value: Any) -> None:
    assert get_refusal(**{**make_params(action), name: value}) == (
        f"{name} must be an id: 1 to 128 letters, digits, _ and -"
    )


@pytest.mark.parametrize("value", ["a", "a" * 128, "thread_Az-09"])
def test_an_id_is_taken(value: str) -> None:
    assert answer_always(200, THREAD).function().data(action="get-thread", threadId=value)


def send_parameter(name: str, value: Any, action: str = "create-assistant") -> Any:
    """Returns the value of this parameter as it reaches the upstream."""
    upstream = answer_always(500)
    upstream.function()(**{"action": action, "name": "n", name: value})
    (request,) = upstream.seen
    given = json.loads(request.content) if request.content else dict(request.url.params)
    return given.get({"topP": "top_p", "responseFormat": "response_format"}.get(name, name))


@pytest.mark.parametrize("value", [1, "1", 1.0, 100, "100", "20.0"])
def test_a_limit_is_taken_as_number_and_as_text(value: Any) -> None:
    upstream = answer_always(400)
    upstream.function()(action="list-assistants", limit=value)
    assert upstream.seen[0].url.params["limit"] == str(int(float(value)))


NO_NUMBERS = ["", "x", True, False, [], {}, "NaN", "inf", "1e2", " 5", "5\n", "٥", "0x5", "1_0", 10**400]
NO_NUMBERS += [float("nan"), float("inf"), "9" * 5000, "-"]


@pytest.mark.parametrize("value", [0, 101, -1, 1.5, "1.5", "0", "101", *NO_NUMBERS])
def test_a_limit_is_a_whole_number_from_1_to_100(value: Any) -> None:
    assert get_refusal(action="list-assistants", limit=value) == "limit must be a whole number from 1 to 100"


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 2.1), ("temperature", -1), ("topP", "1.1"), ("topP", -0.1)]
)
def test_temperature_and_top_p_have_a_range(name: str, value: Any) -> None:
    most = {"temperature": 2, "topP": 1}[name]
    assert get_refusal(action="create-assistant", name="n", **{name: value}) == (
        f"{name} must be a number from 0 to {most}"
    )


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("name", ["temperature", "topP"])
def test_a_number_is_a_number(name: str, value: Any) -> None:
    assert "must be a number" in get_refusal(action="create-assistant", name="n", **{name: value})


@pytest.mark.parametrize("value", [0, "0", 0.5, "0.5", 1, "1"])
def test_numbers_are_sent_as_numbers(value: Any) -> None:
    assert send_parameter("topP", value) == float(value)


@pytest.mark.parametrize("value", [-1, 901, "901", *NO_NUMBERS])
def test_wait_has_a_range(value: Any) -> None:
    assert get_refusal(**make_params("get-run"), wait=value) == "wait must be a number from 0 to 900"


@pytest.mark.parametrize("value", ["up", "ASC", "", 1, ["asc"], True])
def test_order_is_asc_or_desc(value: Any) -> None:
    assert get_refusal(action="list-assistants", order=value) == "order must be asc or desc"


@pytest.mark.parametrize("value", ["system", "tool", "", 1, []])
def test_role_is_user_or_assistant(value: Any) -> None:
    assert get_refusal(**make_params("send-message"), role=value) == "role must be user or assistant"


@pytest.mark.parametrize("name", ["name", "instructions", "model", "description"])
@pytest.mark.parametrize("value", [5, True, ["x"], {"a": 1}])
def test_text_is_text(name: str, value: Any) -> None:
    params = {"action": "create-assistant", "name": "n", "instructions": "i", name: value}
    assert get_refusal(**params) == f"{name} must be text"


NO_FORMATS: list[Any] = [[], "[]", 5, True]
NO_OBJECTS: list[Any] = [[], "[]", "5", 5, True, "null", '"x"']
NO_LISTS_OF_OBJECTS: list[Any] = [{}, "{}", 5, ["x"], "[1]", [None], "null"]
OBJECTS = {
    "metadata": {"a": "b", "ü": ""},
    "tools": [{"type": "code_interpreter"}],
    "responseFormat": {"type": "json_object"},
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_taken_as_json_and_as_its_text(name: str) -> None:
    value = OBJECTS[name]
    assert send_parameter(name, value) == send_parameter(name, json.dumps(value)) == value


@pytest.mark.parametrize("value", ["{", "", "{'a': 1}", "[NaN]", '{"a": NaN}', "[" * 10_000, "nul"])
@pytest.mark.parametrize("name", ["metadata", "tools", "responseFormat"])
def test_text_that_is_no_json_is_refused(name: str, value: str) -> None:
    assert get_refusal(action="create-assistant", name="n", **{name: value}) == f"{name} must be JSON"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("metadata", value) for value in NO_OBJECTS),
        *(("tools", value) for value in NO_LISTS_OF_OBJECTS),
        *(("responseFormat", value) for value in NO_FORMATS),
    ],
)
def test_json_of_the_wrong_type_is_refused(name: str, value: Any) -> None:
    assert get_refusal(action="create-assistant", name="n", **{name: value}).startswith(
        f"{name} must be JSON: "
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({str(n): "x" for n in range(17)}, "metadata holds at most 16 pairs"),
        ({"": "x"}, "metadata keys have 1 to 64 characters"),
        ({"k" * 65: "x"}, "metadata keys have 1 to 64 characters"),
        ({"k": "x" * 513}, "metadata.k must be text of at most 512 characters"),
        ({"k": 5}, "metadata.k must be text of at most 512 characters"),
        ({"k": None}, "metadata.k must be text of at most 512 characters"),
    ],
)
def test_metadata_follows_openais_rules(value: Json, why: str) -> None:
    for action in ("create-thread", "create-assistant", "update-thread", "send-message", "run-assistant"):
        params = {**make_params(action), "metadata": value}
        assert get_refusal(**params, **({"name": "n"} if action == "create-assistant" else {})) == why


def test_metadata_is_taken_up_to_its_limits() -> None:
    full = {f"{n:064}": "x" * 512 for n in range(16)}
    assert send_parameter("metadata", full) == full


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([{"content": "x"}], "messages[0].role must be user or assistant"),
        ([{"role": "user", "content": "x"}, {"role": "system", "content": "x"}], "messages[1].role must be"),
        ([{"role": "user"}], "messages[0].content is required: text or a list of parts"),
        ([{"role": "user", "content": ""}], "messages[0].content is required: text or a list of parts"),
        ([{"role": "user", "content": 5}], "messages[0].content is required: text or a list of parts"),
        ("hi", "messages must be JSON"),
        ({"role": "user", "content": "x"}, "messages must be JSON: a list of objects"),
    ],
)
def test_messages_need_role_and_content(value: Any, why: str) -> None:
    assert get_refusal(action="create-thread", messages=value).startswith(why)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "toolOutputs must hold at least one output"),
        ([{}], "toolOutputs[0].toolCallId is required: the id of the tool call"),
        ([{"toolCallId": "a/b", "output": "x"}], "toolOutputs[0].toolCallId is required"),
        ([{"toolCallId": "call_1"}], "toolOutputs[0].output is required: text or JSON"),
        ([{"toolCallId": "call_1", "output": None}], "toolOutputs[0].output is required: text or JSON"),
        ([{"toolCallId": "call_1", "output": "x", "more": 1}], "toolOutputs[0].more is not known"),
        ("x", "toolOutputs must be JSON"),
    ],
)
def test_tool_outputs_need_a_call_and_an_output(value: Any, why: str) -> None:
    assert get_refusal(action="submit-tool-outputs", threadId="t", runId="r", toolOutputs=value).startswith(
        why
    )


@pytest.mark.parametrize("name", ["toolCallId", "tool_call_id", "id"])
@pytest.mark.parametrize(
    ("output", "text"), [("", ""), ("x", "x"), ({"a": 1}, '{"a": 1}'), (0, "0"), (False, "false"), ([], "[]")]
)
def test_an_output_is_sent_as_text(name: str, output: Any, text: str) -> None:
    upstream = answer_always(500)
    params = make_params("submit-tool-outputs") | {"toolOutputs": [{name: "call_1", "output": output}]}
    upstream.function()(**params)
    assert upstream.bodies()[0]["tool_outputs"] == [{"tool_call_id": "call_1", "output": text}]


@pytest.mark.parametrize("value", ["text", "json_object"])
def test_a_response_format_may_be_a_word(value: str) -> None:
    assert send_parameter("responseFormat", value) == {"type": value}


def test_the_response_format_auto_stays_a_word() -> None:
    assert send_parameter("responseFormat", "auto") == "auto"


def test_null_is_no_value() -> None:
    upstream = answer_always(200, THREAD)
    upstream.function().data(action="create-thread", metadata=None, messages=None)
    assert upstream.bodies() in ([], [{}])


@pytest.mark.parametrize("name", ASSISTANT)
def test_null_resets_in_an_update(name: str) -> None:
    upstream = answer_always(500)
    upstream.function()(action="update-assistant", assistantId="asst_1", **{name: None})
    assert [list(body.values()) for body in upstream.bodies()] == [[None]]


def test_an_empty_text_resets_in_an_update() -> None:
    upstream = answer_always(500)
    upstream.function()(action="update-assistant", assistantId="asst_1", instructions="")
    assert upstream.bodies() == [{"instructions": ""}]


@pytest.mark.parametrize("action", ["send-message", "run-assistant", "chat"])
@pytest.mark.parametrize("length", [32_001, 300_000])
def test_a_message_over_the_limit_is_413(action: str, length: int) -> None:
    upstream = make_untouched_upstream()
    answer = upstream.function()(**{**make_params(action), "message": "ä" * length})
    assert (answer["statusCode"], upstream.seen) == (413, [])
    assert answer["body"]["error"] == f"message has {length} characters; at most 32000 are taken"


def test_a_thread_s_message_over_the_limit_is_413() -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "user", "content": "x" * 40_000}]
    assert make_untouched_upstream().function().error(action="create-thread", messages=messages) == (
        413,
        "messages[1].content has 40000 characters; at most 32000 are taken",
    )


def test_a_thread_begins_with_as_many_messages_as_the_setting_allows() -> None:
    message = {"role": "user", "content": "x"}
    assert make_untouched_upstream().function().error(action="create-thread", messages=[message] * 101) == (
        413,
        "messages has 101 entries; at most 100 are taken (MAX_MESSAGES_PER_CALL)",
    )
    upstream = answer_always(200, THREAD)
    upstream.function(MAX_MESSAGES_PER_CALL="101").data(action="create-thread", messages=[message] * 101)
    assert len(upstream.bodies()[0]["messages"]) == 101


IMAGES: list[Json] = [
    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    {"type": "image_file", "image_file": {"file_id": "file_1"}},
]


def test_a_message_has_at_most_ten_images() -> None:
    ask = {"action": "create-thread", "messages": [{"role": "user", "content": IMAGES * 5}]}
    upstream = answer_always(200, THREAD)
    upstream.function().data(**ask)
    assert upstream.bodies()[0]["messages"] == ask["messages"]
    more = [{"role": "user", "content": [*IMAGES * 5, {"type": "text", "text": "x"}, IMAGES[0]]}]
    assert get_refusal(**ask | {"messages": more}) == "messages[0].content must have at most 10 images"


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("action", ["create-assistant", "run-assistant"])
def test_a_schema_has_at_most_32000_characters(action: str, as_text: bool) -> None:
    def make(size: int) -> Any:
        made = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"x": ""}}}
        made["json_schema"]["schema"]["x"] = "é" * (size - len(json.dumps(made)))  # type: ignore[index]
        return json.dumps(made) if as_text else made

    ask = make_params(action) | {"name": "n"} if action == "create-assistant" else make_params(action)
    refused = get_refusal(**ask | {"responseFormat": make(32_001)})
    assert refused == "responseFormat must have at most 32000 characters as JSON"
    upstream = answer_always(400)
    upstream.function()(**ask | {"responseFormat": make(32_000)})
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("name", ["tools", "metadata", "messages"])
def test_a_parameter_is_made_of_at_most_20000_values(name: str, as_text: bool) -> None:
    value: Any = {"a": [0] * 20_001} if name == "metadata" else [[0] * 20_001]
    action = {"messages": "create-thread"}.get(name, "create-assistant")
    ask = {"action": action, name: json.dumps(value) if as_text else value}
    assert get_refusal(**ask, **({} if name == "messages" else {"name": "n"})) == (
        f"{name} must be made of at most 20000 values"
    )


@pytest.mark.parametrize("blank", ["", "  ", "\n\t ", "\u200b\u2060", "\0"])
def test_a_blank_message_of_a_run_is_refused_by_its_name(blank: str) -> None:
    assert get_refusal(**make_params("run-assistant"), message=blank) == "message must not be blank"


@pytest.mark.parametrize("action", ["send-message", "chat"])
def test_a_blank_message_is_refused(action: str) -> None:
    assert get_refusal(**{**make_params(action), "message": "  "}) == "message must not be blank"


def test_a_blank_message_of_a_new_thread_is_refused() -> None:
    for blank in (" ", "\u200b", "\0", [{"type": "text", "text": " \ufeff"}]):
        messages = [{"role": "user", "content": "hi"}, {"role": "user", "content": blank}]
        assert (
            get_refusal(action="create-thread", messages=messages) == "messages[1].content must not be blank"
        )


HALF = "half of a surrogate pair: \ud83d"


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [
        ("send-message", "message", HALF),
        ("create-assistant", "name", HALF),
        ("create-assistant", "metadata", {"k": HALF}),
        ("create-assistant", "metadata", '{"k": "\\ud83d"}'),
        ("create-thread", "messages", [{"role": "user", "content": HALF}]),
        ("create-assistant", "tools", [{"type": "function", "function": {HALF: 1}}]),
        ("create-assistant", "responseFormat", {"type": HALF}),
        ("create-assistant", "tools", [{"type": "function", "n": float("nan")}]),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(action: str, name: str, value: Any) -> None:
    params = {**make_params(action), "name": "n"} if action == "create-assistant" else make_params(action)
    assert get_refusal(**{**params, name: value}).startswith(f"{name} ")


@pytest.mark.parametrize(("action", "name"), [("create-assistant", "tools"), ("create-thread", "messages")])
def test_a_value_that_is_nested_too_deeply_is_refused_by_name(action: str, name: str) -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    entry = {"type": "function", "role": "user", "content": deep, "x": deep}
    params = {"action": action, **({"name": "n"} if action == "create-assistant" else {})}
    assert get_refusal(**params, **{name: [entry]}) == f"{name} is nested too deeply"


def test_nul_reaches_openai_as_it_is() -> None:
    upstream = answer_always(500)
    upstream.function()(action="send-message", threadId="thread_1", message="a\x00b")
    assert upstream.bodies()[0]["content"] == "a\x00b"


@pytest.mark.parametrize("action", ["create-assistant", "update-assistant", "run-assistant", "chat"])
@pytest.mark.parametrize("model", ["", "m" * 257])
def test_a_model_has_a_name(action: str, model: Any) -> None:
    more = {"name": "a"} if action == "create-assistant" else {}
    assert get_refusal(**make_params(action), **more, model=model) == "model must have 1 to 256 characters"
