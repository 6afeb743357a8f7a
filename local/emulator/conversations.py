"""/v1/conversations: metadata and items. Nothing lists conversations."""

import json
from collections.abc import Callable
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.emulator.api_error import locked, not_found
from local.emulator.database import Database, Json, Page
from local.emulator.fields import Fields, Metadata, check, parse_body, parse_page, refuse_query
from local.emulator.included import parse_include, show_item, show_items
from local.emulator.items import MAX_ITEMS, Item, make_item
from local.emulator.listing import find_page, render_list
from local.emulator.timed_ids import make_timed_id

INSERT = "INSERT INTO conversations (id, body) VALUES (?, ?)"
ONE = "SELECT body FROM conversations WHERE id = ? AND deleted = 0"
ONE_EVEN_DELETED = "SELECT body FROM conversations WHERE id = ?"
UPDATE = "UPDATE conversations SET body = ? WHERE id = ?"
DELETE = "UPDATE conversations SET deleted = 1 WHERE id = ?"
INSERT_ITEM = "INSERT INTO items (id, conversation_id, body) VALUES (?, ?, ?)"
ITEM = "SELECT body FROM items WHERE id = ? AND conversation_id = ?"
ITEM_SEQ = "SELECT seq FROM items WHERE id = ? AND conversation_id = ?"
DELETE_ITEM = "DELETE FROM items WHERE id = ? AND conversation_id = ?"
ALL_ITEMS = "SELECT body FROM items WHERE conversation_id = ? ORDER BY seq"
PAGE = """
    SELECT body FROM items WHERE conversation_id = :conversation_id AND seq * :direction > :start
    ORDER BY seq * :direction LIMIT :limit
"""
ACTIVE = """
    SELECT id FROM responses WHERE conversation_id = ? AND status IN ('queued', 'in_progress') LIMIT 1
"""

Items = Annotated[list[Item], Field(max_length=MAX_ITEMS)]


class CreateFields(Fields):
    """Body of POST /conversations."""

    items: Items | None = None
    metadata: Metadata | None = None


class UpdateFields(Fields):
    """Body of POST /conversations/{conversation_id}."""

    metadata: Metadata | None


class CreateItemsFields(Fields):
    """Body of POST /conversations/{conversation_id}/items."""

    items: Items


