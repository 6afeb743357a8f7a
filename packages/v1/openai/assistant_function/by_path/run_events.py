"""The events of a run, together: the platform sends an answer whole, when the run has ended."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

import httpx2

from assistant_function import json_text
from assistant_function.answer.redaction import hide_secrets
from assistant_function.answer.truncation import MAX_BYTES
from assistant_function.by_path.v2_answer import hide_words_of_runs
from assistant_function.errors import FunctionError, Json
from assistant_function.request.deadline import Deadline
from assistants_transport.event_stream import ServerSentEvent, read_events, write_event

ANSWER_SECONDS = 0.5  # of the call's time, for the answer to be written
RUN, STEP, DELTA, DONE, ERROR = "thread.run.", "thread.run.step.", "thread.message.delta", "done", "error"
GOES_ON = "The run outlives the call that tells of it, and goes on"
BROKEN = "The stream broke off before the end of the run was told"
TOO_LONG = "The events are longer than the 1 MB that the platform sends"


class RunGoesOn(Exception):
    """The time of the call is over before the run is."""


class Piece(NamedTuple):
    """A piece of a message's text: where it belongs, and the event that told it, taken apart."""

    message_id: str
    part: int
    value: str
    event: Json


def is_stream(response: httpx2.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.lower().startswith("text/event-stream")


def collect_stream(response: httpx2.Response, deadline: Deadline, secrets: tuple[str, ...]) -> str:
    """The events of an answer that is a stream."""
    with closing(response), deadline.narrowed(deadline.within(deadline.left() - ANSWER_SECONDS)):
        return collect_events(read_events(response.iter_bytes()), secrets)


def collect_events(events: Iterable[ServerSentEvent], secrets: tuple[str, ...]) -> str:
    """The events that come in time. Without the end of the run an `error` event says how to go on."""
    written, size, run_id, problem = [], 0, "the run", BROKEN
    try:
        for name, data in _join_pieces(events):
            if name.startswith(RUN):
                told = hide_words_of_runs(json_text.loads(data), secrets)
                data, run_id = json.dumps(told), told["id"] if told["object"] == "thread.run" else run_id
            event = write_event(name, _complete_error(data, secrets) if name == ERROR else data)
            size += len(event)
            if size > MAX_BYTES:
                problem = TOO_LONG
                break
            written.append(event)
            if name in (DONE, ERROR):
                return b"".join(written).decode()
    except (httpx2.TimeoutException, RunGoesOn):
        problem = GOES_ON
    except (httpx2.RequestError, FunctionError, LookupError, TypeError, ValueError):
        problem = BROKEN
    written.append(_write_error(f"{problem}: retrieve {run_id}, then list the messages of its thread."))
    return b"".join(written).decode()


def _join_pieces(events: Iterable[ServerSentEvent]) -> Iterator[ServerSentEvent]:
    """The events with the pieces of one text in one: they arrive together, and a piece takes 200 bytes."""
    pieces: list[Piece] = []
    try:
        for event in events:
            piece = _read_piece(event)
            if pieces and (piece is None or piece[:2] != pieces[0][:2]):
                yield _join(pieces)
                pieces = []
            if piece:
                pieces.append(piece)
            else:
                yield event
    except Exception:
        yield from [_join(pieces)] if pieces else []  # what was said before the stream broke off
        raise
    yield from [_join(pieces)] if pieces else []


def _join(pieces: list[Piece]) -> ServerSentEvent:
    told = pieces[0].event
    told["delta"]["content"][0]["text"]["value"] = "".join(piece.value for piece in pieces)
    return ServerSentEvent(DELTA, json.dumps(told))


def _read_piece(event: ServerSentEvent) -> Piece | None:
    """None for what is no piece of text, or is more than that."""
    if event.name != DELTA:
        return None
    told = json_text.loads(event.data)
    try:
        [part] = told["delta"]["content"]
        text = part["text"]
        if part["type"] == "text" and isinstance(text["value"], str) and not text.get("annotations"):
            return Piece(told["id"], part["index"], text["value"], told)
    except (LookupError, TypeError, ValueError):
        pass
    return None


def _complete_error(data: str, secrets: tuple[str, ...]) -> str:
    """v2 tells the error as it is. Some SDKs raise only what stands under `error`: it stands there too."""
    error = hide_secrets(json_text.loads(data), secrets)
    return json.dumps({**error, "error": error.get("error") or error})


def _write_error(message: str) -> bytes:
    error = {"message": message, "type": "server_error", "param": None, "code": "run_not_told"}
    return write_event(ERROR, json.dumps({**error, "error": error}))
