"""Messages: send, list."""

import json
from typing import Any

from assistant_function.answer.envelope import Answer
from assistant_function.answer.presenters import present_message, present_page
from assistant_function.call import ActionCall
from assistant_function.errors import Json, TooLong
from assistant_function.upstream.following import wait_out_lock
from assistant_function.upstream.idempotency import send_once
from assistant_function.upstream.objects import parse_deleted, parse_message, parse_messages
from assistant_function.upstream.reconcile import is_gone, send_or_find

LIST_LIMIT = 100  # so that a conversation usually comes whole


def send(call: ActionCall) -> Answer:
    thread_id = call.params["threadId"]
    content = check_length(call, "message", call.params["message"])
    fields: Json = {"role": "user", "content": content} | call.v2_fields()
    if "requestId" in call.params:
        sent = wait_out_lock(call, lambda: send_once(call, thread_id, fields))
    else:
        create = call.beta.threads.messages.create
        sent = wait_out_lock(call, lambda: parse_message(create(thread_id, **fields)))
    return Answer(present_message(sent))


def list_page(call: ActionCall) -> Answer:
    """Oldest first unless `order` says otherwise."""
    thread_id = call.params["threadId"]
    fields: Json = {"limit": LIST_LIMIT, "order": "asc"} | call.v2_fields()
    if "runId" in call.params:
        fields["run_id"] = call.params["runId"]
    found, has_more = parse_messages(call.beta.threads.messages.list(thread_id, **fields))
    page = present_page("messages", "messageId", map(present_message, found), has_more)
    # A page that was asked for by `before` alone is gone on from by its first message.
    return Answer({"threadId": thread_id, **page}, cut_front="before" in fields and "after" not in fields)


def delete(call: ActionCall) -> Answer:
    messages, ids = call.beta.threads.messages, call.params
    thread_id, message_id = ids["threadId"], ids["messageId"]
    deleted = send_or_find(
        lambda: bool(
            parse_deleted(messages.delete(message_id, thread_id=thread_id), "thread.message").get("deleted")
        ),
        lambda: is_gone(lambda: messages.retrieve(message_id, thread_id=thread_id)),
    )
    return Answer({"threadId": thread_id, "messageId": message_id, "deleted": deleted})


def check_length(call: ActionCall, name: str, content: Any) -> Any:
    """Returns the content as it is; raises TooLong (413) beyond the setting MAX_MESSAGE_CHARS."""
    length = len(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
    if length > call.settings.max_message_chars:
        raise TooLong(f"{name} has {length} characters; at most {call.settings.max_message_chars} are taken")
    return content


def check_messages(call: ActionCall, name: str, messages: list[Json]) -> None:
    """Raises TooLong (413) beyond the settings MAX_MESSAGES_PER_CALL and MAX_MESSAGE_CHARS."""
    limit = call.settings.max_messages_per_call
    if len(messages) > limit:
        raise TooLong(
            f"{name} has {len(messages)} entries; at most {limit} are taken (MAX_MESSAGES_PER_CALL)"
        )
    for place, message in enumerate(messages):
        check_length(call, f"{name}[{place}]", message["content"])