class Store:
    """Conversations in the database: what the endpoints here and those of responses need."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.database = database
        self.clock = clock
        self.locked_until: dict[str, float] = {}

    def find(self, conversation_id: str) -> Json:
        """The conversation; raises ApiError 404."""
        found = self.database.row(ONE, conversation_id)
        if found is None:
            raise not_found("Conversation", conversation_id)
        conversation: Json = json.loads(found[0])
        return conversation

    def refuse_when_locked(self, conversation_id: str) -> None:
        """One active response per conversation; raises ApiError conversation_locked."""
        is_kept_locked = self.locked_until.get(conversation_id, 0.0) > self.clock()
        if is_kept_locked or self.database.row(ACTIVE, conversation_id) is not None:
            raise locked(conversation_id)

    def keep_locked(self, conversation_id: str, until: float) -> None:
        """Let the lock outlast the response that has just ended there."""
        self.locked_until.pop(conversation_id, None)
        if until > self.clock():
            self.locked_until[conversation_id] = until

    def items(self, conversation_id: str) -> list[Json]:
        """All items, oldest first."""
        return [json.loads(body) for (body,) in self.database.rows(ALL_ITEMS, conversation_id)]

    def add(self, conversation_id: str, items: list[Json]) -> None:
        """Append items; the caller holds a transaction."""
        for item in items:
            self.database.execute(INSERT_ITEM, item["id"], conversation_id, json.dumps(item))

    def exists(self, conversation_id: str) -> bool:
        """Whether it is there and not deleted."""
        return self.database.row(ONE, conversation_id) is not None


class Conversations:
    """The endpoints."""

    def __init__(self, database: Database, store: Store, clock: Callable[[], float]) -> None:
        self.database = database
        self.store = store
        self.clock = clock

    def routes(self) -> list[Route]:
        """Paths and methods."""
        one, items = "/conversations/{conversation_id}", "/conversations/{conversation_id}/items"
        return [
            Route("/conversations", self.create, methods=["POST"]),
            Route(one, self.retrieve, methods=["GET"]),
            Route(one, self.update, methods=["POST"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(items, self.create_items, methods=["POST"]),
            Route(items, self.list_items, methods=["GET"]),
            Route(items + "/{item_id}", self.retrieve_item, methods=["GET"]),
            Route(items + "/{item_id}", self.delete_item, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> JSONResponse:
        """POST /conversations."""
        given = check(CreateFields, await parse_body(request))
        now = int(self.clock())
        conversation = {
            "id": make_timed_id("conv", now),
            "object": "conversation",
            "created_at": now,
            "metadata": given.metadata or {},
        }
        with self.database.transaction():
            self.database.execute(INSERT, conversation["id"], json.dumps(conversation))
            self.store.add(str(conversation["id"]), [make_item(item, now) for item in given.items or []])
        return JSONResponse(conversation)

    async def retrieve(self, request: Request) -> JSONResponse:
        """GET /conversations/{conversation_id}."""
        refuse_query(request)
        return JSONResponse(self.store.find(request.path_params["conversation_id"]))

    async def update(self, request: Request) -> JSONResponse:
        """POST /conversations/{conversation_id}: metadata is replaced whole."""
        given = check(UpdateFields, await parse_body(request))
        conversation = self.store.find(request.path_params["conversation_id"])
        conversation["metadata"] = given.metadata or {}
        self.database.execute(UPDATE, json.dumps(conversation), conversation["id"])
        return JSONResponse(conversation)

    async def delete(self, request: Request) -> JSONResponse:
        """DELETE /conversations/{conversation_id}: its items stay and can still be read one by one."""
        conversation = self.store.find(request.path_params["conversation_id"])
        self.database.execute(DELETE, conversation["id"])
        return JSONResponse({"id": conversation["id"], "object": "conversation.deleted", "deleted": True})

    async def create_items(self, request: Request) -> JSONResponse:
        """POST /conversations/{conversation_id}/items."""
        body = await parse_body(request)
        conversation_id = request.path_params["conversation_id"]
        refuse_query(request)
        parse_include(request)
        self.store.find(conversation_id)
        given = check(CreateItemsFields, body).items
        items = [make_item(item, self.clock()) for item in given]
        self.store.refuse_when_locked(conversation_id)
        with self.database.transaction():
            self.store.add(conversation_id, items)
        return render_list(Page(items, has_more=False))

    async def list_items(self, request: Request) -> JSONResponse:
        """GET /conversations/{conversation_id}/items."""
        wanted, include = parse_page(request), parse_include(request)
        conversation_id = request.path_params["conversation_id"]
        self.store.find(conversation_id)
        start = self.database.number(ITEM_SEQ, wanted.after, conversation_id)
        page = find_page(self.database, PAGE, wanted, start, conversation_id=conversation_id)
        return render_list(Page(show_items(page.data, include), page.has_more))

    async def retrieve_item(self, request: Request) -> JSONResponse:
        """GET /conversations/{conversation_id}/items/{item_id}."""
        refuse_query(request)
        return JSONResponse(show_item(self._find_item(request), parse_include(request)))

    async def delete_item(self, request: Request) -> JSONResponse:
        """DELETE /conversations/{conversation_id}/items/{item_id}: answers with the conversation."""
        item, conversation_id = self._find_item(request), request.path_params["conversation_id"]
        self.database.execute(DELETE_ITEM, item["id"], conversation_id)
        found = self.database.row(ONE_EVEN_DELETED, conversation_id)
        return JSONResponse(json.loads(found[0]) if found else None)

    def _find_item(self, request: Request) -> Json:
        item_id, conversation_id = request.path_params["item_id"], request.path_params["conversation_id"]
        found = self.database.row(ITEM, item_id, conversation_id)
        if found is None:
            raise not_found("Item", item_id)
        item: Json = json.loads(found[0])
        return item
