"""Switches: what may go wrong with a stream of events, so that a test sees how a client gets on with it."""

from dataclasses import dataclass


@dataclass
class StreamFaults:
    """All are off at first. They count for POST /responses with `stream: true`; `also_replays`: for GET too.

    `first_event_seconds`: so long nothing comes, not even the head of the answer. `drop_after`,
    `stall_after`, `trickle_after`: after so many events the connection breaks off, nothing more comes, or
    nothing but comments without end. `noise`: comments and events that nobody knows lie between the others.
    `json`: the response as JSON, in place of a stream. `empty`: a 200 with nothing in it. Behind both the
    response goes on. `refuses_background`: 400 with `detail`, and nothing is done, where background and
    stream come together, as OGX answers. `lock_seconds`: so long a conversation stays locked after its
    response has ended, streamed or not.
    """

    also_replays: bool = False
    first_event_seconds: float = 0.0
    drop_after: int | None = None
    stall_after: int | None = None
    trickle_after: int | None = None
    noise: bool = False
    json: bool = False
    empty: bool = False
    refuses_background: bool = False
    lock_seconds: float = 0.0
