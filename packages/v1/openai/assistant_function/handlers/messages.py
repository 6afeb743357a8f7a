"""Messages: send, list."""

import json
from typing import Any

from assistant_function.answer import presenters as shapes
from assistant_function.answer.truncation import fit
from assistant_function.errors import Json, TooLong
from assistant_function.request.call import Call
from assistant_function.request.params import v2_arguments
from assistant_function.upstream import idempotency as once
from assistant_function.upstream import objects as upstream

LIST_LIMIT = 100  # so that a conversation usually comes whole


def send(call: Call) -> Json:
    content = checked_length(call, "message", call.params["message"])
    fields: Json = {"role": "user", "content": content} | v2_arguments(call.params, "role", "metadata")
    if "requestId" in call.params:
        return shapes.message(once.send(call, call.params["threadId"], fields))
    sent = call.beta.threads.messages.create(call.params["threadId"], **fields)
    return shapes.message(upstream.plain(sent, "thread.message"))


def list_page(call: Call) -> Json:
    """Oldest first unless `order` says otherwise."""
    wanted: Json = {"limit": LIST_LIMIT, "order": "asc"}
    wanted |= v2_arguments(call.params, "limit", "order", "after", "before", "runId")
    answer = call.beta.threads.messages.list(call.params["threadId"], **wanted)
    found, has_more = upstream.page(answer, "thread.message")
    listed = shapes.listed("messages", "messageId", [shapes.message(one) for one in found], has_more)
    backwards = "before" in wanted and "after" not in wanted
    return fit({"threadId": call.params["threadId"], **listed}, backwards)


def checked_length(call: Call, name: str, content: Any) -> Any:
    """The content as it is; TooLong (413) beyond the setting MAX_MESSAGE_CHARS."""
    length = len(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
    if length > call.settings.max_message_chars:
        raise TooLong(f"{name} has {length} characters; at most {call.settings.max_message_chars} are taken")
    return content
