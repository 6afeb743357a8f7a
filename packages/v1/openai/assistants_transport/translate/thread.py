"""A v2 thread <-> a conversation. What the thread's tools look into is kept in the conversation's extras."""

from typing import TYPE_CHECKING

from assistants_transport import extras
from assistants_transport.body_schema import FieldTypes, check_fields
from assistants_transport.ids import to_v2_id
from assistants_transport.translate import tools
from assistants_transport.translate.message import code_files_of
from assistants_transport.v2_errors import Json, V2Error

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

THREAD_FIELD_TYPES: FieldTypes = {"messages": list, "metadata": dict, "tool_resources": dict}


def check_thread(body: Json) -> None:
    """Raises V2Error 400 for a field that is unknown or of another type."""
    check_fields(body, THREAD_FIELD_TYPES, "a thread")


def metadata_from_thread(body: Json, stored: Json) -> dict[str, str]:
    """The body of a create or update -> the conversation's metadata.

    `stored` is the conversation so far, {} for a new one; what the body leaves out stays as it is there.
    The files that the body's checked messages attach for the code interpreter are added to the thread's.
    Raises V2Error 400 for other tool resources, and where the 16 pairs do not suffice."""
    metadata, thread_extras = extras.unpack(stored.get("metadata"))
    if "tool_resources" in body:
        thread_extras |= tools.resource_extras_from_v2(body["tool_resources"])
    return _pack(
        tools.add_code_files(thread_extras, code_files_of(body.get("messages"))),
        body.get("metadata", metadata),
    )


def metadata_with_code_files(conversation: Json, file_ids: list[str]) -> dict[str, str]:
    """The conversation's metadata with these files added to the thread's. V2Error 400 for too many."""
    metadata, thread_extras = extras.unpack(conversation.get("metadata"))
    return _pack(tools.add_code_files(thread_extras, file_ids), metadata)


def thread_from_conversation(conversation: Json) -> "v2.Thread":
    metadata, thread_extras = extras.unpack(conversation.get("metadata"))
    return {
        "id": to_v2_id(conversation["id"]),
        "object": "thread",
        "created_at": conversation["created_at"],
        "metadata": metadata,
        "tool_resources": tools.v2_resources_from_extras(thread_extras),
    }


def extras_of(conversation: Json) -> Json:
    """What the thread has beyond its conversation, such as vector stores."""
    return extras.unpack(conversation.get("metadata"))[1]


def _pack(thread_extras: Json, metadata: Json | None) -> dict[str, str]:
    kept = {name: value for name, value in thread_extras.items() if value is not None}
    try:
        return extras.pack(kept, metadata)
    except V2Error:  # what is noted of runs gives way to what the caller sets
        kept.pop("runs", None)
        return extras.pack(kept, metadata)
