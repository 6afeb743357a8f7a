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
    beside, together = count_pieces({"x": text}), count_pieces([{"x": text}, metadata])
    if len(metadata) + beside > 16 and (len(metadata) > 16 or together > 16):
        with pytest.raises(V2Error, match="16 pairs"):
            pack({"x": text}, metadata)
        return
    packed = pack({"x": text}, metadata)
    assert len(packed) == (together if len(metadata) + beside > 16 else len(metadata) + beside)
    assert all(len(value) <= 512 for value in packed.values())
    assert unpack(packed) == (metadata, {"x": text})


def count_pieces(value: object) -> int:
    return -(-len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) // 512)


SIXTEEN = {f"key {n}": "ä" * 64 for n in range(16)}


def test_sixteen_pairs_and_extras_are_packed_together_and_come_back() -> None:
    extras = {"assistant": "agent_1", "description": "d" * 512}
    packed = pack(extras, SIXTEEN)
    assert set(packed) <= {f"v2_{n}" for n in range(16)}
    assert unpack(packed) == (SIXTEEN, extras)
    assert unpack(packed | {"added": "by another program"})[0] == SIXTEEN | {"added": "by another program"}


def test_an_overflow_names_the_fields_that_do_not_fit() -> None:
    with pytest.raises(V2Error, match=r"16 of the caller's and 2 that carry description, top_p are too many"):
        pack({"description": "d" * 600, "top_p": 1}, {str(n): "v" * 500 for n in range(16)})


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ({"k": "x" * 513}, "at most 512 characters"),
        ({"k": 1}, "text"),
        ({"k" * 65: "x"}, "at most 64 characters"),
        ({"one": "more", "two": "more"}, "at most 16 pairs"),
    ],
)
def test_packed_pairs_have_the_limits_of_all_metadata(pair: dict[str, str], why: str) -> None:
    fifteen = {str(n): "" for n in range(15)}
    with pytest.raises(V2Error, match=why):
        pack({"x": "y" * 600}, fifteen | pair)


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
