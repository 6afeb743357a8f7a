"""Follows a run to its end or to the deadline: by the events that its server streams, else by asking."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from assistant_function.call import START, STREAMS, TAKE_UP, ActionCall
from assistant_function.errors import (
    PASSING,
    Busy,
    InvalidUpstreamResponse,
    StreamRefused,
    UpstreamError,
)
from assistant_function.request.deadline import Deadline
from assistant_function.upstream.objects import iterate_first, parse_messages, parse_run

if TYPE_CHECKING:
    from assistant_function.upstream.run_stream import Opening, RunStream
    from assistants_transport import v2_objects as v2

ENDED = ("completed", "requires_action", "incomplete", "failed", "cancelled", "expired")
ANSWER_SECONDS = 0.5
# A stream that is hung up within 2 s of the start of its run may leave the run queued for minutes.
MIN_SECONDS_FROM_START = 3.0
MIN_SECONDS_TAKEN_UP = 1.0
MAX_TAKE_UPS = 3
POLL_FLOOR_SECONDS = 0.15
# How late an end is noticed at most, as a share of the run's age. 0.05 takes 63 polls in 27 s, 60 are to do.
POLL_SHARE_OF_AGE = 0.0535
MIN_ADVICE_SECONDS = 0.01  # a server's advice of 0 would have us ask without a pause
LOCK_PAUSES_SECONDS = (0.5, 1.0)  # a thread's lock may outlast its run by a moment
MAX_MESSAGES = 100

Send = Callable[..., Any]
Fetch = Callable[[], "tuple[v2.Run, float | None]"]
T = TypeVar("T")


class Started(NamedTuple):
    """A run that exists, and the stream that tells of it. Without one it may be taken up by another, unless
    it `is_unstreamed`. `tells_all`: the stream began with the run."""

    run: "v2.Run"
    stream: "RunStream | None" = None
    tells_all: bool = False
    is_unstreamed: bool = False

    def close(self) -> None:
        """For a run that is not followed."""
        if self.stream:
            self.stream.close()


class Followed(NamedTuple):
    """A run in its last known state: ended, or still going on at the deadline.

    `written` are the messages that a stream told of, oldest first, the last perhaps in the making. `is_all`:
    they are whole, and all that the run wrote."""

    run: "v2.Run"
    written: "list[v2.Message]"
    is_all: bool = False


def has_ended(run: "v2.Run") -> bool:
    """Whether nothing more will happen by itself. A status that nobody has heard of counts as going on."""
    return run["status"] in ENDED


# ---------------------------------------------------------------- starting


def start_run(call: ActionCall, send: Send, tells_all: bool = True) -> Started:
    """Sends what starts a run, or lets it go on, and returns once the run is told.

    `send` gets the client's runs, and `stream=True` where the answer is to be a stream: not if the caller
    will not wait long enough, and not from a server that was seen to refuse it. A stream that tells no run
    is a lost answer, for nobody knows whether the run was started."""
    if START not in call.streams or waiting_seconds(call) < MIN_SECONDS_FROM_START:
        return _start_unstreamed(call, send)
    try:
        return _start_streamed(call, send, tells_all)
    except StreamRefused:
        started = _start_unstreamed(call, send)
        call.streams.discard(START)  # for nothing else was refused
        return started
    except InvalidUpstreamResponse:
        call.streams.discard(START)
        raise


def make_known(call: ActionCall, run: "v2.Run") -> None:
    """Looks at a run that goes on. The id of one that a requestId has started does not tell its response:
    the transport notes it in the thread when it is asked for, so that every process finds it."""
    with suppress(UpstreamError):
        call.beta.threads.runs.retrieve(run["id"], thread_id=run["thread_id"])


def wait_out_lock(call: ActionCall, send: Callable[[], T]) -> T:
    """Sends a change of a thread, and again while the thread is locked though no run is known to be active.

    The lock of a run that has just ended may stay for a moment."""
    for pause in LOCK_PAUSES_SECONDS:
        try:
            return send()
        except Busy as refusal:
            if (refusal.data or {}).get("runId") or pause >= call.deadline.left():
                raise
        call.deadline.sleep(pause)
    return send()


def _start_unstreamed(call: ActionCall, send: Send) -> Started:
    return Started(parse_run(send(call.beta.threads.runs)), is_unstreamed=True)


def _start_streamed(call: ActionCall, send: Send, tells_all: bool) -> Started:
    stream = _open_stream(send(call.streaming_beta.threads.runs, stream=True))
    try:
        return Started(stream.read_first(), stream, tells_all)
    except BaseException:
        stream.close()
        raise


def _open_stream(opening: "Opening") -> "RunStream":
    from assistant_function.upstream.run_stream import RunStream  # imports the SDK

    return RunStream(opening)


# ---------------------------------------------------------------- following


def follow_run(call: ActionCall, started: Started) -> Followed:
    """Returns once the run has ended, or the caller has waited long enough.

    Where a stream breaks off or falls silent the run is looked at, and taken up again if it goes on."""
    run, seconds, begun = started.run, waiting_seconds(call), call.deadline.now()
    deadline = call.deadline.within(seconds)
    written: list[v2.Message] = []
    for stream in _open_streams(call, started, may_be_taken_up=seconds >= MIN_SECONDS_TAKEN_UP):
        run = _read_to_end(call, stream, deadline) or run
        written = max(
            written, stream.written.messages(), key=_count_characters
        )  # a replay may break off early
        if has_ended(run):
            is_all = stream is started.stream and started.tells_all and stream.written.is_whole()
            return Followed(run, written, is_all)
        if stream.is_refused:
            call.streams.difference_update(STREAMS if stream is started.stream else [TAKE_UP])
            break
        if deadline.left() <= 0:
            break
        run = _look(call, run)
        if has_ended(run):
            break
    run = poll_until_ended(run, lambda: _fetch_run(call, run), deadline, begun)
    if written and started.stream and not started.tells_all and not has_ended(run):
        written = _put_earlier_ahead(call, run, written)
    return Followed(run, written)


def _count_characters(written: "list[v2.Message]") -> int:
    return sum(len(json.dumps(one.get("content"))) for one in written)


def _put_earlier_ahead(call: ActionCall, run: "v2.Run", written: "list[v2.Message]") -> "list[v2.Message]":
    """The messages, and ahead of them what the run wrote before it waited for the outputs of functions."""
    told = {one["id"] for one in written}
    with suppress(UpstreamError):
        return [*(one for one in iterate_written(call, run) if one["id"] not in told), *written]
    return written


def iterate_written(call: ActionCall, run: "v2.Run") -> "Iterator[v2.Message]":
    """The messages of the run, oldest first, as its server lists them."""
    ask = partial(call.beta.threads.messages.list, run["thread_id"], run_id=run["id"], order="asc")
    return iterate_first(ask, parse_messages, MAX_MESSAGES)


def _open_streams(call: ActionCall, started: Started, may_be_taken_up: bool) -> "Iterator[RunStream]":
    """The stream that the run was started with, then those that take it up again."""
    if started.stream:
        yield started.stream
    if started.is_unstreamed or has_ended(started.run):
        return
    for _ in range(MAX_TAKE_UPS if may_be_taken_up else 0):
        stream = _take_up(call, started.run)
        if stream is None:
            return
        yield stream


def _take_up(call: ActionCall, run: "v2.Run") -> "RunStream | None":
    """A stream that tells the run from its beginning; None where there is none, for whatever reason."""
    if TAKE_UP not in call.streams:
        return None
    runs, query = call.streaming_beta.threads.runs, {"stream": "true"}  # an addition to v2
    with suppress(UpstreamError):
        return _open_stream(runs.retrieve(run["id"], thread_id=run["thread_id"], extra_query=query))
    return None


def _read_to_end(call: ActionCall, stream: "RunStream", deadline: Deadline) -> "v2.Run | None":
    """The run as the stream told it last, when it ended, broke off, or the deadline came."""
    try:
        with suppress(UpstreamError), call.deadline.narrowed(deadline):
            stream.read(has_ended)
    finally:
        stream.close()
    return stream.run


# ---------------------------------------------------------------- asking


def poll_until_ended(run: "v2.Run", fetch: Fetch, deadline: Deadline, begun: float) -> "v2.Run":
    """Returns the run in its last known state: ended, or still going on at the deadline.

    `fetch` gives the run and the pause in seconds that the server advises, or None. A poll that fails in
    passing ends nothing, for the run itself goes on. `begun` is when the run was first heard of."""
    advised = None
    while not has_ended(run) and deadline.left() > 0:
        deadline.sleep(pause_seconds(deadline.now() - begun, advised))
        try:
            run, advised = fetch()
        except PASSING:
            continue
    return run


def pause_seconds(age: float, advised: float | None = None) -> float:
    """The pause after a poll at this age of the run; the server's advice counts where it is shorter."""
    # The next poll is at age + pause, and the share is measured there.
    pause = max(POLL_FLOOR_SECONDS, age * POLL_SHARE_OF_AGE / (1 - POLL_SHARE_OF_AGE))
    return pause if advised is None else min(pause, max(advised, MIN_ADVICE_SECONDS))


def _look(call: ActionCall, run: "v2.Run") -> "v2.Run":
    try:
        return _fetch_run(call, run)[0]
    except PASSING:
        return run


def _fetch_run(call: ActionCall, run: "v2.Run") -> "tuple[v2.Run, float | None]":
    """The run, and the pause in seconds that the server advises."""
    raw = call.beta.threads.runs.retrieve(run["id"], thread_id=run["thread_id"])
    advised = re.fullmatch("[0-9]{1,9}", raw.headers.get("openai-poll-after-ms", ""))
    return parse_run(raw), int(advised[0]) / 1000 if advised else None


def waiting_seconds(call: ActionCall) -> float:
    """As long as the caller waits, but the last request and the answer need time too."""
    longest = call.deadline.left() - ANSWER_SECONDS
    return float(min(longest, call.params.get("wait", longest)))
