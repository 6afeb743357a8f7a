"""`include`: what items hold but show only to those who ask for it."""

from typing import Literal

from starlette.requests import Request

from local.emulator.database import Json
from local.emulator.fields import Fields, check

Includable = Literal[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
]
# Kind of item -> its field that is null unless it is asked for. For the other values there is nothing here.
HIDDEN = {"file_search_call": "results", "code_interpreter_call": "outputs"}


class IncludeQuery(Fields):
    """What a query string asks for."""

    include: list[Includable]


def parse_include(request: Request) -> list[Includable]:
    """The values of `include[]=a&include[]=b`, `include=a&include=b` or `include=a,b`."""
    query = request.query_params
    given = [text for name in ("include", "include[]") for text in query.getlist(name)]
    values = [value for text in given for value in text.split(",")]
    return check(IncludeQuery, {"include": values}).include


def show_items(items: list[Json], include: list[Includable]) -> list[Json]:
    """The items without what was not asked for."""
    return [show_item(item, include) for item in items]


def show_item(item: Json, include: list[Includable]) -> Json:
    """One item without what was not asked for."""
    field = HIDDEN.get(item["type"])
    if field is None or f"{item['type']}.{field}" in include:
        return item
    return {**item, field: None}


def show_event(event: Json, include: list[Includable]) -> Json:
    """An event of a stream without what was not asked for."""
    if "response" in event:
        return {**event, "response": show_response(event["response"], include)}
    return {**event, "item": show_item(event["item"], include)} if "item" in event else event


def show_response(response: Json, include: list[Includable]) -> Json:
    """The response without what was not asked for."""
    return {**response, "output": show_items(response.get("output", []), include)}
