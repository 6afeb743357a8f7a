"""Makes an answer fit: the platform sends at most 1 MB, so a longer one is made shorter, and says so."""

import json
from typing import Any

from assistant_function.errors import Json

MAX_BYTES = 950_000  # the platform's 1 MB, less headers and its own wrapping
PAGE_KEYS = ("firstId", "lastId", "hasMore")
LISTS = {"messages": "messageId", "assistants": "assistantId", "runs": "runId"}
MAX_SENT_TEXT_CHARACTERS = 200_000
MIN_SENT_TEXT_CHARACTERS = 100
LARGE = 100_000  # characters of a text


def fit(data: Json, cut_front: bool = False) -> Json:
    """Returns the data as it is, or a page with fewer entries (`hasMore`), or with its longest texts cut.

    With `cut_front` a page loses its first entries: the caller goes on by `before` the first that is left."""
    if fits(data):
        return data
    if data.get("parsed") is not None:  # `response` holds the same as text
        return fit({**data, "parsed": None})
    name = next((name for name in LISTS if "hasMore" in data and len(data.get(name) or []) > 1), None)
    if name:
        return fit(cut_page(data, name, LISTS[name], PAGE_KEYS, cut_front), cut_front)
    return _shorten_texts(data)


def fits(data: Json) -> bool:
    """Whether the data can be sent. A million small values cannot, and cannot be made shorter sensibly."""
    return _count_bytes(data) <= MAX_BYTES


def keep_ids(data: Json) -> Json:
    """What is left of data that cannot be sent: its ids."""
    return {name: value for name, value in data.items() if name.endswith("Id")}


def cut_page(page: Json, name: str, id_name: str, page_keys: tuple[str, str, str], cut_front: bool) -> Json:
    """Keeps the first entries of the list of this name (or the last), as many as fit, at least one.

    `page_keys` are what the page calls its first id, its last id, and whether there are more."""
    room = MAX_BYTES - _count_bytes({**page, name: []})
    kept: list[Json] = []
    for entry in reversed(page[name]) if cut_front else page[name]:
        room -= _count_bytes(entry) + len(", ")
        if kept and room < 0:
            break
        kept.append(entry)
    kept = kept[::-1] if cut_front else kept
    first, last, more = page_keys
    return {**page, name: kept, more: True, first: kept[0][id_name], last: kept[-1][id_name]}


def _shorten_texts(data: Json) -> Json:
    longest, shortest = MAX_SENT_TEXT_CHARACTERS, dict(_cut(data, MIN_SENT_TEXT_CHARACTERS))
    while fits(shortest) and longest > MIN_SENT_TEXT_CHARACTERS:
        if fits(shorter := dict(_cut(data, longest))):
            return shorter
        longest //= 2
    return shortest


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, dict):
        return {key: _cut(inner, longest) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cut(inner, longest) for inner in value]
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}\n[cut after {longest} of {len(value)} characters: 1 MB is sent at most]"
    return value


def _count_bytes(data: Json) -> int:
    """The size as it is sent: `response` stands in the answer twice."""
    return _measure(data) + _measure(data.get("response"))


def _measure(value: Any) -> int:
    """The bytes of the value as JSON, or a few more. What is large is measured apart: the JSON of the whole
    would need several times the memory that the value has."""
    if isinstance(value, str) and _is_large(value):
        return sum(_measure(value[start : start + LARGE]) for start in range(0, len(value), LARGE))
    if isinstance(value, list) and any(map(_is_large, value)):
        return len("[]") + sum(_measure(inner) + len(", ") for inner in value)
    if isinstance(value, dict) and (large := {k: v for k, v in value.items() if _is_large(v)}):
        small = {key: inner for key, inner in value.items() if key not in large}
        return _measure(small) + sum(_measure(key) + _measure(large[key]) + len(": , ") for key in large)
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _is_large(value: Any) -> bool:
    return len(value) > LARGE if isinstance(value, str) else bool(value) and isinstance(value, dict | list)
