"""Assistants: create, list, get, update, delete."""

from assistant_function.answer import presenters as shapes
from assistant_function.errors import Json
from assistant_function.request.call import Call
from assistant_function.request.params import v2_arguments
from assistant_function.upstream import objects as upstream
from assistant_function.upstream.reconcile import found_out, gone, written

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
    return shapes.assistant(upstream.plain(call.beta.assistants.create(**fields), "assistant"))


def list_page(call: Call) -> Json:
    wanted = v2_arguments(call.params, "limit", "order", "after", "before")
    found, has_more = upstream.page(call.beta.assistants.list(**wanted), "assistant")
    return shapes.listed("assistants", "assistantId", [shapes.assistant(one) for one in found], has_more)


def get(call: Call) -> Json:
    found = call.beta.assistants.retrieve(call.params["assistantId"])
    return shapes.assistant(upstream.plain(found, "assistant"))


def update(call: Call) -> Json:
    assistants, assistant_id = call.beta.assistants, call.params["assistantId"]
    fields = v2_arguments(call.params, *FIELDS)
    updated = found_out(
        lambda: upstream.plain(assistants.update(assistant_id, **fields), "assistant"),
        lambda: written(upstream.plain(assistants.retrieve(assistant_id), "assistant"), fields),
    )
    return shapes.assistant(updated)


def delete(call: Call) -> Json:
    assistants, assistant_id = call.beta.assistants, call.params["assistantId"]
    answer = found_out(
        lambda: upstream.plain(assistants.delete(assistant_id), "assistant.deleted"),
        lambda: gone(lambda: assistants.retrieve(assistant_id)),
    )
    return {"assistantId": assistant_id, "deleted": bool(answer.get("deleted"))}
