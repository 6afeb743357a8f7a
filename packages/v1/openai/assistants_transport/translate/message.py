"""A v2 message <-> a message item of a conversation."""

from typing import TYPE_CHECKING, Any

from assistants_transport.body_schema import ANYTHING, FieldTypes, check_fields, check_objects
from assistants_transport.v2_errors import Json, refuse_field, refuse_missing, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MESSAGE_FIELD_TYPES: FieldTypes = dict.fromkeys(("role", "content", "metadata", "attachments"), ANYTHING)
PART_FIELD_TYPES: FieldTypes = {"type": str, "text": str, "image_url": dict, "image_file": dict}
MESSAGE_ROLES = ("user", "assistant")
MESSAGE_STATUSES = ("in_progress", "incomplete", "completed")
V2_DETAILS = {"low": "low", "high": "high", "original": "high"}  # v2 knows no `original`
UNKNOWN_TIME = 0  # conversation items carry no time, and v2 requires a number
PART_SEPARATOR = "\n\n"


def is_message(item: Json) -> bool:
    """Whether v2 counts the item as a message: not reasoning, calls, system and developer messages."""
    return item["type"] == "message" and item["role"] in MESSAGE_ROLES


def items_from_messages(messages: object, param: str) -> list[Json]:
    """v2 messages to create -> items; [] for None. V2Error 400 as in item_from_message."""
    found = [] if messages is None else check_objects(messages, param)
    return [item_from_message(message, f"{param}[{index}]") for index, message in enumerate(found)]


def item_from_message(message: Json, param: str = "") -> Json:
    """A v2 message to create -> an item. `param` is the message's path in the request's body.

    Raises V2Error 400 for a wrong field, and for metadata and attachments, which items cannot hold."""
    prefix = f"{param}." if param else ""
    check_fields(message, MESSAGE_FIELD_TYPES, "a message", param)
    for name in ("metadata", "attachments"):
        if message.get(name):
            refuse_field(f"{prefix}{name}", "conversation items have no place for it")
    role = message.get("role")
    if role not in MESSAGE_ROLES:
        refuse_value(f"{prefix}role", f"{str(role)[:40]!r} is neither user nor assistant")
    content = _item_content_from_v2(message.get("content"), role, f"{prefix}content")
    return {"type": "message", "role": role, "content": content}


def message_from_item(
    item: Json, thread_id: str, run_id: str | None = None, assistant_id: str | None = None
) -> "v2.Message":
    """A message item -> the v2 message, with null for what an item does not tell."""
    parts = item["content"]
    return {
        "id": item["id"],
        "object": "thread.message",
        "created_at": UNKNOWN_TIME,
        "thread_id": thread_id,
        "run_id": run_id,
        "assistant_id": assistant_id,
        "role": item["role"],
        "content": [block for part in parts if (block := _block_from_part(part)) is not None],
        "attachments": [
            {"file_id": part["file_id"], "tools": []}
            for part in parts
            if part["type"] == "input_file" and part.get("file_id")
        ],
        "metadata": {},
        "status": item["status"] if item.get("status") in MESSAGE_STATUSES else "completed",
        "completed_at": None,
        "incomplete_at": None,
        "incomplete_details": None,
    }


def _item_content_from_v2(content: object, role: str, param: str) -> str | list[Json]:
    if isinstance(content, str) and content:
        return content
    if not isinstance(content, list) or not content:
        refuse_value(param, "text or a list of parts is wanted")
    parts = [_item_part_from_v2(part, role, f"{param}[{index}]") for index, part in enumerate(content)]
    # by OpenAI's API description, an assistant's message without an id must be one plain text
    return parts if role == "user" else PART_SEPARATOR.join(part["text"] for part in parts)


def _item_part_from_v2(part: Any, role: str, param: str) -> Json:
    part = check_fields(part, PART_FIELD_TYPES, "a part of a message", param)
    kind = part.get("type")
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "input_text", "text": part["text"]}
    if role == "user" and kind in ("image_url", "image_file"):
        return _input_image_from_v2(part, kind, f"{param}.{kind}")
    return refuse_field(param, f"a message of the {role} has no part of type {str(kind)[:40]!r}")


def _input_image_from_v2(part: Json, kind: str, param: str) -> Json:
    upstream_name, v2_name = ("image_url", "url") if kind == "image_url" else ("file_id", "file_id")
    image = check_fields(part.get(kind), {v2_name: str, "detail": str}, "an image", param)
    if not image.get(v2_name):
        refuse_missing(f"{param}.{v2_name}")
    return {"type": "input_image", upstream_name: image[v2_name], "detail": image.get("detail") or "auto"}


def _block_from_part(part: Json) -> "v2.ContentBlock | None":
    """None for a part that v2 does not show in the content, such as an attached file."""
    kind = part["type"]
    if kind in ("input_text", "output_text", "text", "summary_text", "reasoning_text"):
        annotations = [_annotation_from_upstream(one) for one in part.get("annotations") or []]
        return {"type": "text", "text": {"value": part["text"], "annotations": annotations}}
    if kind == "refusal":
        return {"type": "refusal", "refusal": part["refusal"]}
    if kind not in ("input_image", "computer_screenshot"):
        return None
    detail = V2_DETAILS.get(part.get("detail") or "", "auto")
    if part.get("file_id"):
        return {"type": "image_file", "image_file": {"file_id": part["file_id"], "detail": detail}}
    return {"type": "image_url", "image_url": {"url": part.get("image_url") or "", "detail": detail}}


def _annotation_from_upstream(annotation: Json) -> "v2.Annotation":
    """A citation. Its start is where it stands in the text, which has no marker to replace as v2's had."""
    kind = annotation["type"]
    start = annotation.get("start_index", annotation.get("index"))
    end = annotation.get("end_index", start)
    place: v2.AnnotationPlace = {"text": "", "start_index": start, "end_index": end}
    if kind in ("file_citation", "container_file_citation"):
        cited = {k: annotation[k] for k in ("file_id", "filename", "container_id") if k in annotation}
        return {"type": "file_citation", **place, "file_citation": cited}
    if kind == "file_path":
        return {"type": "file_path", **place, "file_path": {"file_id": annotation["file_id"]}}
    details = {k: v for k, v in annotation.items() if k not in ("type", "start_index", "end_index")}
    return {"type": kind, **place, kind: details}
