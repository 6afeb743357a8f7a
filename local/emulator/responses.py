"""/v1/responses: the endpoints. What may be asked stands in response_fields.py."""

import asyncio
import json
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.emulator.api_error import ApiError, not_found, server_error, unsupported
from local.emulator.background import ResponseTasks
from local.emulator.conversations import Store
from local.emulator.database import Database, Json
from local.emulator.event_streams import EventStreams, parse_stream_query
from local.emulator.fields import check, parse_body
from local.emulator.included import parse_include, show_response
from local.emulator.items import make_item
from local.emulator.models import Prompt
from local.emulator.response_fields import CreateFields, Tool
from local.emulator.timed_ids import make_timed_id
from local.emulator.tokens import TOKENS_AROUND_A_MESSAGE, count_tokens

INSERT = """
    INSERT INTO responses (id, conversation_id, status, stored, input, body) VALUES (?, ?, ?, ?, ?, ?)
"""
ONE = "SELECT body, input FROM responses WHERE id = ? AND stored = 1"
DELETE = "DELETE FROM responses WHERE id = ?"
ACTIVE_STATUSES = ("queued", "in_progress")
SHOWN_AS_GIVEN = {
    "background",
    "conversation",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "store",
    "tool_choice",
    "top_logprobs",
    "truncation",
}

# Shut down on 2026-10-23. That their dated snapshots went with them is unverified.
GONE_MODELS = re.compile(r"(gpt-4|gpt-4-turbo|gpt-3\.5-turbo|o1|o3-mini|o4-mini)(-\d.*|-preview)?")
REASONING_MODELS = re.compile(r"gpt-[56]|o\d")


