"""What v2 knows and today's OpenAI does not rides in the object's metadata, in pairs named `v2_…`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from assistants_transport.v2_errors import Json, V2Error

PREFIX = "v2_"
_RESERVED = re.compile(rf"{PREFIX}\d+")
MOST_PAIRS = 16  # of metadata, for every object of the API
MOST_VALUE_CHARACTERS = 512


def pack(extras: Json, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's metadata and the extras as JSON text, cut into values of 512 characters.

    V2Error 400 names the fields where both together do not fit into the 16 pairs."""
    own = dict(metadata or {})
    for key in own:
        if _RESERVED.fullmatch(key):
            raise V2Error(
                400,
                f"metadata keys of {PREFIX} and a number are reserved: {key[:70]!r}.",
                param=f"metadata.{key}",
            )
    text = json.dumps(extras, separators=(",", ":"), ensure_ascii=False) if extras else ""
    pieces = [text[at : at + MOST_VALUE_CHARACTERS] for at in range(0, len(text), MOST_VALUE_CHARACTERS)]
    if len(own) + len(pieces) > MOST_PAIRS:
        fields = ", ".join(sorted(extras))
        raise V2Error(
            400,
            f"metadata holds at most {MOST_PAIRS} pairs: {len(own)} of the caller's and "
            f"{len(pieces)} that carry {fields or 'nothing'} are too many.",
            param="metadata",
        )
    return own | {f"{PREFIX}{number}": piece for number, piece in enumerate(pieces)}


def unpack(metadata: object) -> tuple[dict[str, str], dict[str, Any]]:
    """Metadata of an upstream object -> (the caller's own, the extras)."""
    pairs = metadata if isinstance(metadata, dict) else {}
    own = dict(pairs)
    pieces: list[str] = []
    while (piece := own.pop(f"{PREFIX}{len(pieces)}", None)) is not None:
        pieces.append(piece)
    try:
        extras = json.loads("".join(pieces)) if pieces else {}
    except ValueError:
        extras = None
    return (own, extras) if isinstance(extras, dict) else (dict(pairs), {})  # else: somebody else's pairs
