"""Keeps the fields that v2 has and today's OpenAI has not ("extras") in the metadata of upstream objects.

They are stored as JSON text, cut into the pairs `v2_0`, `v2_1` and so on.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from assistants_transport.v2_errors import Json, V2Error

PREFIX = "v2_"
_RESERVED_KEY = re.compile(rf"{PREFIX}\d+")
# OpenAI's limits for the metadata of every object
MAX_METADATA_PAIRS = 16
MAX_METADATA_VALUE_CHARACTERS = 512


def pack(extras: Json, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's metadata together with the extras.

    Raises V2Error 400 for a key that is reserved, and for extras that do not fit into the 16 pairs."""
    callers = dict(metadata or {})
    for key in callers:
        if _RESERVED_KEY.fullmatch(key):
            raise V2Error(
                400,
                f"metadata keys of {PREFIX} and a number are reserved: {key[:70]!r}.",
                param=f"metadata.{key}",
            )
    text = json.dumps(extras, separators=(",", ":"), ensure_ascii=False) if extras else ""
    size = MAX_METADATA_VALUE_CHARACTERS
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    if len(callers) + len(pieces) > MAX_METADATA_PAIRS:
        fields = ", ".join(sorted(extras))
        raise V2Error(
            400,
            f"metadata holds at most {MAX_METADATA_PAIRS} pairs: {len(callers)} of the caller's and "
            f"{len(pieces)} that carry {fields or 'nothing'} are too many.",
            param="metadata",
        )
    return callers | {f"{PREFIX}{number}": piece for number, piece in enumerate(pieces)}


def unpack(metadata: object) -> tuple[dict[str, str], dict[str, Any]]:
    """The metadata of an upstream object -> (the caller's metadata, the extras).

    Reserved pairs that another program wrote count as the caller's."""
    pairs = metadata if isinstance(metadata, dict) else {}
    callers = dict(pairs)
    pieces: list[str] = []
    while (piece := callers.pop(f"{PREFIX}{len(pieces)}", None)) is not None:
        pieces.append(piece)
    try:
        extras = json.loads("".join(pieces)) if pieces else {}
    except ValueError:
        extras = None
    return (callers, extras) if isinstance(extras, dict) else (dict(pairs), {})
