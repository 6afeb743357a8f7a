"""The function's description, OpenAPI 3.1, made from the table that dispatches.

One URL with an `action` is said thus: POST takes one of the requests, told apart by `action`; a query string
or a form takes the parameters of all of them. `components.schemas.Answers` maps each action to its answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant_function import params as p
from assistant_function.envelope import AT_TOP_LEVEL
from assistant_function.errors import Json
from assistant_function.params import Param
from assistant_function.polling import ENDED
from assistant_function.settings import Settings

if TYPE_CHECKING:
    from assistant_function.actions import Action

PATH = "/v1/openai"
SERVERS: list[Json] = [
    {
        "url": "https://{host}/api/v1/web/{namespace}",
        "description": "What `doctl serverless functions get v1/openai --url` prints, up to /v1/openai.",
        "variables": {"host": {"default": "faas-nyc1-0.doserverless.co"}, "namespace": {"default": "fn-0"}},
    },
    {"url": "http://localhost:8080/api/v1/web/fn-local", "description": "make run"},
]
UNENDED = ("queued", "in_progress", "cancelling")

# Status -> when, and the header that comes with it.
FAILURES: dict[str, tuple[str, str | None]] = {
    "400": ("A parameter is missing, unknown or invalid, or OpenAI calls the request invalid.", None),
    "401": ("A token is required and missing.", "WWW-Authenticate"),
    "403": ("The token is wrong for this action, or this web page may not call.", None),
    "404": ("No such assistant, thread, run or message.", None),
    "405": ("Neither GET nor POST.", "Allow"),
    "409": ("The thread has an active run: `data.runId` names it where it is known.", None),
    "413": ("The message or the body is too long.", None),
    "429": ("OpenAI's rate limit or quota; also a run that ended with it.", "Retry-After"),
    "500": ("The function is not configured, or at fault.", None),
    "502": ("OpenAI failed, or the run ended badly: `data` is the run.", "Retry-After"),
    "504": ("OpenAI did not answer in time; a change may have been carried out.", None),
}
OF_THE_PLATFORM = ("400", "413", "502", "504")


def openapi(actions: "Mapping[str, Action]", settings: Settings) -> Json:
    """The description of these actions; whether they need a token depends on the settings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenAI assistants behind one URL",
            "version": "1",
            "description": "Every call names an `action`. GET and POST take and answer the same; an object "
            "or a list is JSON text in a query string or form.",
        },
        "servers": SERVERS,
        "paths": {PATH: {"get": _get(actions), "post": _post(actions)}},
        "components": {
            "schemas": _schemas(actions),
            "responses": _responses(actions),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": _security(settings),
    }


# ---------------------------------------------------------------- the two forms of a call


def _get(actions: "Mapping[str, Action]") -> Json:
    parameters = [_query_parameter(name, schema) for name, schema in _flat(actions).items()]
    summary = "A call by query string"
    return {"operationId": "get", "summary": summary, "parameters": parameters} | _answers()


def _query_parameter(name: str, schema: Json) -> Json:
    """What is said about the value moves to the parameter; an object or a list is JSON text. No URL is as
    long as a text may be."""
    value = {key: inner for key, inner in schema.items() if key not in ("description", "maxLength")}
    said: Json = (
        {"content": {"application/json": {"schema": value}}} if "$ref" in value else {"schema": value}
    )
    return {
        "name": name,
        "in": "query",
        "required": name == "action",
        "description": schema["description"],
    } | said


def _flat(actions: "Mapping[str, Action]") -> Json:
    """The parameters of all actions by name, as a query string or a form has them: without nulls."""
    about = "\n".join(f"- {name}: {action.about}" for name, action in actions.items())
    known = {name: param for action in actions.values() for name, param in action.spec.known().items()}
    return {"action": {"type": "string", "enum": list(actions), "description": about}} | {
        name: param.read.schema | {"description": f"{param.about} Taken by {_takers(name, actions)}."}
        for name, param in known.items()
    }


