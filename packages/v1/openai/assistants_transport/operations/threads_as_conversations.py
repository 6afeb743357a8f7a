"""Requests about threads, answered by the Conversations API."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx2

from assistants_transport import pages
from assistants_transport.ids import to_upstream_id, to_v2_id
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.operations import messages_as_items as messages
from assistants_transport.request import V2Request
from assistants_transport.translate.message import items_from_messages
from assistants_transport.translate.thread import check_thread, metadata_from_thread, thread_from_conversation
from assistants_transport.v2_errors import PartialFailure, UpstreamError, is_sure_refusal, refuse_field

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

PARALLEL_DELETIONS = 8
MAX_DELETED_ITEMS = 500  # for one request; each item is a request to OpenAI
DELETION_TIME_SHARE = 0.8  # of the request's time; the rest is left for the answer
EXPECTED_DELETION_SECONDS = 0.5  # no batch is begun with less time than this


def create(request: V2Request) -> "v2.Thread":
    """Sends the first 20 messages with the conversation and the rest after it.

    If the rest is refused, the conversation is deleted again. PartialFailure where a part of it stays."""
    check_thread(request.body)
    items = items_from_messages(request.body.get("messages"), "messages")
    first, rest = items[: messages.MAX_ITEMS_PER_REQUEST], items[messages.MAX_ITEMS_PER_REQUEST :]
    fields = {"items": first, "metadata": metadata_from_thread(request.body, {})}
    conversation = request.api.post("/conversations", {name: v for name, v in fields.items() if v})
    try:
        messages.add_items(request.api, conversation["id"], rest)
    except Exception as failure:
        take_back(request.api, to_v2_id(conversation["id"]), failure, "without some of its messages")
        raise
    return thread_from_conversation(conversation)


def take_back(api: OpenAIApi, thread_id: str, failure: Exception, state: str) -> None:
    """Deletes a new thread again, where the request after it was surely refused.

    Raises PartialFailure where the thread stays, because nobody would know of it; `state` says how it is."""
    deleted = False
    if is_sure_refusal(failure):
        with suppress(UpstreamError, httpx2.RequestError):
            deleted = _delete_with_items(api, f"/conversations/{to_upstream_id(thread_id)}")
    if not deleted:
        raise PartialFailure(f"{thread_id} exists, perhaps {state}.", thread_id) from failure


def retrieve(request: V2Request) -> "v2.Thread":
    return thread_from_conversation(request.api.get(_conversation_path(request)))


def update(request: V2Request) -> "v2.Thread":
    """Reads the conversation first: upstream replaces its metadata, which holds the extras, as a whole."""
    check_thread(request.body)
    if "messages" in request.body:
        refuse_field("messages", "an update takes none; create them one by one")
    path = _conversation_path(request)
    metadata = metadata_from_thread(request.body, request.api.get(path))
    request.caches.runs.forget_notes(to_upstream_id(request.ids["thread_id"]))  # they may give way to it
    return thread_from_conversation(request.api.post(path, {"metadata": metadata}))


def delete(request: V2Request) -> "v2.Deleted":
    """Deletes the items, then the conversation: deleting a conversation alone leaves its items at OpenAI.

    `deleted` is false where more items are left than the time, or MAX_DELETED_ITEMS, allows; the same request
    again continues from there."""
    thread_id = request.ids["thread_id"]
    _cancel_active_run(request)
    deleted = _delete_with_items(request.api, _conversation_path(request))
    request.caches.forget_conversation(to_upstream_id(thread_id))
    return {"id": thread_id, "object": "thread.deleted", "deleted": deleted}


def _conversation_path(request: V2Request) -> str:
    return f"/conversations/{to_upstream_id(request.ids['thread_id'])}"


def _cancel_active_run(request: V2Request) -> None:
    """Cancels the run that is known to be active, if any: nobody could read what it writes at a cost."""
    conversation_id = to_upstream_id(request.ids["thread_id"])
    if active_id := request.caches.responses.find_active_id(conversation_id):
        with suppress(UpstreamError):
            request.api.post(f"/responses/{active_id}/cancel")


def _delete_with_items(api: OpenAIApi, path: str) -> bool:
    """Deletes the items in parallel, then the conversation. False if items are left for another request."""
    deleted = 0
    with ThreadPoolExecutor(PARALLEL_DELETIONS) as pool:
        reserve = (api.seconds_left() or 0) * (1 - DELETION_TIME_SHARE) + EXPECTED_DELETION_SECONDS
        for batch in _iterate_item_paths(api, f"{path}/items"):
            left = api.seconds_left()
            if deleted >= MAX_DELETED_ITEMS or (left is not None and left < reserve):
                return False
            deleted += len(batch)
            list(pool.map(lambda item_path: _delete_item(api, item_path), batch))
    return bool(api.delete(path)["deleted"])


def _iterate_item_paths(api: OpenAIApi, path: str) -> Iterator[list[str]]:
    """The paths of all items in batches of as many as are deleted in parallel.

    Always asks for the first page, because the items of the one before are deleted by then. Ends at a page
    that shows nothing new."""
    more, seen = True, set[str]()
    while more:
        page = api.get(path, {"limit": pages.MAX_PAGE_LIMIT, "order": "asc"})
        paths = [one for item in page["data"] if (one := f"{path}/{item['id']}") not in seen]
        seen.update(paths)
        for start in range(0, len(paths), PARALLEL_DELETIONS):
            yield paths[start : start + PARALLEL_DELETIONS]
        more = bool(page.get("has_more") and paths)


def _delete_item(api: OpenAIApi, path: str) -> None:
    try:
        api.delete(path)
    except UpstreamError as refusal:
        if refusal.status != 404:  # an item that is already gone is as good as deleted
            raise
