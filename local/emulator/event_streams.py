"""Answers that are streams of server-sent events: a response as it comes into being, or once more."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Literal

from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from local.emulator.api_error import ApiError
from local.emulator.background import STATUS_EVENTS, ResponseTasks
from local.emulator.database import Json
from local.emulator.event_log import BrokenOffError, EventLog
from local.emulator.fields import Fields, check, query_without_include
from local.emulator.included import Includable, show_event
from local.emulator.response_fields import CreateFields
from local.emulator.stream_faults import StreamFaults

REPLAY_SECONDS = 300
# a comment, and an event that nobody knows, in two lines
NOISE = """: nobody knows this

event: response.unheard_of
id: 1
data: {"type": "response.unheard_of",
data:  "sequence_number": 0}

"""
TRICKLE = ": still here\n\n"
TRICKLE_SECONDS = 0.005
OBFUSCATION_BYTES = 8
NO_FAULTS = StreamFaults()


class StreamQuery(Fields):
    """What a query string may say of a stream."""

    model_config = ConfigDict(extra="forbid", strict=False)
    stream: Literal["true", "false"] | None = None
    starting_after: int | None = Field(default=None, ge=0)
    include_obfuscation: Literal["true", "false"] | None = None


class WantedStream(Fields):
    """A stream that was asked for and may be had."""

    stream: bool
    after: int
    is_obfuscated: bool


def parse_stream_query(request: Request) -> WantedStream:
    """The query string of GET /responses/{response_id}. ApiError 400 for options of a stream without one."""
    query = check(StreamQuery, query_without_include(request))
    if query.stream != "true":
        for name in ("starting_after", "include_obfuscation"):
            if getattr(query, name) is not None:
                raise ApiError(f"'{name}' is only allowed when 'stream' is true.", param=name)
    after = -1 if query.starting_after is None else query.starting_after
    return WantedStream(
        stream=query.stream == "true", after=after, is_obfuscated=query.include_obfuscation != "false"
    )


class EventStreams:
    """The streams of all responses, with the faults that the switches make."""

    def __init__(self, tasks: ResponseTasks) -> None:
        self.tasks = tasks
        self.faults = tasks.faults

    def refuse(self, fields: CreateFields) -> None:
        """Options of a stream without one; raises ApiError."""
        if fields.stream_options and not fields.stream:
            raise ApiError(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                param="stream_options",
            )
        if fields.stream and fields.background and self.faults.refuses_background:
            raise BackgroundStreamRefused

    def begin(self, response: Json) -> None:
        """Keep the first events of a response that is to be streamed."""
        self.tasks.log.append(response["id"], {"type": "response.created", "response": response})
        if response["status"] == "queued":
            self.tasks.log.append(response["id"], {"type": STATUS_EVENTS["queued"], "response": response})

    async def answer_create(self, fields: CreateFields, response: Json) -> Response:
        """The stream of a response that has just begun."""
        if self.faults.json:
            return JSONResponse(response)
        if self.faults.empty:
            return Response()
        if self.faults.first_event_seconds:
            await asyncio.sleep(self.faults.first_event_seconds)
        options = fields.stream_options
        wanted = WantedStream(
            stream=True, after=-1, is_obfuscated=options is None or options.include_obfuscation
        )
        return answer(self._read_on(wanted, response, fields.include, self.faults))

    async def answer_retrieve(
        self, wanted: WantedStream, response: Json, include: list[Includable]
    ) -> Response:
        """The stream once more. What is said of one that was not created as a stream is unverified."""
        if int(self.tasks.clock()) - response["created_at"] > REPLAY_SECONDS:
            raise ApiError(
                "This response can no longer be streamed because it is more than 5 minutes old.",
                param="stream",
            )
        if not self.tasks.log.has(response["id"]):
            raise ApiError(
                "This response cannot be streamed because it was not created with stream=true.",
                param="stream",
            )
        faults = self.faults if self.faults.also_replays else NO_FAULTS
        return answer(self._read_on(wanted, response, include, faults))

    async def _read_on(
        self, wanted: WantedStream, response: Json, include: list[Includable], faults: StreamFaults
    ) -> AsyncIterator[str]:
        """The text of the stream. Hanging up ends the work where it is not in the background."""
        has_ended = False
        try:
            sent = 0
            async for event in self.tasks.log.read(response["id"], wanted.after):
                async for noise in make_faults(faults, self.tasks.log, sent):
                    yield noise
                yield encode(obfuscate(show_event(event, include), wanted.is_obfuscated))
                sent += 1
                await asyncio.sleep(0)  # others have their turn, and a client that hung up is noticed
            has_ended = True
        finally:
            if not response["background"]:
                self._leave(response, has_ended)

    def _leave(self, response: Json, has_ended: bool) -> None:
        if not has_ended:
            self.tasks.cancel(response["id"])
        if not response["store"]:
            self.tasks.log.delete(response["id"])


class BackgroundStreamRefused(ApiError):
    """400 in the shape of servers that are not OpenAI's."""

    def __init__(self) -> None:
        super().__init__("Streaming is not supported for background responses.")

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        return JSONResponse({"detail": self.message}, status_code=self.status)


def answer(text: AsyncIterator[str]) -> StreamingResponse:
    """A stream of events, which nothing on the way is to keep."""
    return StreamingResponse(text, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


async def make_faults(faults: StreamFaults, log: EventLog, sent: int) -> AsyncIterator[str]:
    """What goes wrong behind so many events."""
    if faults.noise:
        yield NOISE
    if faults.drop_after == sent:
        raise BrokenOffError
    while faults.stall_after == sent and not log.is_closed:
        await asyncio.sleep(TRICKLE_SECONDS)
    while faults.trickle_after == sent and not log.is_closed:
        yield TRICKLE
        await asyncio.sleep(TRICKLE_SECONDS)


def obfuscate(event: Json, is_wanted: bool) -> Json:
    """A delta with random characters, so that its length tells nothing."""
    if not is_wanted or not event["type"].endswith(".delta"):
        return event
    return {**event, "obfuscation": secrets.token_urlsafe(OBFUSCATION_BYTES)}


def encode(event: Json) -> str:
    """A server-sent event."""
    return f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n"
