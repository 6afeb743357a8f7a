"""Requests about messages, answered by the items of a conversation."""

from typing import TYPE_CHECKING, Never

import httpx2

from assistants_transport import pages
from assistants_transport.ids import to_upstream_id, to_v2_id
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import repeats
from assistants_transport.operations.run_loading import find_waiting_run_id, find_writers
from assistants_transport.request import V2Request
from assistants_transport.translate.message import (
    UNKNOWN_WRITER,
    code_files_of,
    is_message,
    item_from_message,
    message_from_item,
    messages_from_items,
)
from assistants_transport.translate.thread import metadata_with_code_files
from assistants_transport.translate.times import time_of
from assistants_transport.v2_errors import (
    Json,
    PartialFailure,
    UpstreamError,
    V2Error,
    active_run_error,
    is_sure_refusal,
    refuse_field,
)

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MAX_ITEMS_PER_REQUEST = 20  # OpenAI's limit for adding items to a conversation
NOT_TAKEN_BACK = "What was added to the thread before that could not be deleted again."


def create(request: V2Request) -> "v2.Message":
    item = item_from_message(request.body)
    return _present_message(request, _add_once(request, item) if request.mark else _add(request, [item]))


def _add_once(request: V2Request, item: Json) -> Json:
    """The message of a request with an Idempotency-Key, which may be there already (see repeats.py)."""
    sent = repeats.find_sent(request, item)
    if not sent:
        _add(request, repeats.mark_items(request, item))
        sent = repeats.find_sent(request, item)
        repeats.require_kept(sent)
    repeats.take_back(request, [one for later in sent[1:] for one in later])
    return sent[0][-1]


def _add(request: V2Request, items: list[Json]) -> Json:
    """Adds a message, the last of the items, and the files that it gives to the thread's code."""
    if run_id := find_waiting_run_id(request):
        raise active_run_error(request.ids["thread_id"], run_id, adds_message=True)
    conversation_id = to_upstream_id(request.ids["thread_id"])
    added = add_items(request.api, conversation_id, items)
    if file_ids := code_files_of([request.body]):
        # another call of the same key may count on the message already
        _attach_code_files(request.api, conversation_id, file_ids, [] if request.mark else added)
    return added[-1]


def _attach_code_files(api: OpenAIApi, conversation_id: str, file_ids: list[str], added: list[Json]) -> None:
    """Adds files to those of the thread that its code sees. Where that is refused the message goes too."""
    path = f"/conversations/{conversation_id}"
    try:
        api.post(path, {"metadata": metadata_with_code_files(api.get(path), file_ids)})
    except (UpstreamError, V2Error) as failure:
        take_back(api, conversation_id, added, failure)
        raise


def retrieve(request: V2Request) -> "v2.Message":
    """V2Error 404 for an item that is no message, such as a function call."""
    item = request.api.get(_item_path(request))
    if not is_message(item):
        raise V2Error(404, f"No message found with id '{request.ids['message_id']}'.")
    return _present_message(request, item)


def refuse_update(_: V2Request) -> Never:
    """Raises V2Error 400: a message's metadata is all that v2 could change; items have none."""
    refuse_field("metadata", "conversation items have no place for it")


def delete(request: V2Request) -> "v2.Deleted":
    conversation = request.api.delete(_item_path(request))
    if conversation["id"] != to_upstream_id(request.ids["thread_id"]):
        raise TypeError("no conversation")  # the transport makes a DecodingError of it
    request.caches.runs.remember_deleted(request.ids["message_id"])
    return {"id": request.ids["message_id"], "object": "thread.message.deleted", "deleted": True}


def list_page(request: V2Request) -> "v2.List[v2.Message]":
    thread_id = request.ids["thread_id"]
    path = f"/conversations/{to_upstream_id(thread_id)}/items"
    items, has_more = pages.fetch_page(
        request.api, path, request.query, keep=is_message, to_cursor=to_upstream_id
    )
    is_newest_first = request.query.get("order", "desc") == "desc"
    oldest_first = items[::-1] if is_newest_first else items
    writers = find_writers(request, items)
    found = messages_from_items(oldest_first, thread_id, int(request.clock()), writers)
    return pages.make_list(found[::-1] if is_newest_first else found, has_more)


def add_items(api: OpenAIApi, conversation_id: str, items: list[Json]) -> list[Json]:
    """Adds items to a conversation, 20 per request, and returns them as stored.

    If a request is surely refused, the items added by the requests before it are deleted again."""
    added: list[Json] = []
    try:
        for start in range(0, len(items), MAX_ITEMS_PER_REQUEST):
            page = items[start : start + MAX_ITEMS_PER_REQUEST]
            added.extend(api.post(f"/conversations/{conversation_id}/items", {"items": page})["data"])
    except UpstreamError as failure:
        take_back(api, conversation_id, added, failure)
        raise
    return added


def take_back(api: OpenAIApi, conversation_id: str, added: list[Json], failure: Exception) -> None:
    """Deletes items again that were added for a request which then failed, where it was surely refused.

    After any other failure they stay: a run may answer them. PartialFailure where one cannot be deleted."""
    if not is_sure_refusal(failure):
        return
    for item in added:
        try:
            api.delete(f"/conversations/{conversation_id}/items/{item['id']}")
        except (UpstreamError, httpx2.RequestError) as problem:
            if not (isinstance(problem, UpstreamError) and problem.status == 404):
                raise PartialFailure(NOT_TAKEN_BACK, to_v2_id(conversation_id)) from failure


def _present_message(request: V2Request, item: Json) -> "v2.Message":
    thread_id = request.ids["thread_id"]
    created_at = time_of(item, thread_id, int(request.clock()))
    run_id, assistant_id = request.caches.runs.find_writer(item["id"]) or UNKNOWN_WRITER
    return message_from_item(item, thread_id, run_id, assistant_id, created_at)


def _item_path(request: V2Request) -> str:
    conversation_id, item_id = (to_upstream_id(request.ids[name]) for name in ("thread_id", "message_id"))
    return f"/conversations/{conversation_id}/items/{item_id}"
