"""JSON Schemas: DATA is what actions answer with, by the name that they give; PARTS is what that and the
parameters are made of."""

from assistant_function.errors import Json
from assistant_function.request import params as p
from assistant_function.upstream.polling import ENDED

UNENDED = ("queued", "in_progress", "cancelling")


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


# ---------------------------------------------------------------- what answers hold

TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
NUMBER_OR_NULL: Json = {"type": ["number", "null"]}
COUNT_OR_NULL: Json = {"type": ["integer", "null"]}
FLAG: Json = {"type": "boolean"}
FLAG_OR_NULL: Json = {"type": ["boolean", "null"]}
ANY_OBJECT: Json = {"type": "object", "additionalProperties": True}
OBJECT_OR_NULL: Json = {"type": ["object", "null"], "additionalProperties": True}
TEXTS_BY_NAME: Json = {"type": "object", "additionalProperties": TEXT}
SECONDS: Json = {"type": ["integer", "null"], "description": "Unix seconds; null where OpenAI does not tell."}
PAGE: Json = {"hasMore": FLAG, "firstId": TEXT_OR_NULL, "lastId": TEXT_OR_NULL}
TOOL_RESOURCES: Json = {"toolResources": ANY_OBJECT | {"description": "Where there are any."}}
PARSED: Json = {
    "parsed": {
        "description": "Where JSON was asked for: the value of `response`, null where that is no JSON."
    }
}

DATA: dict[str, Json] = {
    "Assistant": object_of(
        {
            "assistantId": TEXT,
            "name": TEXT_OR_NULL,
            "description": TEXT_OR_NULL,
            "instructions": TEXT_OR_NULL,
            "model": TEXT_OR_NULL,
            "tools": list_of(ANY_OBJECT | object_of({"type": TEXT})),
            "metadata": TEXTS_BY_NAME,
            "temperature": NUMBER_OR_NULL,
            "topP": NUMBER_OR_NULL,
            "createdAt": SECONDS,
        },
        TOOL_RESOURCES,
    ),
    "Assistants": object_of({"assistants": list_of(ref("Assistant")), **PAGE}),
    "Thread": object_of({"threadId": TEXT, "metadata": TEXTS_BY_NAME, "createdAt": SECONDS}, TOOL_RESOURCES),
    "Message": object_of(
        {
            "messageId": TEXT,
            "threadId": TEXT,
            "role": {"type": "string", "enum": ["user", "assistant"]},
            "content": TEXT,
            "annotations": list_of(ref("Annotation")),
            "attachments": list_of(ref("Attachment")),
            "runId": TEXT_OR_NULL,
            "assistantId": TEXT_OR_NULL,
            "createdAt": SECONDS,
        }
    ),
    "Messages": object_of({"threadId": TEXT, "messages": list_of(ref("Message")), **PAGE}),
    "Run": object_of(
        {
            "runId": TEXT_OR_NULL | {"description": "Null where a repeated requestId found it by its words."},
            "threadId": TEXT,
            "assistantId": TEXT_OR_NULL,
            "status": {"type": "string", "enum": [*UNENDED, *ENDED]},
            "response": TEXT_OR_NULL | {"description": "The answer's text, null until the run has ended."},
            "messages": list_of(ref("Message")),
            "usage": {"anyOf": [ref("Usage"), {"type": "null"}]},
            "toolCalls": list_of(ref("ToolCall")),
            "lastError": {"anyOf": [object_of({"code": TEXT, "message": TEXT}), {"type": "null"}]},
            "incompleteReason": TEXT_OR_NULL,
            "createdAt": SECONDS,
        },
        PARSED,
    ),
    "DeletedThread": object_of({"threadId": TEXT, "deleted": FLAG}),
    "DeletedAssistant": object_of({"assistantId": TEXT, "deleted": FLAG}),
    "Description": object_of({"openapi": TEXT, "info": ANY_OBJECT, "paths": ANY_OBJECT}),
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
        "ranker": {"type": ["string", "null"], "enum": ["auto", None]},
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
_TEXT_PART = closed({"type": {"type": "string", "const": "text"}, "text": TEXT}, "type", "text")
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

PARTS: dict[str, Json] = {
    "Annotation": object_of(
        {"type": TEXT_OR_NULL, "text": TEXT_OR_NULL}
        | dict.fromkeys(("startIndex", "endIndex"), COUNT_OR_NULL)
        | dict.fromkeys(("fileId", "filename", "url", "title"), TEXT_OR_NULL)
    ),
    "Attachment": object_of({"fileId": TEXT_OR_NULL}, {"tools": list_of(TEXT), "url": TEXT_OR_NULL}),
    "Usage": object_of(dict.fromkeys(("promptTokens", "completionTokens", "totalTokens"), COUNT_OR_NULL)),
    "ToolCall": object_of({"id": TEXT, "name": TEXT, "arguments": TEXT | {"description": "JSON text."}}),
    "PlatformFailure": object_of({"error": TEXT, "code": TEXT})
    | {"description": "What the platform answers in the function's place: to a body that is no JSON, say."},
    "ThreadAndRun": object_of({"threadId": TEXT_OR_NULL, "runId": TEXT_OR_NULL}),
    "Metadata": {
        "type": "object",
        "maxProperties": p.MOST_PAIRS,
        "propertyNames": {
            "minLength": 1,
            "maxLength": p.MOST_KEY_CHARACTERS,
            "not": {"pattern": f"^{p.RESERVED}"},
        },
        "additionalProperties": {"type": "string", "maxLength": p.MOST_VALUE_CHARACTERS},
    },
    "Tools": list_of(ref("Tool")),
    "Tool": {
        "oneOf": [
            _kind("function", {"function": _FUNCTION}),
            closed(_FILE_SEARCH, "type"),
            closed(_WEB_SEARCH, "type"),
        ]
    },
    "ToolResources": closed({"file_search": nullable(closed({"vector_store_ids": nullable(list_of(TEXT))}))}),
    "NewMessages": list_of(ref("NewMessage")),
    "NewMessage": closed(
        {
            "role": {"type": "string", "enum": ["user", "assistant"]},
            "content": {
                "anyOf": [TEXT | {"minLength": 1}, {"type": "array", "items": _TEXT_PART, "minItems": 1}]
            },
        },
        "role",
        "content",
    ),
    "ToolOutputs": list_of(ref("ToolOutput")) | {"minItems": 1},
    "ToolOutput": closed(
        {
            "toolCallId": {"type": "string", "pattern": f"^{p.ID_PATTERN}$"},
            "output": {"description": "Text; anything else is sent as JSON.", "not": {"type": "null"}},
        },
        "toolCallId",
        "output",
    ),
    "ResponseFormat": {
        "anyOf": [
            {"type": "string", "enum": ["auto", "text", "json_object"]},
            _kind("text"),
            _kind("json_object"),
            _kind("json_schema", {"json_schema": _JSON_SCHEMA}),
        ]
    },
}
