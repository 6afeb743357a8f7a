"""A v2 message <-> a message item of a conversation."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from assistants_transport.body_schema import ANYTHING, FieldTypes, check_fields, check_objects
from assistants_transport.translate.citations import cite, first_free_part
from assistants_transport.translate.marks import escape_text, split_text
from assistants_transport.translate.times import UNKNOWN_TIME, times_in_order
from assistants_transport.v2_errors import Json, refuse_field, refuse_missing, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MESSAGE_FIELD_TYPES: FieldTypes = dict.fromkeys(("role", "content", "metadata", "attachments"), ANYTHING)
PART_FIELD_TYPES: FieldTypes = {"type": str, "text": str, "image_url": dict, "image_file": dict}
ATTACHMENT_FIELD_TYPES: FieldTypes = {"file_id": str, "tools": list}
ATTACHMENT_TOOLS = ("file_search", "code_interpreter")
MESSAGE_ROLES = ("user", "assistant")
MESSAGE_STATUSES = ("in_progress", "incomplete", "completed")
V2_DETAILS = {"low": "low", "high": "high", "original": "high"}  # v2 knows no `original`
PART_SEPARATOR = "\n\n"
TEXT_PARTS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")
COMMENTARY = "commentary"  # the phase of what a model says between its tool calls


class Writer(NamedTuple):
    """Who wrote a message, as far as it is known."""

    run_id: str | None = None
    assistant_id: str | None = None


UNKNOWN_WRITER = Writer()


def is_message(item: Json) -> bool:
    """Whether v2 counts the item as a message: not reasoning, calls, commentary, a developer's messages."""
    is_shown = item["type"] == "message" and item["role"] in MESSAGE_ROLES
    return is_shown and item.get("phase") != COMMENTARY


def items_from_messages(messages: object, param: str) -> list[Json]:
    """v2 messages to create -> items; [] for None. V2Error 400 as in item_from_message."""
    found = [] if messages is None else check_objects(messages, param)
    return [item_from_message(message, f"{param}[{index}]") for index, message in enumerate(found)]


def item_from_message(message: Json, param: str = "") -> Json:
    """A v2 message to create -> an item. `param` is the message's path in the request's body.

    The files that it attaches for the code interpreter are none of the item: see code_files_of.
    Raises V2Error 400 for a wrong field, and for metadata, which items cannot hold."""
    prefix = f"{param}." if param else ""
    check_fields(message, MESSAGE_FIELD_TYPES, "a message", param)
    if message.get("metadata"):
        refuse_field(f"{prefix}metadata", "conversation items have no place for it")
    role = message.get("role")
    if role not in MESSAGE_ROLES:
        refuse_value(f"{prefix}role", f"{str(role)[:40]!r} is neither user nor assistant")
    content = _item_content_from_v2(message.get("content"), role, f"{prefix}content")
    files = _file_parts_from_attachments(message.get("attachments"), role, f"{prefix}attachments")
    if files:
        text = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        content = [*text, *files]
    return {"type": "message", "role": role, "content": content}


def code_files_of(messages: list[Json] | None) -> list[str]:
    """The files that checked v2 messages attach for the code interpreter."""
    return [
        attachment["file_id"]
        for message in messages or []
        for attachment in message.get("attachments") or []
        if {"type": "code_interpreter"} in (attachment.get("tools") or [])
    ]


def messages_from_items(
    items: list[Json], thread_id: str, now: int, writers: Mapping[str, Writer] | None = None
) -> "list[v2.Message]":
    """Message items, oldest first -> v2 messages with times that keep their order.

    `now` is in Unix seconds; `writers` are those that are known, by the id of their message."""
    known = writers or {}
    return [
        message_from_item(item, thread_id, *known.get(item["id"], UNKNOWN_WRITER), created_at=created_at)
        for item, created_at in zip(items, times_in_order(items, thread_id, now), strict=True)
    ]


def message_from_item(
    item: Json,
    thread_id: str,
    run_id: str | None = None,
    assistant_id: str | None = None,
    created_at: int = UNKNOWN_TIME,
) -> "v2.Message":
    """A message item -> the v2 message, with null for what is not known."""
    parts = _parts_of(item)
    first_part = first_free_part(part["text"] for part in parts if part["type"] in TEXT_PARTS)
    blocks = [_block_from_part(part, number) for number, part in enumerate(parts, start=first_part)]
    return {
        "id": item["id"],
        "object": "thread.message",
        "created_at": created_at,
        "thread_id": thread_id,
        "run_id": run_id,
        "assistant_id": assistant_id,
        "role": item["role"],
        "content": [block for block in blocks if block is not None],
        "attachments": _attachments_from_parts(parts),
        "metadata": {},
        "status": item["status"] if item.get("status") in MESSAGE_STATUSES else "completed",
        "completed_at": None,
        "incomplete_at": None,
        "incomplete_details": None,
    }