def _takers(name: str, actions: "Mapping[str, Action]") -> str:
    return ", ".join(taker for taker, action in actions.items() if name in action.spec.known())


def _post(actions: "Mapping[str, Action]") -> Json:
    as_text = {
        name: {"contentType": "application/json"}
        for name, schema in _flat(actions).items()
        if "$ref" in schema
    }
    content = {
        "application/json": {"schema": _ref("Request")},
        "application/x-www-form-urlencoded": {"schema": _ref("Form"), "encoding": as_text},
    }
    return {
        "operationId": "post",
        "summary": "A call by JSON or form",
        "requestBody": {"required": True, "content": content},
    } | _answers()


def _answers() -> Json:
    return {
        "responses": {
            status: {"$ref": f"#/components/responses/{status}"} for status in ("200", "202", *FAILURES)
        }
    }


def _responses(actions: "Mapping[str, Action]") -> Json:
    kinds = dict.fromkeys(_answer_name(action) for action in actions.values())
    going_on = {"anyOf": [_ref("RunAnswer"), _ref("DeletedThreadAnswer")]}
    return {
        "200": _response("Done.", {"anyOf": [_ref(kind) for kind in kinds]}),
        "202": _response(
            "The run goes on: call get-run. Or a long thread is not erased yet: call delete-thread again.",
            going_on,
            "Retry-After",
        ),
    } | {status: _response(when, _failed(status), header) for status, (when, header) in FAILURES.items()}


def _failed(status: str) -> Json:
    return (
        {"anyOf": [_ref("Failure"), _ref("PlatformFailure")]}
        if status in OF_THE_PLATFORM
        else _ref("Failure")
    )


def _response(description: str, schema: Json, header: str | None = None) -> Json:
    content = {"application/json": {"schema": schema}}
    headers = {"headers": {header: {"schema": {"type": "string"}}}} if header else {}
    return {"description": description, **headers, "content": content}


def _security(settings: Settings) -> list[Json]:
    needs_token: Json = {"token": []}
    if settings.access_token:
        return [needs_token]
    return [{}, needs_token] if settings.admin_token else [{}]


# ---------------------------------------------------------------- schemas


def _schemas(actions: "Mapping[str, Action]") -> Json:
    requests = {_request_name(name): _request(name, action) for name, action in actions.items()}
    mapping = {name: f"#/components/schemas/{_request_name(name)}" for name in actions}
    return {
        "Request": {
            "oneOf": [_ref(name) for name in requests],
            "discriminator": {"propertyName": "action", "mapping": mapping},
        },
        "Answers": _object({name: _ref(_answer_name(action)) for name, action in actions.items()})
        | {"description": "The answer to each action."},
        "Form": _closed(_flat(actions), "action"),
        **requests,
        **{f"{name}Answer": _success(name) for name in DATA},
        "Failure": _failure(),
        **DATA,
        **PARTS,
    }


def _request_name(action: str) -> str:
    """`get-run` -> `GetRunRequest`."""
    return "".join(word.capitalize() for word in action.split("-")) + "Request"


def _answer_name(action: "Action") -> str:
    return f"{action.data}Answer"


def _request(name: str, action: "Action") -> Json:
    needs = [param.name for param in action.spec.needs]
    values = {known.name: _value(known, known.name in needs) for known in action.spec.known().values()}
    return {
        "type": "object",
        "description": action.about,
        "properties": {"action": {"type": "string", "const": name}, **values},
        "required": ["action", *needs],
        "additionalProperties": False,
    } | _at_least_one(action)


def _value(param: Param, needed: bool) -> Json:
    """A null is no value, so it is taken wherever none is needed."""
    schema = param.read.schema
    if needed:
        return schema | {"description": param.about}
    return _or_null(schema) | {"description": param.about}


