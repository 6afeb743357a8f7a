"""A v2 thread <-> a conversation. The thread's vector stores are kept in the conversation's extras."""

from typing import TYPE_CHECKING

from assistants_transport import extras
from assistants_transport.body_schema import FieldTypes, check_fields
from assistants_transport.ids import to_v2_id
from assistants_transport.translate import tools
from assistants_transport.v2_errors import Json

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

THREAD_FIELD_TYPES: FieldTypes = {"messages": list, "metadata": dict, "tool_resources": dict}


def check_thread(body: Json) -> None:
    """Raises V2Error 400 for a field that is unknown or of another type."""
    check_fields(body, THREAD_FIELD_TYPES, "a thread")


def metadata_from_thread(body: Json, stored: Json) -> dict[str, str]:
    """The body of a create or update -> the conversation's metadata.

    `stored` is the conversation so far, {} for a new one; what the body leaves out stays as it is there.
    Raises V2Error 400 for tool resources other than vector stores, and where the 16 pairs do not suffice."""
    metadata, thread_extras = extras.unpack(stored.get("metadata"))
    if "tool_resources" in body:
        store_ids = tools.vector_store_ids_from_v2(body["tool_resources"])
        thread_extras = {k: v for k, v in thread_extras.items() if k != "vector_stores"}
        thread_extras |= {"vector_stores": store_ids} if store_ids else {}
    return extras.pack(thread_extras, body.get("metadata", metadata))


def thread_from_conversation(conversation: Json) -> "v2.Thread":
    metadata, thread_extras = extras.unpack(conversation.get("metadata"))
    return {
        "id": to_v2_id(conversation["id"]),
        "object": "thread",
        "created_at": conversation["created_at"],
        "metadata": metadata,
        "tool_resources": tools.v2_resources_from_ids(thread_extras.get("vector_stores", [])),
    }


def vector_store_ids_of(conversation: Json) -> list[str]:
    _, thread_extras = extras.unpack(conversation.get("metadata"))
    found = thread_extras.get("vector_stores", [])
    return found if isinstance(found, list) else []