def texts_of(item: Json) -> list[str]:
    """The texts of a message item, without its mark."""
    return [part["text"] for part in _parts_of(item) if part["type"] in TEXT_PARTS]


def _item_content_from_v2(content: object, role: str, param: str) -> str | list[Json]:
    if isinstance(content, str) and content:
        return escape_text(content)
    if not isinstance(content, list) or not content:
        refuse_value(param, "text or a list of parts is wanted")
    parts = [_item_part_from_v2(part, role, f"{param}[{index}]") for index, part in enumerate(content)]
    # by OpenAI's API description, an assistant's message without an id must be one plain text
    return parts if role == "user" else PART_SEPARATOR.join(part["text"] for part in parts)


def _item_part_from_v2(part: Any, role: str, param: str) -> Json:
    part = check_fields(part, PART_FIELD_TYPES, "a part of a message", param)
    kind = part.get("type")
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "input_text", "text": escape_text(part["text"])}
    if role == "user" and kind in ("image_url", "image_file"):
        return _input_image_from_v2(part, kind, f"{param}.{kind}")
    return refuse_field(param, f"a message of the {role} has no part of type {str(kind)[:40]!r}")


def _input_image_from_v2(part: Json, kind: str, param: str) -> Json:
    upstream_name, v2_name = ("image_url", "url") if kind == "image_url" else ("file_id", "file_id")
    image = check_fields(part.get(kind), {v2_name: str, "detail": str}, "an image", param)
    if not image.get(v2_name):
        refuse_missing(f"{param}.{v2_name}")
    return {"type": "input_image", upstream_name: image[v2_name], "detail": image.get("detail") or "auto"}


def _file_parts_from_attachments(attachments: object, role: str, param: str) -> list[Json]:
    """The parts for the files that the model is to read: those of file_search, and those without a tool.

    Raises V2Error 400 for a wrong attachment, and for a file to read in a message of the assistant."""
    parts: list[Json] = []
    for index, attachment in enumerate([] if attachments is None else check_objects(attachments, param)):
        path = f"{param}[{index}]"
        check_fields(attachment, ATTACHMENT_FIELD_TYPES, "an attachment", path)
        if not attachment.get("file_id"):
            refuse_missing(f"{path}.file_id")
        tools = check_objects(attachment.get("tools") or [], f"{path}.tools")
        for tool in tools:
            if tool.keys() != {"type"} or tool["type"] not in ATTACHMENT_TOOLS:
                refuse_value(
                    f"{path}.tools", "only file_search and code_interpreter, without options, are wanted"
                )
        if not tools or {"type": "file_search"} in tools:
            if role != "user":
                refuse_field(path, "a message of the assistant is one plain text")
            parts.append({"type": "input_file", "file_id": attachment["file_id"]})
    return parts


def _attachments_from_parts(parts: list[Json]) -> "list[v2.Attachment]":
    """The files that the model was given to read, and those that it made, each once."""
    found: dict[str, v2.Attachment] = {}
    for part in parts:
        if part["type"] == "input_file" and part.get("file_id"):
            found[part["file_id"]] = {"file_id": part["file_id"], "tools": [{"type": "file_search"}]}
        for one in part.get("annotations") or []:
            if one["type"] == "container_file_citation":
                found[one["file_id"]] = {
                    "file_id": one["file_id"],
                    "tools": [{"type": "code_interpreter"}],
                    "container_id": one["container_id"],
                }
    return list(found.values())


def _parts_of(item: Json) -> list[Json]:
    """The parts of an item's content without its mark; some servers give one text in place of parts."""
    content = item["content"]
    parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    text, mark = split_text(str(parts[-1].get("text", ""))) if parts else ("", None)
    if mark is None:
        return parts
    return [*parts[:-1], *([{**parts[-1], "text": text}] if text else [])]


def _block_from_part(part: Json, number: int) -> "v2.ContentBlock | None":
    """None for a part that v2 does not show in the content, such as an attached file.

    `number` goes into the part's citation markers."""
    kind = part["type"]
    if kind in TEXT_PARTS:
        return {"type": "text", "text": cite(part["text"], part.get("annotations") or [], number)}
    if kind == "refusal":
        return {"type": "refusal", "refusal": part["refusal"]}
    if kind not in ("input_image", "computer_screenshot"):
        return None
    detail = V2_DETAILS.get(part.get("detail") or "", "auto")
    if part.get("file_id"):
        return {"type": "image_file", "image_file": {"file_id": part["file_id"], "detail": detail}}
    return {"type": "image_url", "image_url": {"url": part.get("image_url") or "", "detail": detail}}
