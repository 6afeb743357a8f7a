"""Translates ids by their prefix, in both directions, so no table of ids has to be stored."""

import re

from assistants_transport.v2_errors import Json, V2Error

RESPONSE_PREFIX = "resp_"
UPSTREAM_PREFIXES = {
    "thread_": "conv_",
    "asst_": "agent_",  # the documentation's example is agent_123 (unverified)
    "run_": RESPONSE_PREFIX,
}
V2_PREFIXES = {upstream: v2 for v2, upstream in UPSTREAM_PREFIXES.items()}
V2_NAMES = {"Conversation": "Thread", "Agent": "Assistant", "Response": "Run"}
# The Unix seconds in an id: behind 18 other digits in today's ids, in front in those until late 2025. Nobody
# promises either, so a time is believed only where it is plausible.
_ID_TIMES = (re.compile(r"[a-z]+_[0-9a-f]{18}([0-9a-f]{8})"), re.compile(r"[a-z]+_([0-9a-f]{8})"))
_ID_HEAD = re.compile(r"[a-z]+_([0-9a-f]{16})[0-9a-f]{10}")
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_UPSTREAM_ID = re.compile(r"\b(conv|agent|resp)_\w+")
_UPSTREAM_NAME = re.compile(r"\b(Conversation|Agent|Response)\b(?= with)")


def to_upstream_id(v2_id: str) -> str:
    """`thread_x` -> `conv_x`; an id with another prefix stays as it is. V2Error 400 for an unsafe id."""
    require_safe_id(v2_id)
    return _swap_prefix(v2_id, UPSTREAM_PREFIXES)


def require_safe_id(v2_id: str) -> None:
    """Raises V2Error 400 for an id that could change the meaning of the path it is put into."""
    if not _SAFE_ID.fullmatch(v2_id):
        raise V2Error(400, f"Invalid id: {v2_id[:140]!r}.")


def to_v2_id(upstream_id: str) -> str:
    """`conv_x` -> `thread_x`; an id with another prefix stays as it is."""
    return _swap_prefix(upstream_id, V2_PREFIXES)


def to_v2_text(text: str) -> str:
    """Rewrites an upstream message with v2's names of objects and v2's ids."""
    text = _UPSTREAM_NAME.sub(lambda found: V2_NAMES[found.group()], text)
    return _UPSTREAM_ID.sub(lambda found: to_v2_id(found.group()), text)


def read_time(upstream_id: str, earliest: int, latest: int) -> int | None:
    """The Unix seconds that the id tells; None where they are not from `earliest` to `latest`."""
    for pattern in _ID_TIMES:
        found = pattern.match(upstream_id)
        if found and earliest <= int(found[1], 16) <= latest:
            return int(found[1], 16)
    return None


def head_of(item_id: str) -> str | None:
    """What the ids of a response's items have in common, as ids are today; None where it has another form."""
    found = _ID_HEAD.match(item_id)
    return found and found[1]


def conversation_id_of(response: Json) -> str:
    """The id of the conversation that a response belongs to; empty if it belongs to none."""
    conversation = response.get("conversation")
    return str((conversation["id"] if isinstance(conversation, dict) else conversation) or "")


def _swap_prefix(value: str, prefixes: dict[str, str]) -> str:
    for old, new in prefixes.items():
        if value.startswith(old):
            return new + value.removeprefix(old)
    return value
