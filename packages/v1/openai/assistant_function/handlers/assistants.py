"""Assistants: create, list, get, update, delete."""

from typing import TYPE_CHECKING

from assistant_function.answer.envelope import Answer
from assistant_function.answer.presenters import present_assistant, present_page
from assistant_function.call import ActionCall
from assistant_function.errors import Json
from assistant_function.request.params import ASSISTANT_SETTINGS
from assistant_function.upstream.objects import parse_assistant, parse_assistants, parse_deleted
from assistant_function.upstream.reconcile import is_gone, match_written, send_or_find

if TYPE_CHECKING:
    from assistant_function.answer import shapes
    from assistants_transport import v2_objects as v2

LIST_LIMIT = 20
SHOWN_SETTINGS = {param.name: param.v2_name for param in ASSISTANT_SETTINGS if param.shown}


def create(call: ActionCall) -> Answer:
    fields: Json = {"model": call.settings.model} | call.v2_fields()
    return Answer(_present(parse_assistant(call.beta.assistants.create(**fields))))


def list_page(call: ActionCall) -> Answer:
    fields: Json = {"limit": LIST_LIMIT} | call.v2_fields()
    found, has_more = parse_assistants(call.beta.assistants.list(**fields))
    return Answer(present_page("assistants", "assistantId", map(_present, found), has_more))


def get(call: ActionCall) -> Answer:
    return Answer(_present(parse_assistant(call.beta.assistants.retrieve(call.params["assistantId"]))))


def update(call: ActionCall) -> Answer:
    assistants, assistant_id, fields = call.beta.assistants, call.params["assistantId"], call.v2_fields()
    updated = send_or_find(
        lambda: parse_assistant(assistants.update(assistant_id, **fields)),
        lambda: match_written(parse_assistant(assistants.retrieve(assistant_id)), fields),
    )
    return Answer(_present(updated))


def delete(call: ActionCall) -> Answer:
    assistants, assistant_id = call.beta.assistants, call.params["assistantId"]
    deleted = send_or_find(
        lambda: bool(parse_deleted(assistants.delete(assistant_id), "assistant").get("deleted")),
        lambda: is_gone(lambda: assistants.retrieve(assistant_id)),
    )
    return Answer({"assistantId": assistant_id, "deleted": deleted})


def _present(assistant: "v2.Assistant") -> "shapes.Assistant":
    return present_assistant(assistant, SHOWN_SETTINGS)
