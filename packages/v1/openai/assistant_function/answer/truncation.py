"""The platform sends at most 1 MB: a longer answer is made shorter, and says so."""

import json
from typing import Any

from assistant_function.errors import Json

MOST_BYTES = 950_000  # the platform's 1 MB, less headers and its own wrapping
LISTS = {"messages": "messageId", "assistants": "assistantId"}
LONGEST_TEXT_CHARACTERS = 200_000
SHORTEST_TEXT_CHARACTERS = 100


def fit(data: Json, backwards: bool = False) -> Json:
    """The data as it is, or a page with fewer entries (`hasMore`), or with its longest texts cut.

    A page that was read `backwards` keeps its last entries: it is gone on from by `before` its first."""
    if fits(data):
        return data
    if data.get("parsed") is not None:  # its text is there too
        return fit({**data, "parsed": None})
    name = next((name for name in LISTS if "hasMore" in data and len(data.get(name) or []) > 1), None)
    return fit(_with_fewer(data, name, backwards), backwards) if name else _with_shorter_texts(data)


def fits(data: Json) -> bool:
    """Whether it can be sent; what is made of a million small values cannot be made shorter sensibly."""
    return _bytes(data) <= MOST_BYTES


def ids_of(data: Json) -> Json:
    """What is left of data that cannot be sent."""
    return {name: value for name, value in data.items() if name.endswith("Id")}


def _with_fewer(data: Json, name: str, backwards: bool) -> Json:
    """The first entries (or the last), as many as fit, at least one."""
    room = MOST_BYTES - _bytes({**data, name: []})
    kept: list[Json] = []
    for entry in reversed(data[name]) if backwards else data[name]:
        room -= _bytes(entry) + len(", ")
        if kept and room < 0:
            break
        kept.append(entry)
    kept = kept[::-1] if backwards else kept
    ends = {"firstId": kept[0][LISTS[name]], "lastId": kept[-1][LISTS[name]]}
    return {**data, name: kept, "hasMore": True, **ends}


def _with_shorter_texts(data: Json) -> Json:
    longest, shortest = LONGEST_TEXT_CHARACTERS, dict(_cut(data, SHORTEST_TEXT_CHARACTERS))
    while fits(shortest) and longest > SHORTEST_TEXT_CHARACTERS:
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


def _bytes(data: Json) -> int:
    """As sent: `response` stands in the answer twice."""
    twice = len(json.dumps(data["response"]).encode()) if data.get("response") else 0
    return twice + len(json.dumps(data, ensure_ascii=False).encode(errors="replace"))
