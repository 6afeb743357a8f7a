"""Ids that carry the second in which they were made, as OpenAI's have done since late 2025.

    resp_0bc0cffd983db634 00 693fdead 1f0c8b5e2a7d4c3b9e6f1a2d
         head                seconds  the rest

The head and the rest are random; the output of a response has the head of the response's id.
"""

import secrets

HEAD_BYTES = 8
REST_BYTES = 12
BETWEEN = "00"


def make_timed_id(prefix: str, seconds: float, head: str | None = None) -> str:
    """A fresh id: `prefix_` and 50 hex digits; without a `head` it gets one of its own."""
    head = head or secrets.token_hex(HEAD_BYTES)
    return f"{prefix}_{head}{BETWEEN}{int(seconds):08x}{secrets.token_hex(REST_BYTES)}"


def read_head(identifier: str) -> str:
    """The head of an id that was made here."""
    return identifier.partition("_")[2][: HEAD_BYTES * 2]
