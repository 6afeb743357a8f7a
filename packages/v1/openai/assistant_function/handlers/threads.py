"""Threads: create, get, update, delete."""

from assistant_function.answer.envelope import Answer
from assistant_function.answer.presenters import present_thread
from assistant_function.call import ActionCall
from assistant_function.handlers.messages import check_messages
from assistant_function.upstream.objects import parse_deleted, parse_thread
from assistant_function.upstream.reconcile import is_gone, match_written, send_or_find


def create(call: ActionCall) -> Answer:
    check_messages(call, "messages", call.params.get("messages", []))
    return Answer(present_thread(parse_thread(call.beta.threads.create(**call.v2_fields()))))


def get(call: ActionCall) -> Answer:
    return Answer(present_thread(parse_thread(call.beta.threads.retrieve(call.params["threadId"]))))


def update(call: ActionCall) -> Answer:
    """Replaces the metadata whole."""
    threads, thread_id, fields = call.beta.threads, call.params["threadId"], call.v2_fields()
    updated = send_or_find(
        lambda: parse_thread(threads.update(thread_id, **fields)),
        lambda: match_written(parse_thread(threads.retrieve(thread_id)), fields),
    )
    return Answer(present_thread(updated))


def delete(call: ActionCall) -> Answer:
    """A thread too long to be erased in one call goes on being erased when it is called again."""
    deleted = delete_thread(call, call.params["threadId"])
    return Answer({"threadId": call.params["threadId"], "deleted": deleted}, goes_on=not deleted)


def delete_thread(call: ActionCall, thread_id: str) -> bool:
    """Whether the thread is gone now."""
    threads = call.beta.threads
    return send_or_find(
        lambda: bool(parse_deleted(threads.delete(thread_id), "thread").get("deleted")),
        lambda: is_gone(lambda: threads.retrieve(thread_id)),
    )
