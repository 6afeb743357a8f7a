"""How many objects a JSON text would become is told from the text alone."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistant_function.json_text import has_more_values

SCALARS = st.none() | st.booleans() | st.integers() | st.text('a",[{\\é')
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text('",\\'), inner))


def count_values(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count_values, inner))


@given(JSON, st.booleans())
def test_no_fewer_are_told_than_there_are_and_not_many_more(value: Any, escaped: bool) -> None:
    text, count = json.dumps(value, ensure_ascii=escaped).encode(), count_values(value)
    assert has_more_values(text, count - 2)  # the outermost follows nothing
    assert not has_more_values(text, 4 * count)  # of a dict's pairs, keys and texts count beside their commas


@given(st.binary())
def test_what_is_no_json_is_counted_too(text: bytes) -> None:
    assert has_more_values(text, -1)
    assert not has_more_values(text, len(text))
