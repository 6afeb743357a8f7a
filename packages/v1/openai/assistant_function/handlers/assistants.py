"""Assistants: create, list, get, update, delete."""

from assistant_function.call import Call
from assistant_function.errors import Json
from assistant_function.handlers import shapes
from assistant_function.params import v2_arguments

FIELDS = (
    "name",
    "instructions",
    "model",
    "description",
    "tools",
    "toolResources",
    "metadata",
    "temperature",
    "topP",
    "responseFormat",
)


def create(call: Call) -> Json:
    fields: Json = {"model": call.settings.model} | v2_arguments(call.params, *FIELDS)
    return shapes.assistant(shapes.plain(call.beta.assistants.create(**fields), "assistant"))


def list_page(call: Call) -> Json:
    wanted = v2_arguments(call.params, "limit", "order", "after", "before")
    found, has_more = shapes.page(call.beta.assistants.list(**wanted), "assistant")
    return shapes.listed("assistants", "assistantId", [shapes.assistant(one) for one in found], has_more)


def get(call: Call) -> Json:
    found = call.beta.assistants.retrieve(call.params["assistantId"])
    return shapes.assistant(shapes.plain(found, "assistant"))


def update(call: Call) -> Json:
    fields = v2_arguments(call.params, *FIELDS)
    updated = call.beta.assistants.update(call.params["assistantId"], **fields)
    return shapes.assistant(shapes.plain(updated, "assistant"))


def delete(call: Call) -> Json:
    gone = shapes.plain(call.beta.assistants.delete(call.params["assistantId"]), "assistant.deleted")
    return {"assistantId": call.params["assistantId"], "deleted": bool(gone.get("deleted"))}
