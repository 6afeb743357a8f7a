"""Requests that were sent with an Idempotency-Key: what came of them is read from their conversation.

What carries it: OpenAI keeps the items of a conversation in one order, adds what one request gives at once,
and lets only one response at a time write into it. Every message and every answer carries the mark of its
request (see translate/marks.py), so all who look see the same one first. The first one stands, and it alone
is told. Who has added another sees that by a look afterwards, and takes it back. So nothing that was told is
ever taken back, and each request's work is there once; what a call that was cut off has left is taken back by
the next one with the same key. Which items a run wrote is told by their ids: see _read_run."""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from assistants_transport import pages
from assistants_transport.caches import has_ended
from assistants_transport.ids import head_of, to_upstream_id
from assistants_transport.request import V2Request
from assistants_transport.translate.marks import (
    find_message_mark,
    find_run_mark,
    make_run_mark,
    mark_from_key,
    mark_message,
)
from assistants_transport.translate.message import texts_of
from assistants_transport.v2_errors import Json, UpstreamError, V2Error

REMEMBERED_ITEMS = 50  # how far back the work of an earlier request is looked for: some 16 turns


class MarkedRun(NamedTuple):
    """What a run with the request's mark wrote. `is_sure`: ids of today's form tell which items these are."""

    mark: Json
    items: list[Json]
    is_sure: bool


class Done(NamedTuple):
    """What the conversation holds of a request, oldest first.

    There is more than one of either only while callers of the same key are at work side by side."""

    messages: list[Json]
    runs: list[MarkedRun]


def find_done(request: V2Request) -> Done:
    """Looks for the work of this request among the newest items."""
    newest = pages.iterate_newest(request.api, _items_path(request), REMEMBERED_ITEMS)
    return read_done(newest, str(request.mark))


def read_done(newest: Iterable[Json], mark: str) -> Done:
    """Picks the work with this mark out of items that are given newest first."""
    done = Done([], [])
    behind: list[Json] = []  # the item that is looked at
    for item in newest:
        if find_message_mark(item) == mark:
            done.messages.insert(0, item)
        run_mark = find_run_mark(item)
        if run_mark == mark:
            done.runs.insert(0, _read_run(item, behind[::-1]))
        if run_mark or (item["type"] == "message" and item["role"] != "assistant"):
            behind = []
        else:
            behind.append(item)
    return done


def _read_run(mark: Json, behind: list[Json]) -> MarkedRun:
    """What stands behind the mark up to the next user's message or mark, as far as it is the run's.

    The items of one response have ids of the same head. Those of another are the run's only if they follow
    the outputs of its functions. Where ids do not tell, all are taken for the run's."""
    items: list[Json] = []
    head, is_sure = None, True
    for item in behind:
        if item["type"] != "function_call_output":
            own_head = head_of(item["id"])
            if head and own_head != head and items[-1]["type"] != "function_call_output":
                break
            head, is_sure = own_head, is_sure and own_head is not None
        items.append(item)
    return MarkedRun(mark, items, is_sure)


def mark_items(request: V2Request, item: Json) -> list[Json]:
    """The items to add for a message, which is the last of them. One of the assistant's has its mark ahead of
    it, like what a run wrote: a model may repeat a mark at the end of its own text."""
    mark = _mark_of_message(request, item)
    return [mark_message(item, mark)] if item["role"] == "user" else [make_run_mark(mark), item]


def find_sent(request: V2Request, item: Json) -> list[list[Json]]:
    """What was added for this message so far, oldest first, each as mark_items gives it."""
    newest = pages.iterate_newest(request.api, _items_path(request), REMEMBERED_ITEMS)
    done = read_done(newest, _mark_of_message(request, item))
    if item["role"] == "user":
        sent = [[one] for one in done.messages]
    else:
        sent = [[run.mark, run.items[0]] for run in done.runs if run.items]
    if sent:
        require_same(sent[0][-1], item)
    return sent


def _mark_of_message(request: V2Request, item: Json) -> str:
    """An assistant's message has a mark of its own: it is not what a run with the same key wrote."""
    return str(request.mark) if item["role"] == "user" else mark_from_key(f"{request.mark} by hand")


def require_same(message: Json, given: Json) -> None:
    """Raises V2Error 400 where the key has brought another message than the one that is given now."""
    if (message["role"], texts_of(message)) != (given["role"], texts_of(given)):
        raise V2Error(
            400,
            "The request's id was used for another message of this thread: give every request its own.",
            param="Idempotency-Key",
        )


def require_kept(sent: list[list[Json]]) -> None:
    """Raises V2Error 400 where a message that was just added has lost its mark: a repeat would double it."""
    if not sent:
        raise V2Error(
            400,
            "The message was added, but this server does not keep what a repeat is known by: send no id.",
            param="Idempotency-Key",
        )


def take_back_later(request: V2Request, done: Done) -> None:
    """Deletes all but the first message and what the first run wrote, where that is told by the ids."""
    later = [run for run in done.runs[1:] if run.is_sure]
    take_back(request, [*done.messages[1:], *(one for run in later for one in (run.mark, *run.items))])


def take_back(request: V2Request, items: list[Json]) -> None:
    """Deletes items that another one stands for. What cannot be deleted now is left to the next caller."""
    for item in items:
        with suppress(UpstreamError):
            request.api.delete(f"{_items_path(request)}/{item['id']}")


def keep_first(request: V2Request, added: list[Json], started: Json) -> Json | None:
    """The response that was started, as it is now; None where another run of the request came first.

    `added` are the messages that were sent ahead of it. What is not first is taken back."""
    done = find_done(request)
    is_twin = done.messages and added and done.messages[0]["id"] != added[0]["id"]
    take_back(request, [*(added[1:] if is_twin else ()), *done.messages[1:]])
    if not done.runs or _is_of(started, done.runs[0]):
        return started
    response = started if has_ended(started) else request.api.get(f"/responses/{started['id']}")
    if has_ended(response) and _wrote(response, done.runs[0]):
        return response
    if not has_ended(response):  # so what was found is another's
        with suppress(UpstreamError):
            response = request.api.post(f"/responses/{response['id']}/cancel")
    if has_ended(response) and response["output"]:
        marks = [run.mark for run in find_done(request).runs[1:] if _wrote(response, run)]
        take_back(request, [*marks, *response["output"]])
    return None


def _is_of(response: Json, run: MarkedRun) -> bool:
    """Whether the ids say that the run is the response's: it has ended since its start was told."""
    head = head_of(response["id"])
    return head is not None and any(head_of(item["id"]) == head for item in run.items)


def _wrote(response: Json, run: MarkedRun) -> bool:
    """Whether any of the items is of the response: not all of its output need be kept in the conversation."""
    own_ids = {item["id"] for item in response["output"]}
    written_ids = {item["id"] for item in run.items}
    return not own_ids.isdisjoint(written_ids) or own_ids == written_ids


def _items_path(request: V2Request) -> str:
    return f"/conversations/{to_upstream_id(request.ids['thread_id'])}/items"
