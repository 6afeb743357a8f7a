"""Threads: v2 thread <-> conversation."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from assistants_transport import body_schema as fields
from assistants_transport import extras as carry
from assistants_transport import pages
from assistants_transport.ids import to_upstream, to_v2
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.request import Call
from assistants_transport.translate import tools
from assistants_transport.v2_errors import Json, UpstreamError, refuse_field

FIELDS: fields.Types = {"messages": list, "metadata": dict, "tool_resources": dict}
DELETES_SIDE_BY_SIDE = 8
DELETE_SHARE = 0.8  # of the request's time; what is left carries the answer home
EXPECTED_DELETE_SECONDS = 0.5  # a batch is not begun with less time than this


def create(call: Call) -> Json:
    """A thread with messages is made in one request of 20 items and more requests for the rest; where one of
    those fails, the conversation is taken back, so that nothing half-made is left."""
    fields.check(call.body, FIELDS, "a thread")
    items = messages.to_items(call.body.get("messages"), "messages")
    first = {"items": items[: messages.MOST_ITEMS_PER_REQUEST]} if items else {}
    metadata = carry.pack(_extras(call.body), call.body.get("metadata"))
    conversation = call.api.post("/conversations", first | ({"metadata": metadata} if metadata else {}))
    try:
        messages.add_items(call.api, conversation["id"], items[messages.MOST_ITEMS_PER_REQUEST :])
    except UpstreamError:
        with suppress(UpstreamError):
            _erase(call.api, f"/conversations/{conversation['id']}")
        raise
    return to_thread(conversation)


def retrieve(call: Call) -> Json:
    return to_thread(call.api.get(_path(call)))


def update(call: Call) -> Json:
    """Metadata is replaced whole upstream, so what rides in it is read first."""
    fields.check(call.body, FIELDS, "a thread")
    if "messages" in call.body:
        refuse_field("messages", "an update takes none; create them one by one")
    metadata, extras = carry.unpack(call.api.get(_path(call)).get("metadata"))
    extras = _extras(call.body) if "tool_resources" in call.body else extras
    packed = carry.pack(extras, call.body.get("metadata", metadata))
    return to_thread(call.api.post(_path(call), {"metadata": packed}))


def delete(call: Call) -> Json:
    """Erases the items, then the conversation: deleting a conversation alone leaves its items at OpenAI.
    Where the time does not suffice `deleted` is false, and a repeated call goes on from there."""
    _stop_active(call)
    deleted = _erase(call.api, _path(call))
    call.memory.responses.forget(to_upstream(call.ids["thread_id"]))
    return {"id": call.ids["thread_id"], "object": "thread.deleted", "deleted": deleted}


def _stop_active(call: Call) -> None:
    """A run that is known to go on would cost, and write, for nobody."""
    if active := call.memory.responses.active_in(to_upstream(call.ids["thread_id"])):
        with suppress(UpstreamError):
            call.api.post(f"/responses/{active}/cancel")


def _path(call: Call) -> str:
    return f"/conversations/{to_upstream(call.ids['thread_id'])}"


def to_thread(conversation: Json) -> Json:
    metadata, extras = carry.unpack(conversation.get("metadata"))
    return {
        "id": to_v2(conversation["id"]),
        "object": "thread",
        "created_at": conversation["created_at"],
        "metadata": metadata,
        "tool_resources": tools.v2_resources(extras.get("vector_stores", [])),
    }


def vector_stores(api: OpenAIApi, conversation_id: str) -> list[str]:
    """The vector stores that the thread brings into a run."""
    _, extras = carry.unpack(api.get(f"/conversations/{conversation_id}").get("metadata"))
    found = extras.get("vector_stores", [])
    return found if isinstance(found, list) else []


def _erase(api: OpenAIApi, path: str) -> bool:
    """Deletes the items side by side, then the conversation -> False where the time ran out before."""
    with ThreadPoolExecutor(DELETES_SIDE_BY_SIDE) as pool:
        reserve = (api.seconds_left() or 0) * (1 - DELETE_SHARE) + EXPECTED_DELETE_SECONDS
        for batch in _batches(api, f"{path}/items"):
            left = api.seconds_left()
            if left is not None and left < reserve:
                return False
            list(pool.map(lambda item_path: _delete_item(api, item_path), batch))
    return bool(api.delete(path)["deleted"])


def _batches(api: OpenAIApi, path: str) -> Iterator[list[str]]:
    """The paths of all items, as many at a time as are deleted side by side; each page is asked for anew,
    because the one before is gone by then. One that shows nothing new is the last."""
    more, seen = True, set[str]()
    while more:
        page = api.get(path, {"limit": pages.MOST_PER_REQUEST, "order": "asc"})
        paths = [one for item in page["data"] if (one := f"{path}/{item['id']}") not in seen]
        seen.update(paths)
        yield from (
            paths[at : at + DELETES_SIDE_BY_SIDE] for at in range(0, len(paths), DELETES_SIDE_BY_SIDE)
        )
        more = bool(page["has_more"] and paths)


def _delete_item(api: OpenAIApi, path: str) -> None:
    try:
        api.delete(path)
    except UpstreamError as refusal:
        if refusal.status != 404:  # already gone is as good as deleted
            raise


def _extras(body: Json) -> Json:
    stores = tools.vector_stores(body.get("tool_resources"))
    return {"vector_stores": stores} if stores else {}
