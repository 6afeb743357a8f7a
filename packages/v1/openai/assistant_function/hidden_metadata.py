"""The pairs of a thread's metadata that hold records of requestIds: callers neither see nor set them."""

import re
from collections.abc import Mapping

HIDDEN_PREFIX = "requests_"
_HIDDEN_KEY = re.compile(rf"{HIDDEN_PREFIX}\d")


def split_hidden(metadata: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """A thread's metadata -> (the caller's pairs, the hidden pairs)."""
    hidden = {key: value for key, value in metadata.items() if _HIDDEN_KEY.fullmatch(key)}
    return {key: value for key, value in metadata.items() if key not in hidden}, hidden
