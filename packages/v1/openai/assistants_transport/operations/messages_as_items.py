"""Messages: v2 message <-> the message items of a conversation."""

from contextlib import suppress
from typing import Any

from assistants_transport import body_schema as fields
from assistants_transport import pages
from assistants_transport.ids import to_upstream
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.request import Call
from assistants_transport.v2_errors import (
    Json,
    UpstreamError,
    V2Error,
    refuse_field,
    refuse_missing,
    refuse_value,
)

FIELDS: fields.Types = {
    "role": fields.ANYTHING,
    "content": fields.ANYTHING,
    "metadata": fields.ANYTHING,
    "attachments": fields.ANYTHING,
}
PART_FIELDS: fields.Types = {"type": str, "text": str, "image_url": dict, "image_file": dict}
ROLES = ("user", "assistant")
STATUSES = ("in_progress", "incomplete", "completed")
DETAILS = {"low": "low", "high": "high", "original": "high"}  # v2 knows no `original`
UNKNOWN_TIME = 0  # conversation items carry no time, and v2 requires a number
MOST_ITEMS_PER_REQUEST = 20
PARTS_JOINED_BY = "\n\n"


def create(call: Call) -> Json:
    return add(call.api, call.ids["thread_id"], [to_item(call.body)])[0]


def add(api: OpenAIApi, thread_id: str, items: list[Json]) -> list[Json]:
    """Adds message items to a thread -> its new messages."""
    return [to_message(item, thread_id) for item in add_items(api, to_upstream(thread_id), items)]


def add_items(api: OpenAIApi, conversation_id: str, items: list[Json]) -> list[Json]:
    """Adds items, 20 at a time. Where a later request is refused, those before it are taken back."""
    added: list[Json] = []
    path = f"/conversations/{conversation_id}/items"
    try:
        for start in range(0, len(items), MOST_ITEMS_PER_REQUEST):
            page = api.post(path, {"items": items[start : start + MOST_ITEMS_PER_REQUEST]})
            added.extend(page["data"])
    except UpstreamError:
        take_back(api, conversation_id, added)
        raise
    return added


def take_back(api: OpenAIApi, conversation_id: str, added: list[Json]) -> None:
    """Removes what was added, as far as it can be removed: the refusal before matters more."""
    for item in added:
        with suppress(UpstreamError):
            api.delete(f"/conversations/{conversation_id}/items/{item['id']}")


def retrieve(call: Call) -> Json:
    thread_id, message_id = call.ids["thread_id"], call.ids["message_id"]
    item = call.api.get(f"/conversations/{to_upstream(thread_id)}/items/{to_upstream(message_id)}")
    if not is_message(item):
        raise V2Error(404, f"No message found with id '{message_id}'.")
    return to_message(item, thread_id)


def delete(call: Call) -> Json:
    thread_id, message_id = call.ids["thread_id"], call.ids["message_id"]
    call.api.delete(f"/conversations/{to_upstream(thread_id)}/items/{to_upstream(message_id)}")
    return {"id": message_id, "object": "thread.message.deleted", "deleted": True}


def list_page(call: Call) -> Json:
    thread_id = call.ids["thread_id"]
    path = f"/conversations/{to_upstream(thread_id)}/items"
    items, has_more = pages.read(call.api, path, call.query, keep=is_message, cursor=to_upstream)
    return pages.v2_list([to_message(item, thread_id) for item in items], has_more)


def is_message(item: Json) -> bool:
    """Only what v2 counts as one: reasoning, tool calls, system and developer messages are none."""
    return item["type"] == "message" and item["role"] in ROLES


def to_items(given: object, param: str) -> list[Json]:
    """v2 messages to create -> items; None is an empty list."""
    found = [] if given is None else fields.list_of_objects(given, param)
    return [to_item(message, f"{param}[{place}]") for place, message in enumerate(found)]


