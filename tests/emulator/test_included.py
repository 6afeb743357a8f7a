"""`include`: what items hold and show only to those who ask for it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openai import OpenAI
from openai.types.responses import Response

Ask = Callable[..., Response]
Refused = Callable[..., dict[str, Any]]
TOOLS = [
    {"type": "file_search", "vector_store_ids": ["vs_1"]},
    {"type": "code_interpreter", "container": {"type": "auto"}},
]
RESULTS, OUTPUTS = "file_search_call.results", "code_interpreter_call.outputs"
BOTH = "please cite\n/python 1 + 1"
ALL_VALUES = [
    RESULTS,
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    OUTPUTS,
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
]


def shown(items: list[Any]) -> tuple[bool, bool]:
    """Whether the results of the search and the outputs of the code are shown."""
    found = {item.type: item for item in items}
    search, code = found["file_search_call"], found["code_interpreter_call"]
    return search.results is not None, code.outputs is not None


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ([], (False, False)),
        ([RESULTS], (True, False)),
        ([OUTPUTS], (False, True)),
        ([RESULTS, OUTPUTS], (True, True)),
    ],
)
def test_whoever_asks_sees(client: OpenAI, ask: Ask, include: Any, expected: tuple[bool, bool]) -> None:
    conversation_id = client.conversations.create().id
    response = ask(BOTH, tools=TOOLS, include=include, conversation=conversation_id)
    items = client.conversations.items
    assert shown(response.output) == expected
    assert shown(client.responses.retrieve(response.id, include=include).output) == expected
    assert shown(items.list(conversation_id, include=include).data) == expected
    one_by_one = [
        items.retrieve(str(item.id), conversation_id=conversation_id, include=include)
        for item in response.output
    ]
    assert shown(one_by_one) == expected


def test_what_was_not_asked_for_at_first_can_be_seen_later(client: OpenAI, ask: Ask) -> None:
    response = ask(BOTH, tools=TOOLS)
    later = client.responses.retrieve(response.id, include=["file_search_call.results"])
    assert (shown(response.output), shown(later.output)) == ((False, False), (True, False))


def test_asking_at_creation_is_no_asking_later(client: OpenAI, ask: Ask) -> None:
    response = ask(BOTH, tools=TOOLS, include=[RESULTS, OUTPUTS])
    assert shown(client.responses.retrieve(response.id).output) == (False, False)


def test_results_are_the_files_that_are_cited(ask: Ask) -> None:
    output: Any = ask(BOTH, tools=TOOLS, include=[RESULTS]).output
    (result,) = output[0].results
    (citation,) = output[-1].content[0].annotations
    assert (result.file_id, result.filename) == (citation.file_id, citation.filename)
    assert (result.score, result.text, result.attributes) == (0.5, "What stands in the file.", {})


@pytest.mark.parametrize(
    "query",
    [
        f"include[]={RESULTS}&include[]={OUTPUTS}",
        f"include={RESULTS}&include={OUTPUTS}",
        f"include={RESULTS},{OUTPUTS}",
    ],
)
def test_a_query_may_repeat_include_or_separate_by_commas(http: httpx.Client, ask: Ask, query: str) -> None:
    response = ask(BOTH, tools=TOOLS)
    search, code, _ = http.get(f"/responses/{response.id}?{query}").json()["output"]
    assert search["results"]
    assert code["outputs"]


@pytest.mark.parametrize("value", ALL_VALUES)
def test_all_of_openais_values_are_taken(client: OpenAI, ask: Ask, value: Any) -> None:
    response = ask("x", include=[value])
    assert client.responses.retrieve(response.id, include=[value]).id == response.id


def test_any_other_value_is_refused(client: OpenAI, ask: Ask, refused: Refused) -> None:
    conversation_id = client.conversations.create().id
    response = ask("x", conversation=conversation_id)
    assert refused("/responses", {"model": "m", "input": "x", "include": ["all"]})["param"] == "include[0]"
    for path in (
        f"/responses/{response.id}",
        f"/conversations/{conversation_id}/items",
        f"/conversations/{conversation_id}/items/{response.output[0].id}",
    ):
        assert refused(f"{path}?include[]=all", method="GET")["param"] == "include[0]"
