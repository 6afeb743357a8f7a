"""Checks what a request carries. Pydantic finds the mistake; this file says it in OpenAI's words."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from starlette.requests import Request

from local.emulator.api_error import ApiError, missing
from local.emulator.database import Json, PageRequest

MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY_CHARS = 64
MAX_METADATA_VALUE_CHARS = 512
MAX_PAGE = 100

Metadata = Annotated[
    dict[
        Annotated[str, Field(max_length=MAX_METADATA_KEY_CHARS)],
        Annotated[str, Field(max_length=MAX_METADATA_VALUE_CHARS)],
    ],
    Field(max_length=MAX_METADATA_PAIRS),
]


class Fields(BaseModel):
    """An object of a request: types are not converted, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ResolvedFields(Fields):
    """Fields where null means the default, so that a dump gives the settings in force."""

    @model_validator(mode="before")
    @classmethod
    def null_means_default(cls, data: Any) -> Any:
        """Leave out what is null."""
        return (
            {key: value for key, value in data.items() if value is not None}
            if isinstance(data, dict)
            else data
        )


class ListQuery(BaseModel):
    """The query string of a list. There is no `before`."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(default=20, ge=1, le=MAX_PAGE)
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None


def find_type(data: Any) -> str | None:
    """Tag of a union's member, e.g. `<function>`; the brackets keep it apart from field names."""
    kind = get_field(data, "type")
    return f"<{kind}>" if isinstance(kind, str) else None


def get_field(data: Any, name: str) -> Any:
    """A field of what is checked: a dict on the way in, a checked object on the way out."""
    return data.get(name) if isinstance(data, dict) else getattr(data, name, None)


BY_TYPE = Discriminator(find_type)
Shape = TypeVar("Shape", bound=BaseModel)


def check(shape: type[Shape], data: object) -> Shape:
    """`data` as `shape`; raises ApiError that names the first wrong field."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise explain_problem(error.errors(include_url=False)[0], data) from None


def explain_problem(problem: ErrorDetails, data: object) -> ApiError:
    """What OpenAI says of this problem."""
    param = find_param(problem, data)
    if problem["type"] == "missing" and param:
        return missing(param)
    for kinds, code, describe in REFUSALS:
        if problem["type"] in kinds:
            return ApiError(describe(param, problem), param=param or None, code=code)
    return ApiError(f"Invalid '{param}': {problem['msg']}", param=param or None, code="invalid_value")


def find_param(problem: ErrorDetails, data: Any) -> str:
    """Where the problem lies, as OpenAI writes it: `items[0].content`.

    Pydantic's path also names members of unions: they are no keys of the data and are left out.
    """
    steps, path, here = list(problem["loc"]), "", data
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1 and problem["type"] == "missing"
        if isinstance(step, int):
            path += f"[{step}]"
            here = here[step] if isinstance(here, list) else None
        elif is_last or (isinstance(here, dict) and step in here):
            path += f".{step}" if path else step
            here = here.get(step) if isinstance(here, dict) else None
    return path


def _context(problem: ErrorDetails, name: str) -> Any:
    return problem.get("ctx", {}).get(name)


def _unknown(param: str, _: ErrorDetails) -> str:
    return f"Unknown parameter: '{param}'."


def _too_long(param: str, problem: ErrorDetails) -> str:
    limit, length = _context(problem, "max_length"), len(problem["input"])
    return (
        f"Invalid '{param}': string too long. Expected a string with maximum length {limit}, "
        f"but got a string with length {length} instead."
    )


def _too_many(param: str, problem: ErrorDetails) -> str:
    limit, length = _context(problem, "max_length"), len(problem["input"])
    return f"Invalid '{param}': too many entries. Expected at most {limit}, but got {length} instead."


def _no_match(param: str, problem: ErrorDetails) -> str:
    pattern = _context(problem, "pattern")
    return (
        f"Invalid '{param}': string does not match pattern. "
        f"Expected a string that matches the pattern '{pattern}'."
    )


def _out_of_range(param: str, problem: ErrorDetails) -> str:
    return f"Invalid '{param}': {problem['msg'].removeprefix('Input ')}, but got {problem['input']} instead."


def _not_supported(_: str, problem: ErrorDetails) -> str:
    supported = _context(problem, "expected") or _context(problem, "expected_tags")
    value = problem["input"]
    shown = value.get("type") if isinstance(value, dict) else value
    return (
        f"Invalid value: {shown!r}. Supported values are: {str(supported).replace('<', '').replace('>', '')}."
    )


def _no_type(param: str, problem: ErrorDetails) -> str:
    if isinstance(problem["input"], dict):
        return f"Missing required parameter: '{param}.type'."
    return _wrong_type(param, {**problem, "msg": "an object"})


def _wrong_type(param: str, problem: ErrorDetails) -> str:
    expected = problem["msg"].removeprefix("Input should be ").partition(",")[0]
    got = JSON_NAMES.get(type(problem["input"]), "something else")
    return f"Invalid type for '{param}': expected {expected}, but got {got} instead."


JSON_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "an integer",
    float: "a decimal number",
    bool: "a boolean",
    type(None): "null",
}

# Pydantic's error types -> OpenAI's code and message.
REFUSALS: list[tuple[set[str], str, Callable[[str, ErrorDetails], str]]] = [
    ({"extra_forbidden"}, "unknown_parameter", _unknown),
    ({"string_too_long"}, "string_above_max_length", _too_long),
    ({"too_long"}, "array_above_max_length", _too_many),
    ({"string_pattern_mismatch"}, "invalid_value", _no_match),
    ({"union_tag_not_found"}, "invalid_type", _no_type),
    ({"greater_than_equal"}, "integer_below_min_value", _out_of_range),
    ({"less_than_equal"}, "integer_above_max_value", _out_of_range),
    ({"literal_error", "union_tag_invalid"}, "invalid_value", _not_supported),
    (
        {
            f"{name}_type"
            for name in ("string", "int", "float", "bool", "list", "dict", "model", "model_attributes")
        }
        | {"int_parsing"},
        "invalid_type",
        _wrong_type,
    ),
]


async def parse_body(request: Request) -> Json:
    """The request's JSON object; an empty body is an empty object. Raises ApiError for anything else."""
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate cannot be sent back
    except (ValueError, RecursionError):
        raise ApiError("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise ApiError("Invalid type for request body: expected an object.", code="invalid_type")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def parse_page(request: Request) -> PageRequest:
    """limit, order and after from the query string; any other parameter is refused by name."""
    query = check(ListQuery, query_without_include(request))
    return PageRequest(query.limit, query.order, query.after)


def refuse_query(request: Request) -> None:
    """Nothing but `include` may stand in the query string."""
    check(Fields, query_without_include(request))


def query_without_include(request: Request) -> Json:
    # included.py reads `include` where there is something to include.
    return {key: value for key, value in request.query_params.items() if key not in ("include", "include[]")}
