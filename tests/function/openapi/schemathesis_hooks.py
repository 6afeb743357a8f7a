"""What schemathesis needs to know beyond the description; it runs in its own process."""

import json
import os
import re
from itertools import count
from typing import Any

import jsonschema
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

with open(os.environ["DESCRIPTION"]) as file:
    DESCRIPTION = json.load(file)
EXISTING: dict[str, str] = json.loads(os.environ["EXISTING"])  # assistantId, threadId, runId
REPEATABLE = ("get-", "list-", "send-", "run-", "chat")  # what they name stays as it is
REQUEST = jsonschema.Draft202012Validator(DESCRIPTION | {"$ref": "#/components/schemas/Request"})
ID = re.compile("[A-Za-z0-9_-]{1,128}")
# Ids that are not in the list, and what only a server of Assistants v2 can keep.
NOT_HERE = re.compile("Invalid '(after|before)'|'metadata' cannot be carried")
TOO_LARGE = 413
numbers = count()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Made-up ids would end every call with 404: some calls get those of things that exist. A request that is
    repeated would not be looked at again."""
    known = EXISTING | {"requestId": f"request_{next(numbers)}"}
    for values in (case.body, case.query):
        if isinstance(values, dict) and str(values.get("action")).startswith(REPEATABLE):
            values |= {name: known[name] for name in known if is_id(values.get(name))}


@schemathesis.hook
def filter_failure(_context: Any, failure: Failure, case: Any, response: Any) -> bool:
    """Whether it is one. What no description can say is none: which parameters of a query string belong
    together, which ids exist, and that a number or an object may come as text, in JSON too."""
    if isinstance(failure, RejectedPositiveData):
        return case.method != "GET" and not NOT_HERE.match(response.json()["error"])
    if isinstance(failure, AcceptedNegativeData):
        return response.status_code != TOO_LARGE and not REQUEST.is_valid(as_meant(case.body))
    return True


def is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None


def as_meant(body: Any) -> Any:
    """Texts that are JSON as their values."""
    if not isinstance(body, dict):
        return body
    return {name: parse(value) for name, value in body.items() if not name.startswith("_")}


def parse(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value
