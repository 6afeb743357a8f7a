"""What v2 knows and today's OpenAI does not rides in the object's metadata, in pairs named `v2_…`."""

import json
from collections.abc import Mapping
from typing import Any

from assistants_transport.errors import Json, V2Error

PREFIX = "v2_"
MOST_PAIRS = 16  # of metadata, for every object of the API
MOST_VALUE_CHARACTERS = 512


def pack(extras: Json, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's metadata and the extras as JSON text, cut into values of 512 characters.

    V2Error 400 names the fields where both together do not fit into the 16 pairs."""
    own = dict(metadata or {})
    for key in own:
        if key.startswith(PREFIX):
            raise V2Error(
                400, f"metadata keys that begin with {PREFIX} are reserved: {key!r}.", param=f"metadata.{key}"
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
    own = {key: value for key, value in pairs.items() if not key.startswith(PREFIX)}
    pieces: list[str] = []
    while (piece := pairs.get(f"{PREFIX}{len(pieces)}")) is not None:
        pieces.append(piece)
    try:
        extras = json.loads("".join(pieces)) if pieces else {}
    except ValueError:  # written by somebody else: theirs, not ours
        return dict(pairs), {}
    return own, extras if isinstance(extras, dict) else {}
