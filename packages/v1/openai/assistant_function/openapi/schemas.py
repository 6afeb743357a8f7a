"""JSON Schemas: DATA is what actions answer with, by the name that they give; PARTS is what that and the
parameters are made of."""

from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from assistant_function.answer import shapes
from assistant_function.errors import Json
from assistant_function.request import limits
from assistant_function.request import readers as r

# ---------------------------------------------------------------- building blocks


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(required: Json, optional: Json | None = None) -> Json:
    """An object of at least the required properties."""
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def closed(properties: Json, *required: str) -> Json:
    """An object of these properties and no others."""
    return object_of(properties) | {"required": list(required), "additionalProperties": False}


def nullable(schema: Json) -> Json:
    return schema | {"type": [schema["type"], "null"]}


def list_of(of: Json) -> Json:
    return {"type": "array", "items": of}


def _kind(name: str, properties: Json | None = None) -> Json:
    """An object told by its `type`, with these properties, all required."""
    told = {"type": {"type": "string", "const": name}} | (properties or {})
    return closed(told, *told)


# ---------------------------------------------------------------- from types to schemas

TYPES: dict[Any, Json] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    dict: {"type": "object", "additionalProperties": True},
    Any: {},
}


def schema_of_object(shape: type) -> Json:
    """The schema of a TypedDict of shapes.py."""
    hints = get_type_hints(shape, include_extras=True)
    properties = {name: schema_of(hint) for name, hint in hints.items()}
    required = [name for name, hint in hints.items() if get_origin(hint) is not NotRequired]
    return object_of(properties) | {"required": required}


def schema_of(hint: Any) -> Json:
    """The schema of a type as shapes.py uses them; another shape is referred to by its name."""
    if is_typeddict(hint):
        return ref(hint.__name__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return schema_of(arguments[0])
    if origin is Annotated:
        return schema_of(arguments[0]) | {"description": arguments[1]}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is list:
        return list_of(schema_of(arguments[0]))
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1]) or True}
    if origin in (Union, UnionType):
        [one] = [argument for argument in arguments if argument is not NoneType]
        schema = schema_of(one)
        return {"anyOf": [schema, {"type": "null"}]} if "$ref" in schema else nullable(schema)
    return TYPES[hint]


TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
FLAG_OR_NULL: Json = {"type": ["boolean", "null"]}
ANY_OBJECT: Json = {"type": "object", "additionalProperties": True}
OBJECT_OR_NULL: Json = {"type": ["object", "null"], "additionalProperties": True}

DATA: dict[str, Json] = {
    shape.__name__: schema_of_object(shape)
    for shape in (
        shapes.Assistant,
        shapes.Assistants,
        shapes.Thread,
        shapes.Message,
        shapes.Messages,
        shapes.Run,
        shapes.Runs,
        shapes.DeletedMessage,
        shapes.DeletedThread,
        shapes.DeletedAssistant,
        shapes.Description,
    )
}


# ---------------------------------------------------------------- what both are made of

_FUNCTION = closed(
    {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "description": TEXT_OR_NULL,
        "parameters": OBJECT_OR_NULL | {"description": "A JSON Schema."},
        "strict": FLAG_OR_NULL,
    },
    "name",
)
_RANKING = closed(
    {
        "ranker": {"type": ["string", "null"], "enum": ["auto", "default_2024_08_21", None]},
        "score_threshold": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    }
)
_FILE_SEARCH_OPTIONS = closed(
    {
        "max_num_results": {"type": ["integer", "null"], "minimum": 1, "maximum": 50},
        "ranking_options": nullable(_RANKING),
    }
)
_FILE_SEARCH: Json = {
    "type": {"type": "string", "const": "file_search"},
    "file_search": nullable(_FILE_SEARCH_OPTIONS),
}
_LOCATION = closed(dict.fromkeys(("type", "city", "country", "region", "timezone"), TEXT_OR_NULL))
_WEB_SEARCH: Json = {
    "type": {"type": "string", "const": "web_search"},
    "search_context_size": {"type": ["string", "null"], "enum": ["low", "medium", "high", None]},
    "user_location": nullable(_LOCATION),
    "filters": nullable(closed({"allowed_domains": nullable(list_of(TEXT))})),
}
_DETAIL: Json = {"type": ["string", "null"], "enum": ["auto", "low", "high", None]}
_SEEN_TEXT_PART = object_of({"text": TEXT | {"pattern": r.NOT_BLANK}})
_TEXT_PART = closed({"type": {"type": "string", "const": "text"}, "text": TEXT}, "type", "text")
_IMAGE_PART: Json = {
    "oneOf": [
        _kind(kind, {kind: closed({name: TEXT | {"minLength": 1}, "detail": _DETAIL}, name)})
        for kind, name in (("image_url", "url"), ("image_file", "file_id"))
    ]
}
_JSON_SCHEMA = closed(
    {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "description": TEXT_OR_NULL,
        "schema": ANY_OBJECT | {"description": "A JSON Schema."},
        "strict": FLAG_OR_NULL,
    },
    "name",
    "schema",
)

