"""A response of today's OpenAI as it comes into being: as it was first told, and the events after that."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import httpx2

from assistants_transport.event_stream import read_events
from assistants_transport.v2_errors import Json, UpstreamError

MAX_CHUNKS_BEHIND_THE_END = 8
# of an `error` event ahead of the response, which then was not begun; else 400
ERROR_STATUSES = {"server_error": 500, "rate_limit_exceeded": 429, "insufficient_quota": 429}


class ResponseStream:
    """Iterates over the events behind the first one that holds a response; `first` is that response.

    Where a server answers JSON in place of a stream (`is_json`), `first` is all of it. Raises UpstreamError
    for an `error` event ahead of the response, and DecodingError where the answer ends without one: nobody
    knows then whether it was begun."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer
        self.is_json = "json" in answer.headers.get("content-type", "")
        self._chunks: Iterator[bytes] = iter([answer.read()]) if self.is_json else answer.iter_bytes()
        self._events = self._read_json() if self.is_json else self._read_events()
        self.first = self._read_first()

    def __iter__(self) -> Iterator[Json]:
        return self._events

    def close(self) -> None:
        """Hangs up; upstream the response goes on."""
        self._answer.close()

    def finish(self) -> None:
        """Reads what comes behind the last event, little as that is, so that the connection can be kept."""
        with suppress(httpx2.HTTPError):
            for _ in islice(self._chunks, MAX_CHUNKS_BEHIND_THE_END):
                pass

    def _read_json(self) -> Iterator[Json]:
        yield {"response": _parse(next(self._chunks))}

    def _read_events(self) -> Iterator[Json]:
        for name, data in read_events(self._chunks):
            yield {"type": name, **_parse(data)}

    def _read_first(self) -> Json:
        for event in self._events:
            response = event.get("response")
            if isinstance(response, dict) and "id" in response:
                return response
            if event.get("type") == "error":
                raise UpstreamError(_answer_from_error(event))
        problem = "the answer ended before it named a response"
        raise httpx2.DecodingError(problem, request=self._answer.request)


def error_of(event: Json) -> Json:
    """What an `error` event tells, by itself or in an object of its own."""
    error = event["error"] if isinstance(event.get("error"), dict) else event
    return {name: error.get(name) for name in ("code", "message", "param")}


def _parse(text: str | bytes) -> Json:
    """The JSON object; an empty one for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _answer_from_error(event: Json) -> httpx2.Response:
    """The refusal that the server would have given if it had not begun to stream."""
    error = error_of(event)
    return httpx2.Response(ERROR_STATUSES.get(str(error["code"]), 400), json={"error": error})