def to_item(message: Json, param: str = "") -> Json:
    """A v2 message to create -> a conversation's item."""
    at = f"{param}." if param else ""
    fields.check(message, FIELDS, "a message", param)
    for name in ("metadata", "attachments"):
        if message.get(name):
            refuse_field(f"{at}{name}", "conversation items have no place for it")
    role = message.get("role")
    if role not in ROLES:
        refuse_value(f"{at}role", f"{str(role)[:40]!r} is neither user nor assistant")
    return {
        "type": "message",
        "role": role,
        "content": _to_content(message.get("content"), role, f"{at}content"),
    }


def to_message(
    item: Json, thread_id: str, run_id: str | None = None, assistant_id: str | None = None
) -> Json:
    """A message item -> the v2 message. What the item does not tell is null, its time UNKNOWN_TIME."""
    parts = item["content"]
    return {
        "id": item["id"],
        "object": "thread.message",
        "created_at": UNKNOWN_TIME,
        "thread_id": thread_id,
        "run_id": run_id,
        "assistant_id": assistant_id,
        "role": item["role"],
        "content": [block for part in parts if (block := _to_block(part)) is not None],
        "attachments": [
            {"file_id": part["file_id"], "tools": []}
            for part in parts
            if part["type"] == "input_file" and part.get("file_id")
        ],
        "metadata": {},
        "status": item["status"] if item.get("status") in STATUSES else "completed",
        "completed_at": None,
        "incomplete_at": None,
        "incomplete_details": None,
    }


def _to_content(content: object, role: str, param: str) -> str | list[Json]:
    if isinstance(content, str) and content:
        return content
    if not isinstance(content, list) or not content:
        refuse_value(param, "text or a list of parts is wanted")
    parts = [_to_part(part, role, f"{param}[{place}]") for place, part in enumerate(content)]
    # OpenAI's description takes an assistant's message without an id as a plain text only
    return parts if role == "user" else PARTS_JOINED_BY.join(part["text"] for part in parts)


def _to_part(part: Any, role: str, param: str) -> Json:
    part = fields.check(part, PART_FIELDS, "a part of a message", param)
    kind = part.get("type")
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "input_text", "text": part["text"]}
    if role == "user" and kind in ("image_url", "image_file"):
        upstream, own = ("image_url", "url") if kind == "image_url" else ("file_id", "file_id")
        image = fields.check(part.get(kind), {own: str, "detail": str}, "an image", f"{param}.{kind}")
        if not image.get(own):
            refuse_missing(f"{param}.{kind}.{own}")
        return {"type": "input_image", upstream: image[own], "detail": image.get("detail") or "auto"}
    return refuse_field(param, f"a message of the {role} has no part of type {str(kind)[:40]!r}")


def _to_block(part: Json) -> Json | None:
    kind = part["type"]
    if kind in ("input_text", "output_text", "text", "summary_text", "reasoning_text"):
        return {
            "type": "text",
            "text": {
                "value": part["text"],
                "annotations": [_to_annotation(a) for a in part.get("annotations") or []],
            },
        }
    if kind == "refusal":
        return {"type": "refusal", "refusal": part["refusal"]}
    if kind in ("input_image", "computer_screenshot"):
        return _to_image(part)
    return None  # input_file: an attachment


def _to_image(part: Json) -> Json:
    detail = DETAILS.get(part.get("detail") or "", "auto")
    if part.get("file_id"):
        return {"type": "image_file", "image_file": {"file_id": part["file_id"], "detail": detail}}
    return {"type": "image_url", "image_url": {"url": part.get("image_url") or "", "detail": detail}}


def _to_annotation(annotation: Json) -> Json:
    """A citation: `index` is where it stands in the text, where v2 had a marker to replace."""
    kind = annotation["type"]
    start = annotation.get("start_index", annotation.get("index"))
    place = {"text": "", "start_index": start, "end_index": annotation.get("end_index", start)}
    if kind in ("file_citation", "container_file_citation"):
        cited = {k: annotation[k] for k in ("file_id", "filename", "container_id") if k in annotation}
        return {"type": "file_citation", **place, "file_citation": cited}
    if kind == "file_path":
        return {"type": "file_path", **place, "file_path": {"file_id": annotation["file_id"]}}
    return {
        "type": kind,
        **place,
        kind: {k: v for k, v in annotation.items() if k not in ("type", "start_index", "end_index")},
    }
