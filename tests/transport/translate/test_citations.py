"""Citations stand in the text as v2 had them, and the documented loop finds them there."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.beta.threads import Text

from assistants_transport.translate.citations import cite

KNOWN_TO_V2 = ("file_citation", "file_path", "container_file_citation")


def cited(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "file_id": "f", "filename": "a.txt"} | more


def link(start: int | None, end: int | None) -> dict[str, Any]:
    place = {"start_index": start, "end_index": end}
    return {"type": "url_citation", "url": "https://x", "title": "X", **place}


def test_a_marker_stands_at_each_file_citation() -> None:
    text = cite("One. Two.", [cited("file_citation", index=9), cited("file_citation", index=4)], 4)
    assert text["value"] == "One.【4:0†source】 Two.【4:1†source】"
    assert text["annotations"] == [
        {
            "type": "file_citation",
            "text": "【4:1†source】",
            "start_index": 21,
            "end_index": 33,
            "file_citation": {"file_id": "f", "filename": "a.txt"},
        },
        {
            "type": "file_citation",
            "text": "【4:0†source】",
            "start_index": 4,
            "end_index": 16,
            "file_citation": {"file_id": "f", "filename": "a.txt"},
        },
    ]


@pytest.mark.parametrize("index", [3, 4, 10**9, None, "x"])
def test_an_index_at_or_behind_the_end_is_the_end(index: Any) -> None:
    assert cite("abc", [cited("file_path", index=index)], 0)["value"] == "abc【0:0†source】"


def test_a_links_text_is_what_it_covers_although_markers_stand_before_it() -> None:
    text = cite(
        "see here now", [link(4, 8), cited("file_citation", index=4), link(4, 4), link(None, None)], 0
    )
    assert text["value"] == "see 【0:0†source】here now"
    told = [(one["text"], one["start_index"], one["end_index"]) for one in text["annotations"]]
    assert told == [
        ("here", 16, 20),
        ("【0:0†source】", 4, 16),
        ("https://x", 16, 16),
        ("https://x", 24, 24),
    ]
    details: Any = text["annotations"][0]
    assert details["url_citation"] == {"url": "https://x", "title": "X"}


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [(4, 24, "sandbox:/mnt/data/a."), (4, 4, "【0:0†source】")],
)
def test_a_file_of_a_container_is_a_file_path(start: int, end: int, text: str) -> None:
    given = cited("container_file_citation", container_id="c", start_index=start, end_index=end)
    found: Any = cite("Get sandbox:/mnt/data/a.txt", [given], 0)["annotations"][0]
    assert (found["type"], found["text"], found["start_index"]) == ("file_path", text, 4)
    assert found["file_path"] == {"file_id": "f", "filename": "a.txt", "container_id": "c"}


def test_a_new_kind_of_citation_is_shown_as_it_is() -> None:
    found: Any = cite("abc", [{"type": "new", "start_index": 1, "end_index": 2, "x": 1}], 0)["annotations"][0]
    assert found == {"type": "new", "text": "b", "start_index": 1, "end_index": 2, "new": {"x": 1}}


INDEX = st.integers(-2, 30)
CITATIONS = st.builds(
    lambda kind, index, end: cited(kind, index=index, start_index=index, end_index=end),
    st.sampled_from([*KNOWN_TO_V2, "url_citation"]),
    INDEX,
    INDEX,
)


@settings(deadline=None)
@given(st.text("ab😀 ", max_size=20), st.lists(CITATIONS, max_size=6))
def test_every_annotation_tells_where_its_text_stands(value: str, annotations: list[Any]) -> None:
    given_urls = [one | {"url": "https://x"} for one in annotations]
    text = cite(value, given_urls, 0)
    bare = text["value"]
    for one in text["annotations"]:
        start, end = one["start_index"], one["end_index"]
        assert one["text"]
        assert text["value"][start:end] == one["text"] or (start == end and one["text"] == "https://x")
        if one["text"].startswith("【"):
            bare = bare.replace(one["text"], "")
    assert bare == value or any(one["text"].count("【") > 1 for one in text["annotations"])
    Text.model_validate(
        text | {"annotations": [one for one in text["annotations"] if one["type"] != "url_citation"]}
    )


def test_many_citations_take_little_time() -> None:
    given_citations = [cited("file_citation", index=n) for n in range(20_000)]
    began = time.process_time()
    cite("x" * 1_000_000, given_citations, 0)
    assert time.process_time() - began < 5
