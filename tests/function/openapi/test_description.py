"""What the description says: all of the table, nothing else, and who gets it."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from assistant_function import errors
from assistant_function.actions import ACTIONS
from assistant_function.openapi import describe
from assistant_function.request.settings import parse_settings
from tests.invoke import MAIN, Json, make_function, web

MOST_BYTES = 100_000


def operation(description: Json, method: str) -> Json:
    found: Json = description["paths"]["/v1/openai"][method]
    return found


def request(description: Json, action: str) -> Json:
    schemas = description["components"]["schemas"]
    name = schemas["Request"]["discriminator"]["mapping"][action].rpartition("/")[2]
    found: Json = schemas[name]
    return found


def test_it_is_valid_openapi(description: Json) -> None:
    assert list(OpenAPIV31SpecValidator(description).iter_errors()) == []


def test_what_answers_by_path_is_described_by_openai(description: Json) -> None:
    [by_path] = description["tags"]
    assert "/v1/openai/threads" in by_path["description"]
    assert by_path["externalDocs"]["url"] == "https://github.com/openai/openai-openapi"


def test_it_is_small(description: Json) -> None:
    assert len(json.dumps(description)) < MOST_BYTES


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_its_request_and_its_answer(description: Json, action: str) -> None:
    spec, said = ACTIONS[action].spec, request(description, action)
    assert said["properties"].keys() == {"action", *spec.known()}
    assert said["properties"]["action"]["const"] == action
    assert said["required"] == ["action", *(param.name for param in spec.needs)]
    assert said["additionalProperties"] is False
    assert action in description["components"]["schemas"]["Answers"]["properties"]


def test_query_string_and_form_take_all_parameters(description: Json) -> None:
    known = {name for action in ACTIONS.values() for name in action.spec.known()}
    query = {one["name"]: one for one in operation(description, "get")["parameters"]}
    form = description["components"]["schemas"]["Form"]
    assert query.keys() == form["properties"].keys() == {"action", *known}
    assert query["action"]["schema"]["enum"] == list(ACTIONS)
    for name in known:
        takers = [action for action in ACTIONS if name in ACTIONS[action].spec.known()]
        assert query[name]["description"].endswith(f"Taken by {', '.join(takers)}.")


def test_every_parameter_says_what_it_is_for() -> None:
    for action in ACTIONS.values():
        for param in action.spec.known().values():
            assert re.fullmatch(r"[A-Z].+\.", param.about), param.name


def test_a_name_means_the_same_in_every_action() -> None:
    seen: dict[str, Any] = {}
    for action in ACTIONS.values():
        for name, param in action.spec.known().items():
            assert seen.setdefault(name, param.read.schema) == param.read.schema, name


def test_every_status_of_the_function_is_described(description: Json) -> None:
    own = {str(kind.status) for kind in all_kinds(errors.FunctionError)}
    without_an_answer = "504"  # an instance's own status, where OpenAI did not answer in time
    for method in ("get", "post"):
        described = operation(description, method)["responses"].keys()
        assert described == {"200", "202", *describe.FAILURES}
        assert described >= own | {without_an_answer}


def all_kinds(kind: type[errors.FunctionError]) -> list[type[errors.FunctionError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in all_kinds(below))]


def test_every_reference_leads_somewhere(description: Json) -> None:
    for reference in set(re.findall(r'"#/([^"]+)"', json.dumps(description))):
        found = description
        for step in reference.split("/"):
            found = found[step]


def test_it_needs_no_key() -> None:
    assert make_function({"OPENAI_API_KEY": "none"})(action="describe")["statusCode"] == 200


def test_it_needs_the_access_token_where_one_is_set() -> None:
    call: Json = {"action": "describe"}
    guarded = make_function({"ACCESS_TOKEN": "access-1", "ADMIN_TOKEN": "admin-1"})
    assert guarded.main(call | web())["statusCode"] == 401
    assert guarded.main(call | web(headers={"Authorization": "Bearer wrong"}))["statusCode"] == 403
    for token in ("access-1", "admin-1"):
        answer = guarded.main(call | web(headers={"Authorization": f"Bearer {token}"}))
        assert answer["statusCode"] == 200
        assert not any(secret in json.dumps(answer) for secret in ("access-1", "admin-1"))
    assert make_function({"ADMIN_TOKEN": "admin-1"})(action="describe")["statusCode"] == 200


@pytest.mark.parametrize(
    ("settings", "security"),
    [
        ({}, [{}]),
        ({"ADMIN_TOKEN": "t"}, [{}, {"token": []}]),
        ({"ACCESS_TOKEN": "t"}, [{"token": []}]),
    ],
)
def test_it_says_whether_a_token_is_needed(settings: dict[str, str], security: list[Json]) -> None:
    assert describe.describe_actions(ACTIONS, parse_settings(settings))["security"] == security


def test_no_start_waits_for_it() -> None:
    program = (
        "import sys, assistant_function.actions\n"
        "assert 'assistant_function.openapi.describe' not in sys.modules\n"
        "assert assistant_function.actions.ACTIONS['describe']\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=MAIN.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
