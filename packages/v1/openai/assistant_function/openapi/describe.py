"""Makes the function's description, OpenAPI 3.1, from the table that dispatches.

One URL with an `action` is described thus: POST takes one of the requests, told apart by `action`; a query
string or a form takes the parameters of all of them. `components.schemas.Answers` maps each action to its
answer."""

from collections.abc import Mapping

from assistant_function import VERSION
from assistant_function.answer.envelope import AT_TOP_LEVEL
from assistant_function.call import Action
from assistant_function.errors import Json
from assistant_function.openapi.schemas import DATA, PARTS, TEXT_OR_NULL, closed, nullable, object_of, ref
from assistant_function.request.params import Param
from assistant_function.request.settings import Settings

PATH = "/v1/openai"
BY_PATH: Json = {
    "name": "Assistants v2 by path",
    "description": "/v1/openai/assistants… and /v1/openai/threads…, also behind /v1/openai/v1: Assistants v2 "
    "itself, as OpenAI describes it, for programs that speak it. /v1/openai is their SDK's base URL, and the "
    "same tokens open it.",
    "externalDocs": {
        "description": "OpenAI's own description",
        "url": "https://github.com/openai/openai-openapi",
    },
}
SERVERS: list[Json] = [
    {
        "url": "https://{host}/api/v1/web/{namespace}",
        "description": "What `doctl serverless functions get v1/openai --url` prints, up to /v1/openai.",
        "variables": {"host": {"default": "faas-nyc1-0.doserverless.co"}, "namespace": {"default": "fn-0"}},
    },
    {"url": "http://localhost:8080/api/v1/web/fn-local", "description": "make run"},
]

# Status -> when, and the header that comes with it.
FAILURES: dict[str, tuple[str, str | None]] = {
    "400": ("A parameter is missing, unknown or invalid, or OpenAI calls the request invalid.", None),
    "401": ("A token is required and missing.", "WWW-Authenticate"),
    "403": ("The token is wrong for this action, or this web page may not call.", None),
    "404": ("No such assistant, thread, run or message.", None),
    "405": ("Neither GET nor POST.", "Allow"),
    "409": ("The thread has an active run: `data.runId` names it where it is known.", None),
    "413": ("The message or the body is too long, or there are too many messages.", None),
    "429": ("OpenAI's rate limit or quota; also a run that ended with it.", "Retry-After"),
    "500": ("The function is not configured, or at fault.", None),
    "502": ("OpenAI failed, or the run ended badly: `data` is the run.", "Retry-After"),
    "504": ("OpenAI did not answer in time; a change may have been carried out.", None),
}
OF_THE_PLATFORM = ("400", "413", "502", "504")