def _at_least_one(action: "Action") -> Json:
    """`one_of`: where nulls reset, any one will do; else one that says something."""
    spec = action.spec
    if not spec.one_of:
        return {}
    if spec.resets:
        return {"minProperties": 1 + len(spec.needs) + 1}
    says = [_object({param.name: param.read.schema | {"minLength": 1}}) for param in spec.one_of]
    return {"allOf": [{"anyOf": says}]}


def _success(data: str) -> Json:
    known = DATA[data].get("properties", {})
    at_top_level = {name: known[name] for name in AT_TOP_LEVEL if name in known}
    return _object({"success": {"const": True}, "data": _ref(data), "error": {"type": "null"}} | at_top_level)


def _failure() -> Json:
    """`data` is what exists nevertheless: the run, or the ids of a thread and of its active run."""
    data = {"anyOf": [_ref("Run"), _ref("ThreadAndRun"), {"type": "null"}]}
    told = {"success": {"const": False}, "data": data, "error": {"type": "string"}}
    return _object(told | dict.fromkeys(AT_TOP_LEVEL, TEXT_OR_NULL), list(told))


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Json) -> Json:
    if "enum" in schema or "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return _null_too(schema)


def _object(properties: Json, required: list[str] | None = None) -> Json:
    """An object of at least these properties; all are required where none are named."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


def _closed(properties: Json, *required: str) -> Json:
    """An object of these properties and no others."""
    return _object(properties, list(required)) | {"additionalProperties": False}


def _null_too(schema: Json) -> Json:
    return schema | {"type": [schema["type"], "null"]}


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


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

DATA: dict[str, Json] = {
    "Assistant": _object(
        {
            "assistantId": TEXT,
            "name": TEXT_OR_NULL,
            "description": TEXT_OR_NULL,
            "instructions": TEXT_OR_NULL,
            "model": TEXT_OR_NULL,
            "tools": _list(ANY_OBJECT | _object({"type": TEXT})),
            "metadata": TEXTS_BY_NAME,
            "temperature": NUMBER_OR_NULL,
            "topP": NUMBER_OR_NULL,
            "createdAt": SECONDS,
        }
    ),
    "Assistants": _object({"assistants": _list(_ref("Assistant")), **PAGE}),
    "Thread": _object({"threadId": TEXT, "metadata": TEXTS_BY_NAME, "createdAt": SECONDS}),
    "Message": _object(
        {
            "messageId": TEXT,
            "threadId": TEXT,
            "role": {"type": "string", "enum": ["user", "assistant"]},
            "content": TEXT,
            "annotations": _list(_ref("Annotation")),
            "attachments": _list(_ref("Attachment")),
            "runId": TEXT_OR_NULL,
            "assistantId": TEXT_OR_NULL,
            "createdAt": SECONDS,
        }
    ),
    "Messages": _object({"threadId": TEXT, "messages": _list(_ref("Message")), **PAGE}),
    "Run": _object(
        {
            "runId": TEXT_OR_NULL | {"description": "Null where a repeated requestId found it by its words."},
            "threadId": TEXT,
            "assistantId": TEXT_OR_NULL,
            "status": {"type": "string", "enum": [*UNENDED, *ENDED]},
            "response": TEXT_OR_NULL | {"description": "The answer's text, null until the run has ended."},
            "messages": _list(_ref("Message")),
            "usage": {"anyOf": [_ref("Usage"), {"type": "null"}]},
            "toolCalls": _list(_ref("ToolCall")),
            "lastError": {"anyOf": [_object({"code": TEXT, "message": TEXT}), {"type": "null"}]},
            "incompleteReason": TEXT_OR_NULL,
            "createdAt": SECONDS,
        }
    ),
    "DeletedThread": _object({"threadId": TEXT, "deleted": FLAG}),
    "DeletedAssistant": _object({"assistantId": TEXT, "deleted": FLAG}),
    "Description": _object({"openapi": TEXT, "info": ANY_OBJECT, "paths": ANY_OBJECT}),
}
for with_resources in ("Assistant", "Thread"):
    DATA[with_resources]["properties"]["toolResources"] = ANY_OBJECT | {"description": "Where there are any."}
DATA["Run"]["properties"]["parsed"] = {
    "description": "Where JSON was asked for: the value of `response`, null where that is no JSON."
}

_FUNCTION = _closed(
    {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "description": TEXT_OR_NULL,
        "parameters": OBJECT_OR_NULL | {"description": "A JSON Schema."},
        "strict": FLAG_OR_NULL,
    },
    "name",
)
_RANKING = _closed(
    {
        "ranker": {"type": ["string", "null"], "enum": ["auto", None]},
        "score_threshold": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    }
)
_FILE_SEARCH_OPTIONS = _closed(
    {
        "max_num_results": {"type": ["integer", "null"], "minimum": 1, "maximum": 50},
        "ranking_options": _null_too(_RANKING),
    }
)
_FILE_SEARCH: Json = {
    "type": {"type": "string", "const": "file_search"},
    "file_search": _null_too(_FILE_SEARCH_OPTIONS),
}
_LOCATION = _closed(dict.fromkeys(("type", "city", "country", "region", "timezone"), TEXT_OR_NULL))
_WEB_SEARCH: Json = {
    "type": {"type": "string", "const": "web_search"},
    "search_context_size": {"type": ["string", "null"], "enum": ["low", "medium", "high", None]},
    "user_location": _null_too(_LOCATION),
    "filters": _null_too(_closed({"allowed_domains": _null_too(_list(TEXT))})),
}
_TEXT_PART = _closed({"type": {"type": "string", "const": "text"}, "text": TEXT}, "type", "text")
_JSON_SCHEMA = _closed(
    {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "description": TEXT_OR_NULL,
        "schema": ANY_OBJECT | {"description": "A JSON Schema."},
        "strict": FLAG_OR_NULL,
    },
    "name",
    "schema",
)


def _kind(name: str, properties: Json | None = None) -> Json:
    """An object told by its `type`, with these properties, all required."""
    told = {"type": {"type": "string", "const": name}} | (properties or {})
    return _closed(told, *told)


PARTS: dict[str, Json] = {
    "Annotation": _object(
        {"type": TEXT_OR_NULL, "text": TEXT_OR_NULL}
        | dict.fromkeys(("startIndex", "endIndex"), COUNT_OR_NULL)
        | dict.fromkeys(("fileId", "filename", "url", "title"), TEXT_OR_NULL)
    ),
    "Attachment": _object({"fileId": TEXT_OR_NULL, "tools": _list(TEXT), "url": TEXT_OR_NULL}, ["fileId"]),
    "Usage": _object(dict.fromkeys(("promptTokens", "completionTokens", "totalTokens"), COUNT_OR_NULL)),
    "ToolCall": _object({"id": TEXT, "name": TEXT, "arguments": TEXT | {"description": "JSON text."}}),
    "PlatformFailure": _object({"error": TEXT, "code": TEXT})
    | {"description": "What the platform answers in the function's place: to a body that is no JSON, say."},
    "ThreadAndRun": _object({"threadId": TEXT_OR_NULL, "runId": TEXT_OR_NULL}),
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
    "Tools": _list(_ref("Tool")),
    "Tool": {
        "oneOf": [
            _kind("function", {"function": _FUNCTION}),
            _closed(_FILE_SEARCH, "type"),
            _closed(_WEB_SEARCH, "type"),
        ]
    },
    "ToolResources": _closed(
        {"file_search": _null_too(_closed({"vector_store_ids": _null_too(_list(TEXT))}))}
    ),
    "NewMessages": _list(_ref("NewMessage")),
    "NewMessage": _closed(
        {
            "role": {"type": "string", "enum": ["user", "assistant"]},
            "content": {
                "anyOf": [TEXT | {"minLength": 1}, {"type": "array", "items": _TEXT_PART, "minItems": 1}]
            },
        },
        "role",
        "content",
    ),
    "ToolOutputs": _list(_ref("ToolOutput")) | {"minItems": 1},
    "ToolOutput": _closed(
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
