"""What a server streams of a run: v2's events, read as they come. Imports the SDK: to be loaded on first use.

The SDK's own models of these events are left alone: to build one for each takes longer than all the rest."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

import httpx2

from assistant_function import json_text
from assistant_function.errors import AnswerLost, InvalidUpstreamResponse, Json
from assistant_function.upstream.objects import read_message, read_object, read_run
from assistant_function.upstream.refusals import translate_failure
from assistants_transport.event_stream import ServerSentEvent, read_events

if TYPE_CHECKING:
    from openai._response import APIResponse, ResponseContextManager

    from assistants_transport import v2_objects as v2

    Opening = ResponseContextManager[APIResponse[Any]]

MESSAGE, STEP, RUN = "thread.message.", "thread.run.step.", "thread.run."
STREAM_REFUSED = "stream_refused"  # the transport's word for JSON in place of a stream
GROWING, WHOLE = ("created", "in_progress"), ("completed", "incomplete")


class RunStream:
    """The answer to a request that asked for a stream of events. `run` is what was told of the run last.

    `is_refused`: the server does not stream the run. It told the run as it was, at best."""

    def __init__(self, opening: "Opening") -> None:
        self.run: v2.Run | None = None
        self.written = Written()
        self._closing = ExitStack()
        answer = self._closing.enter_context(opening)
        kind = answer.headers.get("content-type", "")
        self.is_refused = not kind.lower().startswith("text/event-stream")
        self._events = _read_one(answer) if self.is_refused else read_events(answer.iter_bytes())

    def read_first(self) -> "v2.Run":
        """Reads on until the run is told. UpstreamError if it never is."""
        self.read(lambda _: True)
        if self.run is None:
            raise InvalidUpstreamResponse
        return self.run

    def read(self, until: Callable[["v2.Run"], bool]) -> None:
        """Reads on until the run is as it is waited for, or the stream ends. UpstreamError if it breaks."""
        try:
            while not (self.run and until(self.run)) and (event := next(self._events, None)):
                self._take(event)
        except httpx2.RequestError as problem:
            raise translate_failure(problem) from problem
        except (LookupError, TypeError, AttributeError, ValueError) as problem:
            raise InvalidUpstreamResponse from problem

    def close(self) -> None:
        self._closing.close()

    def _take(self, event: ServerSentEvent) -> None:
        """What is not about the run or its messages is passed over; so is what nobody has heard of."""
        name = event.name
        if name.startswith(MESSAGE):
            self.written.take(name.removeprefix(MESSAGE), event.data)
        elif name.startswith(RUN) and not name.startswith(STEP):
            self.run = read_run(event.data)
        elif name == "error":
            self.is_refused = json_text.loads(event.data).get("code") == STREAM_REFUSED
            raise AnswerLost("OpenAI failed in the middle of its answer")


def _read_one(answer: "APIResponse[Any]") -> "Iterator[ServerSentEvent]":
    """An answer that is no stream, as the one event that it stands for."""
    yield ServerSentEvent(f"{RUN}created", answer.read().decode())


class Written:
    """The messages of a run, as far as its events have told them."""

    def __init__(self) -> None:
        self._messages: dict[str, v2.Message] = {}
        self._pieces: dict[str, dict[int, list[str]]] = {}  # by message and part, as long as it grows

    def take(self, state: str, data: str) -> None:
        """`state` is what follows `thread.message.` in the event's name."""
        if state == "delta":
            self._grow(read_object(data, "thread.message.delta"))
        elif state in (*GROWING, *WHOLE):
            message = read_message(data)
            self._messages[message["id"]] = message
            self._pieces.pop(message["id"], None)
            if state in GROWING:
                self._pieces[message["id"]] = {}

    def is_whole(self) -> bool:
        """Whether messages were told, and all of them to their end."""
        return bool(self._messages) and not self._pieces

    def messages(self) -> "list[v2.Message]":
        """In the order in which they began; those that still grow with the text that stands so far."""
        return [
            cast("v2.Message", {**message, "content": self._join_pieces(name)})
            if name in self._pieces
            else message
            for name, message in self._messages.items()
        ]

    def _grow(self, told: Json) -> None:
        pieces = self._pieces[told["id"]]
        for part in told["delta"].get("content") or []:
            text = part["text"].get("value") if part["type"] == "text" else part.get("refusal")
            if text is not None:
                pieces.setdefault(int(part["index"]), []).append(str(text))

    def _join_pieces(self, message_id: str) -> list[Json]:
        pieces = self._pieces[message_id]
        return [{"type": "text", "text": {"value": "".join(pieces[index])}} for index in sorted(pieces)]