def describe_actions(actions: Mapping[str, Action], settings: Settings) -> Json:
    """The description of these actions; whether they need a token depends on the settings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenAI assistants behind one URL",
            "version": VERSION,
            "description": "Every call names an `action`. GET and POST take and answer the same; an object "
            "or a list is JSON text in a query string or form.",
        },
        "servers": SERVERS,
        "tags": [BY_PATH],
        "paths": {PATH: {"get": _describe_get(actions), "post": _describe_post(actions)}},
        "components": {
            "schemas": _describe_schemas(actions),
            "responses": _describe_responses(actions),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": _describe_security(settings),
    }


# ---------------------------------------------------------------- the two forms of a call


def _describe_get(actions: Mapping[str, Action]) -> Json:
    parameters = [
        _describe_query_parameter(name, schema) for name, schema in _merge_parameters(actions).items()
    ]
    summary = "A call by query string"
    return {"operationId": "get", "summary": summary, "parameters": parameters} | _refer_to_responses()


def _describe_query_parameter(name: str, schema: Json) -> Json:
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


def _merge_parameters(actions: Mapping[str, Action]) -> Json:
    """The parameters of all actions by name, as a query string or a form has them: without nulls."""
    about = "\n".join(f"- {name}: {action.about}" for name, action in actions.items())
    known = {name: param for action in actions.values() for name, param in action.spec.known().items()}
    return {"action": {"type": "string", "enum": list(actions), "description": about}} | {
        name: param.read.schema | {"description": f"{param.about} Taken by {_list_takers(name, actions)}."}
        for name, param in known.items()
    }


def _list_takers(name: str, actions: Mapping[str, Action]) -> str:
    return ", ".join(taker for taker, action in actions.items() if name in action.spec.known())


def _describe_post(actions: Mapping[str, Action]) -> Json:
    as_text = {
        name: {"contentType": "application/json"}
        for name, schema in _merge_parameters(actions).items()
        if "$ref" in schema
    }
    content = {
        "application/json": {"schema": ref("Request")},
        "application/x-www-form-urlencoded": {"schema": ref("Form"), "encoding": as_text},
    }
    return {
        "operationId": "post",
        "summary": "A call by JSON or form",
        "requestBody": {"required": True, "content": content},
    } | _refer_to_responses()


def _refer_to_responses() -> Json:
    return {
        "responses": {
            status: {"$ref": f"#/components/responses/{status}"} for status in ("200", "202", *FAILURES)
        }
    }


def _describe_responses(actions: Mapping[str, Action]) -> Json:
    kinds = dict.fromkeys(_name_answer(action) for action in actions.values())
    going_on = {"anyOf": [ref("RunAnswer"), ref("DeletedThreadAnswer")]}
    return {
        "200": _describe_response("Done.", {"anyOf": [ref(kind) for kind in kinds]}),
        "202": _describe_response(
            "The run goes on: call get-run. Or a long thread is not erased yet: call delete-thread again.",
            going_on,
            "Retry-After",
        ),
    } | {
        status: _describe_response(when, _describe_failed_body(status), header)
        for status, (when, header) in FAILURES.items()
    }


def _describe_failed_body(status: str) -> Json:
    return (
        {"anyOf": [ref("Failure"), ref("PlatformFailure")]} if status in OF_THE_PLATFORM else ref("Failure")
    )


def _describe_response(description: str, schema: Json, header: str | None = None) -> Json:
    content = {"application/json": {"schema": schema}}
    headers = {"headers": {header: {"schema": {"type": "string"}}}} if header else {}
    return {"description": description, **headers, "content": content}


def _describe_security(settings: Settings) -> list[Json]:
    needs_token: Json = {"token": []}
    if settings.access_token:
        return [needs_token]
    return [{}, needs_token] if settings.admin_token else [{}]


# ---------------------------------------------------------------- schemas


def _describe_schemas(actions: Mapping[str, Action]) -> Json:
    requests = {_name_request(name): _describe_request(name, action) for name, action in actions.items()}
    mapping = {name: f"#/components/schemas/{_name_request(name)}" for name in actions}
    return {
        "Request": {
            "oneOf": [ref(name) for name in requests],
            "discriminator": {"propertyName": "action", "mapping": mapping},
        },
        "Answers": object_of({name: ref(_name_answer(action)) for name, action in actions.items()})
        | {"description": "The answer to each action."},
        "Form": closed(_merge_parameters(actions), "action"),
        **requests,
        **{f"{name}Answer": _describe_success(name) for name in DATA},
        "Failure": _describe_failure(),
        **DATA,
        **PARTS,
    }


def _name_request(action: str) -> str:
    """`get-run` -> `GetRunRequest`."""
    return "".join(word.capitalize() for word in action.split("-")) + "Request"


def _name_answer(action: Action) -> str:
    return f"{action.data}Answer"


def _describe_request(name: str, action: Action) -> Json:
    needs = [param.name for param in action.spec.needs]
    values = {
        known.name: _describe_value(known, known.name in needs) for known in action.spec.known().values()
    }
    return {
        "type": "object",
        "description": action.about,
        "properties": {"action": {"type": "string", "const": name}, **values},
        "required": ["action", *needs],
        "additionalProperties": False,
    } | _require_one(action)


def _describe_value(param: Param, needed: bool) -> Json:
    """A null is no value, so it is taken wherever none is needed."""
    schema = param.read.schema
    if needed:
        return schema | {"description": param.about}
    return _allow_null(schema) | {"description": param.about}


def _require_one(action: Action) -> Json:
    """`one_of`: where nulls reset, any one will do; else one that says something."""
    spec = action.spec
    if not spec.one_of:
        return {}
    if spec.resets:
        return {"minProperties": 1 + len(spec.needs) + 1}
    says = [object_of({param.name: param.read.schema | {"minLength": 1}}) for param in spec.one_of]
    return {"allOf": [{"anyOf": says}]}


def _describe_success(data: str) -> Json:
    known = DATA[data].get("properties", {})
    at_top_level = {name: known[name] for name in AT_TOP_LEVEL if name in known}
    told = {"success": {"const": True}, "data": ref(data), "error": {"type": "null"}}
    return object_of(told | at_top_level)


def _describe_failure() -> Json:
    """`data` is what exists nevertheless: the run, or the ids of a thread and of its active run."""
    data = {"anyOf": [ref("Run"), ref("ThreadAndRun"), {"type": "null"}]}
    told = {"success": {"const": False}, "data": data, "error": {"type": "string"}}
    return object_of(told, dict.fromkeys(AT_TOP_LEVEL, TEXT_OR_NULL))


def _allow_null(schema: Json) -> Json:
    if "enum" in schema or "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return nullable(schema)