_ATTACHMENTS: Json = {"attachments": nullable(list_of(ref("NewAttachment")))}


_USERS_PARTS: Json = list_of({"oneOf": [_TEXT_PART, _IMAGE_PART]}) | {
    "minItems": 1,
    "contains": {"anyOf": [_SEEN_TEXT_PART, _IMAGE_PART]},
    "description": f"Texts and images, at most {limits.MAX_IMAGES} of these.",
}
_ASSISTANTS_PARTS: Json = list_of(_TEXT_PART) | {"minItems": 1, "contains": _SEEN_TEXT_PART}


def _new_message(role: str, parts: Json, more: Json | None = None) -> Json:
    content = {"anyOf": [TEXT | {"pattern": r.NOT_BLANK}, parts]}
    return closed(
        {"role": {"type": "string", "const": role}, "content": content, **(more or {})}, "role", "content"
    )


PARTS: dict[str, Json] = {
    **{
        shape.__name__: schema_of_object(shape)
        for shape in (
            shapes.Annotation,
            shapes.Attachment,
            shapes.Usage,
            shapes.ToolCall,
            shapes.LastError,
            shapes.ThreadAndRun,
        )
    },
    "ShownTool": schema_of_object(shapes.ShownTool) | {"additionalProperties": True},
    "PlatformFailure": object_of({"error": TEXT, "code": TEXT})
    | {"description": "What the platform answers in the function's place: to a body that is no JSON, say."},
    "Metadata": {
        "type": "object",
        "maxProperties": r.MAX_PAIRS,
        "propertyNames": {"minLength": 1, "maxLength": r.MAX_KEY_CHARACTERS},
        "additionalProperties": {"type": "string", "maxLength": r.MAX_VALUE_CHARACTERS},
    },
    "Tools": list_of(ref("Tool")),
    "Tool": {
        "oneOf": [
            _kind("function", {"function": _FUNCTION}),
            closed(_FILE_SEARCH, "type"),
            closed(_WEB_SEARCH, "type"),
            _kind("code_interpreter"),
        ]
    },
    "ToolResources": closed(
        {
            "file_search": nullable(closed({"vector_store_ids": nullable(list_of(TEXT))})),
            "code_interpreter": nullable(closed({"file_ids": nullable(list_of(TEXT))})),
        }
    ),
    "NewMessages": list_of(ref("NewMessage")),
    "NewMessage": {
        "oneOf": [
            _new_message("user", _USERS_PARTS, _ATTACHMENTS),
            _new_message("assistant", _ASSISTANTS_PARTS),
        ]
    },
    "NewAttachment": closed(
        {"file_id": TEXT | {"minLength": 1}, "tools": nullable(list_of(ref("AttachmentTool")))},
        "file_id",
    )
    | {"description": "A file for the search, or for the code."},
    "AttachmentTool": closed(
        {"type": {"type": "string", "enum": ["file_search", "code_interpreter"]}}, "type"
    ),
    "ToolOutputs": list_of(ref("ToolOutput")) | {"minItems": 1},
    "ToolOutput": closed(
        {
            "toolCallId": {"type": "string", "pattern": f"^{r.ID_PATTERN}$"},
            "output": {"description": "Text; anything else is sent as JSON.", "not": {"type": "null"}},
        },
        "toolCallId",
        "output",
    ),
    "ResponseFormat": {
        "description": f"At most {limits.MAX_FORMAT_CHARACTERS} characters as JSON.",
        "anyOf": [
            {"type": "string", "enum": ["auto", "text", "json_object"]},
            _kind("text"),
            _kind("json_object"),
            _kind("json_schema", {"json_schema": _JSON_SCHEMA}),
        ],
    },
}