class Responses:
    """The endpoints. `context_tokens` is how much fits into the context of every model, `refuses` are the
    fields of POST /responses that this server does not take."""

    def __init__(
        self,
        database: Database,
        store: Store,
        tasks: ResponseTasks,
        context_tokens: int,
        refuses: frozenset[str] = frozenset(),
    ) -> None:
        self.refuses = refuses
        self.database = database
        self.store = store
        self.tasks = tasks
        self.streams = EventStreams(tasks)
        self.context_tokens = context_tokens

    def routes(self) -> list[Route]:
        """Paths and methods."""
        return [
            Route("/responses", self.create, methods=["POST"]),
            Route("/responses/{response_id}", self.retrieve, methods=["GET"]),
            Route("/responses/{response_id}", self.delete, methods=["DELETE"]),
            Route("/responses/{response_id}/cancel", self.cancel, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """POST /responses: a stream, or at once when in the background, else when it has ended."""
        body = await parse_body(request)
        refuse_fields(body, self.refuses)
        fields = check(CreateFields, body)
        refuse_combinations(fields)
        self.streams.refuse(fields)
        refuse_model(fields)
        now = int(self.tasks.clock())
        given = [make_item(item, now) for item in fields.input]
        items = self._context(fields) + given
        refuse_unmatched_calls(items)
        items = self._truncate(fields, items)
        response = make_response(fields, now)
        conversation_id = fields.conversation.id if fields.conversation else None
        state = (response["status"], int(fields.store), json.dumps(given), json.dumps(response))
        self.database.execute(INSERT, response["id"], conversation_id, *state)
        if fields.stream:
            self.streams.begin(response)
        task = self.tasks.start(response["id"], make_prompt(fields, response, items))
        if fields.stream:
            return await self.streams.answer_create(fields, response)
        if fields.background:
            return JSONResponse(response)
        await asyncio.wait({task})
        if task.cancelled():  # deleted, or the server is stopping
            raise server_error()
        return JSONResponse(show_response(task.result(), fields.include))

    async def retrieve(self, request: Request) -> Response:
        """GET /responses/{response_id}. That `include` must be given here once more is unverified."""
        query = parse_stream_query(request)
        include = parse_include(request)
        response, _ = self._find(request.path_params["response_id"])
        if query.stream:
            return await self.streams.answer_retrieve(query, response, include)
        return JSONResponse(show_response(response, include))

    async def cancel(self, request: Request) -> JSONResponse:
        """POST /responses/{response_id}/cancel: only in the background, only while active."""
        response, _ = self._find(request.path_params["response_id"])
        if not response["background"]:
            raise ApiError("Cannot cancel a synchronous response.")
        if response["status"] == "cancelled":  # the documentation calls cancelling twice idempotent
            return JSONResponse(response)
        if response["status"] not in ACTIVE_STATUSES:
            raise ApiError(f"Cannot cancel a response that is {response['status']}.")
        return JSONResponse(self.tasks.cancel(response["id"]))

    async def delete(self, request: Request) -> JSONResponse:
        """DELETE /responses/{response_id}: stops it, if it is active."""
        response, _ = self._find(request.path_params["response_id"])
        self.tasks.cancel(response["id"])
        self.database.execute(DELETE, response["id"])
        self.tasks.log.delete(response["id"])
        return JSONResponse({"id": response["id"], "object": "response", "deleted": True})

    def _find(self, response_id: str) -> tuple[Json, list[Json]]:
        """The response and its input items."""
        found = self.database.row(ONE, response_id)
        if found is None:
            raise not_found("Response", response_id)
        return json.loads(found[0]), json.loads(found[1])

    def _context(self, fields: CreateFields) -> list[Json]:
        """What comes before the input: the conversation's items or those of the previous responses."""
        if fields.conversation:
            self.store.find(fields.conversation.id)
            self.store.refuse_when_locked(fields.conversation.id)
            return self.store.items(fields.conversation.id)
        items: list[Json] = []
        previous = fields.previous_response_id
        while previous:
            try:
                response, given = self._find(previous)
            except ApiError:
                raise previous_not_found(previous) from None
            items = given + response["output"] + items
            previous = response["previous_response_id"]
        return items

    def _truncate(self, fields: CreateFields, items: list[Json]) -> list[Json]:
        """The items, without the first ones where they do not fit and truncation is auto."""
        room = self.context_tokens - count_tokens(fields.instructions or "")
        sizes = [count_item_tokens(item) for item in items]
        dropped = 0
        while fields.truncation == "auto" and sum(sizes[dropped:]) > room and dropped < len(items) - 1:
            dropped += 1
        if sum(sizes[dropped:]) > room:
            raise ApiError(
                "Your input exceeds the context window of this model. "
                "Please adjust your input and try again.",
                param="input",
                code="context_length_exceeded",
            )
        return drop_orphans(items[dropped:])


def count_item_tokens(item: Json) -> int:
    """A fair guess at what an item takes of the context."""
    told = json.dumps(item.get("content") or item.get("output") or item.get("arguments") or "")
    return count_tokens(told) + TOKENS_AROUND_A_MESSAGE


def drop_orphans(items: list[Json]) -> list[Json]:
    """The items without outputs whose call was dropped."""
    calls = {item["call_id"] for item in items if item["type"] == "function_call"}
    return [item for item in items if item["type"] != "function_call_output" or item["call_id"] in calls]


def refuse_combinations(fields: CreateFields) -> None:
    """Parameters that exclude each other."""
    if fields.conversation and fields.previous_response_id:
        raise ApiError(
            "Mutually exclusive parameters: 'conversation' and 'previous_response_id'. "
            "Ensure you are only providing one of them.",
            code="mutually_exclusive_parameters",
        )
    if fields.background and not fields.store:
        raise ApiError("Background responses need 'store' to be true.", param="background")


def refuse_fields(body: Json, refuses: frozenset[str]) -> None:
    """Fields that other servers take and this one does not."""
    for name in body:
        if name in refuses:
            raise unsupported(name)


def refuse_model(fields: CreateFields) -> None:
    """Models that are gone, and what reasoning models do not take."""
    if GONE_MODELS.fullmatch(fields.model):
        raise ApiError(
            f"The model `{fields.model}` does not exist or you do not have access to it.",
            status=404,
            param="model",
            code="model_not_found",
        )
    for name in ("temperature", "top_p"):
        if getattr(fields, name) is not None and REASONING_MODELS.match(fields.model):
            raise unsupported(name)


def refuse_unmatched_calls(items: list[Json]) -> None:
    """Every function call needs its output, every output its call."""
    calls = [item["call_id"] for item in items if item["type"] == "function_call"]
    outputs = [item["call_id"] for item in items if item["type"] == "function_call_output"]
    for call_id in outputs:
        if call_id not in calls:
            raise ApiError(
                f"No tool call found for function call output with call_id {call_id}.", param="input"
            )
    for call_id in calls:
        if call_id not in outputs:
            raise ApiError(f"No tool output found for function call {call_id}.", param="input")


def previous_not_found(response_id: str) -> ApiError:
    """400: previous_response_id names nothing."""
    return ApiError(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def make_response(fields: CreateFields, created_at: int) -> Json:
    """The response as it begins. It has no `usage` yet: the API description has no null for it."""
    response: Json = {
        "id": make_timed_id("resp", created_at),
        "object": "response",
        "created_at": created_at,
        "status": "queued" if fields.background else "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "service_tier": "default",
        "temperature": 1.0 if fields.temperature is None else fields.temperature,
        "top_p": 1.0 if fields.top_p is None else fields.top_p,
        "text": fields.text.model_dump(by_alias=True, exclude_none=True),
        "tools": [show_tool(tool) for tool in fields.tools],
    }
    response |= fields.model_dump(include=SHOWN_AS_GIVEN)
    return response if fields.user is None else {**response, "user": fields.user}


def show_tool(tool: Tool) -> Json:
    """A tool as the response shows it; a function's parameters are shown even where there are none."""
    shown = tool.model_dump(exclude_none=True)
    return {"parameters": None, **shown} if tool.type == "function" else shown


def make_prompt(fields: CreateFields, response: Json, items: list[Json]) -> Prompt:
    """What the model is asked."""
    return Prompt(
        model=fields.model,
        instructions=fields.instructions,
        items=items,
        tools=response["tools"],
        tool_choice=fields.tool_choice,
        parallel_tool_calls=fields.parallel_tool_calls,
        text_format=response["text"]["format"],
        max_output_tokens=fields.max_output_tokens,
        temperature=fields.temperature,
        top_p=fields.top_p,
    )
