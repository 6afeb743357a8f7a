"""What v2 knows and today's OpenAI does not rides in metadata."""

import contextlib
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assistants_transport.extras import pack, unpack
from assistants_transport.v2_errors import V2Error

KEYS = st.text(max_size=20).filter(lambda key: not key.startswith("v2_"))
VALUES = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=8), st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_what_is_packed_is_unpacked(metadata: dict[str, str], extras: dict[str, object]) -> None:
    assert unpack(pack(extras, metadata)) == (metadata, extras)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=9000), st.dictionaries(KEYS, VALUES, max_size=18))
def test_what_is_packed_fits_into_metadata_or_is_refused(text: str, metadata: dict[str, str]) -> None:
    pieces = -(-len(json.dumps({"x": text}, ensure_ascii=False, separators=(",", ":"))) // 512)
    if len(metadata) + pieces > 16:
        with pytest.raises(V2Error, match="16 pairs"):
            pack({"x": text}, metadata)
        return
    packed = pack({"x": text}, metadata)
    assert len(packed) == len(metadata) + pieces
    assert all(len(value) <= 512 for value in packed.values())


def test_an_overflow_names_the_fields_that_do_not_fit() -> None:
    with pytest.raises(V2Error, match=r"15 of the caller's and 2 that carry description, top_p are too many"):
        pack({"description": "d" * 600, "top_p": 1}, {str(n): "" for n in range(15)})


@pytest.mark.parametrize("key", ["v2_0", "v2_15", "v2_007"])
def test_keys_that_carry_are_reserved(key: str) -> None:
    with pytest.raises(V2Error, match=key):
        pack({}, {key: "x"})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["v2_note", "v2_", "v2_1", "a"]), VALUES))
def test_pairs_of_other_programs_are_theirs(pairs: dict[str, str]) -> None:
    assert unpack(pairs) == (pairs, {})


@settings(deadline=None)
@given(VALUES)
def test_a_reserved_pair_that_is_not_ours_is_shown(value: str) -> None:
    with contextlib.suppress(ValueError):
        assume(not isinstance(json.loads(value), dict))
    assert unpack({"v2_0": value, "a": "b"}) == ({"v2_0": value, "a": "b"}, {})


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_metadata_is_no_metadata(nothing: object) -> None:
    assert unpack(nothing) == ({}, {})
    assert pack({}, None) == {}
