"""Keeps the fields that v2 has and today's OpenAI has not ("extras") in the metadata of upstream objects.

They are stored as JSON text, cut into the pairs `v2_0`, `v2_1` and so on, beside the caller's pairs. Where
16 pairs do not hold both, the caller's go into that text too, as `[extras, metadata]`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from assistants_transport.v2_errors import Json, V2Error, refuse_value

PREFIX = "v2_"
_RESERVED_KEY = re.compile(rf"{PREFIX}\d+")
# OpenAI's limits for the metadata of every object
MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY_CHARACTERS = 64
MAX_METADATA_VALUE_CHARACTERS = 512


def pack(extras: Json, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's metadata together with the extras.

    Raises V2Error 400 for a key that is reserved, and for what does not fit into the 16 pairs at all."""
    callers = dict(metadata or {})
    for key in callers:
        if _RESERVED_KEY.fullmatch(key):
            raise V2Error(
                400,
                f"metadata keys of {PREFIX} and a number are reserved: {key[:70]!r}.",
                param=f"metadata.{key}",
            )
    beside = _cut(extras) if extras else {}
    if len(callers) + len(beside) <= MAX_METADATA_PAIRS:
        return callers | beside
    check_limits(callers)
    together = _cut([extras, callers])
    if len(together) > MAX_METADATA_PAIRS:
        raise V2Error(
            400,
            f"metadata holds at most {MAX_METADATA_PAIRS} pairs: {len(callers)} of the caller's and "
            f"{len(beside)} that carry {', '.join(sorted(extras))} are too many.",
            param="metadata",
        )
    return together


def unpack(metadata: object) -> tuple[dict[str, str], dict[str, Any]]:
    """The metadata of an upstream object -> (the caller's metadata, the extras).

    Reserved pairs that another program wrote count as the caller's."""
    pairs = metadata if isinstance(metadata, dict) else {}
    callers = dict(pairs)
    pieces: list[str] = []
    while (piece := callers.pop(f"{PREFIX}{len(pieces)}", None)) is not None:
        pieces.append(piece)
    match _parse("".join(pieces)) if pieces else {}:
        case dict(extras):
            return callers, extras
        case [dict(extras), dict(packed)]:
            return packed | callers, extras
        case _:
            return dict(pairs), {}


def _cut(value: Any) -> dict[str, str]:
    """The value as JSON text in reserved pairs."""
    text, size = json.dumps(value, separators=(",", ":"), ensure_ascii=False), MAX_METADATA_VALUE_CHARACTERS
    return {
        f"{PREFIX}{number}": text[start : start + size]
        for number, start in enumerate(range(0, len(text), size))
    }


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def check_limits(metadata: Mapping[str, object]) -> None:
    """Raises V2Error 400 for pairs that OpenAI would refuse if it saw them."""
    if len(metadata) > MAX_METADATA_PAIRS:
        refuse_value("metadata", f"at most {MAX_METADATA_PAIRS} pairs are wanted")
    for key, value in metadata.items():
        if len(key) > MAX_METADATA_KEY_CHARACTERS:
            refuse_value("metadata", f"a key has at most {MAX_METADATA_KEY_CHARACTERS} characters")
        if not isinstance(value, str) or len(value) > MAX_METADATA_VALUE_CHARACTERS:
            refuse_value(
                f"metadata.{key}", f"text of at most {MAX_METADATA_VALUE_CHARACTERS} characters is wanted"
            )
