"""Threads: create, get, update, delete."""

from assistant_function.call import Call
from assistant_function.errors import Json
from assistant_function.handlers import shapes
from assistant_function.handlers.messages import checked_length
from assistant_function.once import split
from assistant_function.params import v2_arguments


def create(call: Call) -> Json:
    for place, message in enumerate(call.params.get("messages", [])):
        checked_length(call, f"messages[{place}]", message["content"])
    fields = v2_arguments(call.params, "metadata", "messages")
    return shapes.thread(shapes.plain(call.beta.threads.create(**fields), "thread"))


def get(call: Call) -> Json:
    return shapes.thread(shapes.plain(call.beta.threads.retrieve(call.params["threadId"]), "thread"))


def update(call: Call) -> Json:
    """Metadata is replaced whole, but for the notes of requestIds that ride in it."""
    threads, thread_id = call.beta.threads, call.params["threadId"]
    _, notes = split(shapes.plain(threads.retrieve(thread_id), "thread").get("metadata") or {})
    changed = threads.update(thread_id, metadata=call.params["metadata"] | notes)
    return shapes.thread(shapes.plain(changed, "thread"))


def delete(call: Call) -> Json:
    """`deleted` is false where the thread was too long to be erased in one call: the next one goes on."""
    gone = shapes.plain(call.beta.threads.delete(call.params["threadId"]), "thread.deleted")
    return {"threadId": call.params["threadId"], "deleted": bool(gone.get("deleted"))}
