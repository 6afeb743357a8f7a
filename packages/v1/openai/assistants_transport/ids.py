"""Ids map by prefix and back, so nothing has to be stored for them."""

import re

from assistants_transport.v2_errors import V2Error

PREFIXES = {
    "thread_": "conv_",
    "asst_": "agent_",  # the documentation's example is agent_123 (unverified)
    "run_": "resp_",
}
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_UPSTREAM_ID = re.compile(r"\b(conv|agent|resp)_\w+")
NAMES = {"Conversation": "Thread", "Agent": "Assistant", "Response": "Run"}
_UPSTREAM_NAME = re.compile(r"\b(Conversation|Agent|Response)\b(?= with)")


def to_upstream(v2_id: str) -> str:
    """`thread_x` -> `conv_x`. An id with another prefix goes through as it is; one that could leave
    its place in the path is a V2Error 400."""
    require_safe(v2_id)
    return _swap(v2_id, PREFIXES)


def require_safe(v2_id: str) -> None:
    if not _SAFE.fullmatch(v2_id):
        raise V2Error(400, f"Invalid id: {v2_id[:140]!r}.")


def to_v2(upstream_id: str) -> str:
    """`conv_x` -> `thread_x`; an id with another prefix goes through as it is."""
    return _swap(upstream_id, {new: old for old, new in PREFIXES.items()})


def in_text(text: str) -> str:
    """An upstream message in the words of v2, with the caller's own ids."""
    text = _UPSTREAM_NAME.sub(lambda found: NAMES[found.group()], text)
    return _UPSTREAM_ID.sub(lambda found: to_v2(found.group()), text)


def _swap(value: str, prefixes: dict[str, str]) -> str:
    for old, new in prefixes.items():
        if value.startswith(old):
            return new + value.removeprefix(old)
    return value
