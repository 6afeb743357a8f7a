"""Threads: create, get, update, delete."""

from assistant_function.answer import presenters as shapes
from assistant_function.errors import InvalidRequest, Json
from assistant_function.handlers.messages import checked_length
from assistant_function.request.call import Call
from assistant_function.request.params import MOST_PAIRS, v2_arguments
from assistant_function.upstream import objects as upstream
from assistant_function.upstream.idempotency_store import split
from assistant_function.upstream.reconcile import found_out, gone, written


def create(call: Call) -> Json:
    for place, message in enumerate(call.params.get("messages", [])):
        checked_length(call, f"messages[{place}]", message["content"])
    fields = v2_arguments(call.params, "metadata", "messages", "toolResources")
    return shapes.thread(upstream.plain(call.beta.threads.create(**fields), "thread"))


def get(call: Call) -> Json:
    return shapes.thread(upstream.plain(call.beta.threads.retrieve(call.params["threadId"]), "thread"))


def update(call: Call) -> Json:
    """Metadata is replaced whole, but for the notes of requestIds that ride in it."""
    threads, thread_id = call.beta.threads, call.params["threadId"]
    thread = upstream.plain(threads.retrieve(thread_id), "thread")
    fields = v2_arguments(call.params, "toolResources")
    fields["metadata"] = _with_notes(call.params["metadata"], thread)
    updated = found_out(
        lambda: upstream.plain(threads.update(thread_id, **fields), "thread"),
        lambda: written(upstream.plain(threads.retrieve(thread_id), "thread"), fields),
    )
    return shapes.thread(updated)


def _with_notes(metadata: Json, thread: Json) -> Json:
    _, notes = split(thread.get("metadata") or {})
    if len(metadata) + len(notes) > MOST_PAIRS:
        free = MOST_PAIRS - len(notes)
        raise InvalidRequest(f"metadata holds at most {free} pairs here: {len(notes)} note requestIds")
    return metadata | notes


def delete(call: Call) -> Json:
    """`deleted` is false where the thread was too long to be erased in one call: the next one goes on."""
    threads, thread_id = call.beta.threads, call.params["threadId"]
    answer = found_out(
        lambda: upstream.plain(threads.delete(thread_id), "thread.deleted"),
        lambda: gone(lambda: threads.retrieve(thread_id)),
    )
    return {"threadId": thread_id, "deleted": bool(answer.get("deleted"))}
