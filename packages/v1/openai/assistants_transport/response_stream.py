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

    Where a server answers JSON in place of a stream, `first` is all of it. Raises UpstreamError for an
    `error` event ahead of the response, and ReadError where the answer ends without one: nobody knows then
    whether it was begun."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer
        self._chunks = iter([answer.read()] if _is_json(answer) else answer.iter_bytes())
        self._events = iter([_parse(answer.text)]) if _is_json(answer) else self._read_events()
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

    def _read_events(self) -> Iterator[Json]:
        for name, data in read_events(self._chunks):
            event = _parse(data)
            yield {"type": name, **event}

    def _read_first(self) -> Json:
        for event in self._events:
            if event.get("object") == "response":  # JSON in place of a stream
                return event
            if isinstance(event.get("response"), dict):
                response: Json = event["response"]
                return response
            if event.get("type") == "error":
                raise UpstreamError(_answer_from_error(event))
        raise httpx2.ReadError("the answer ended before it named a response", request=self._answer.request)


def _is_json(answer: httpx2.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _parse(text: str) -> Json:
    """The JSON object; an empty one for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _answer_from_error(event: Json) -> httpx2.Response:
    """The refusal that the server would have given if it had not begun to stream."""
    error = event["error"] if isinstance(event.get("error"), dict) else event
    details = {"type": None, "param": None, **{k: v for k, v in error.items() if k != "sequence_number"}}
    return httpx2.Response(ERROR_STATUSES.get(str(error.get("code")), 400), json={"error": details})
