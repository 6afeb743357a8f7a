"""The function: looks the action up, lets its handler answer, wraps the answer.

main({"action": "get-thread", "threadId": "thread_1"})
-> {"statusCode": 200, "headers": {…}, "body": {"success": true, "data": {…}, "error": null, …}}
"""

import json
import warnings
from contextlib import suppress
from typing import Any, NamedTuple

from assistant_function.actions import ACTIONS
from assistant_function.answer.envelope import wrap_answer, wrap_failure, wrap_nothing
from assistant_function.answer.failure import describe_fault, present_failure
from assistant_function.answer.redaction import redact
from assistant_function.call import Action, ActionCall
from assistant_function.errors import InvalidRequest, Json
from assistant_function.request import access
from assistant_function.request.event import Runtime, parse_event, read_parameters
from assistant_function.request.params import parse_params
from assistant_function.request.settings import find_secrets, parse_settings
from assistant_function.upstream.client import connect

PLATFORM = Runtime()
NO_FAULT: Json = {}
NO_CLIENT: Any = None  # for an action that needs no OpenAI, and so no key


class Outcome(NamedTuple):
    """How a call went: the response, and what the log tells of it."""

    response: Json
    fault: Json
    openai_request_id: str | None = None


def main(args: Any, context: Any = None, *, runtime: Runtime = PLATFORM) -> Json:
    """Answers one call of the platform. Never raises: whatever happens, the answer is an envelope."""
    begun, secrets = runtime.now(), find_secrets(runtime.environment)
    cors, name, parameters = access.OPEN_TO_ALL_PAGES, None, {}
    try:
        settings = parse_settings(runtime.environment)
        event = parse_event(args, context, runtime)
        cors, parameters = access.choose_cors_headers(event, settings), event.given
        if event.method == "OPTIONS":
            outcome = Outcome(wrap_nothing(), NO_FAULT)
        else:
            access.check_caller(event, settings)
            parameters = read_parameters(event)
            name, action = _look_up(parameters.get("action"))
            access.check_token(event, action.admin, settings)
            given = {key: value for key, value in parameters.items() if key != "action"}
            params = parse_params(name, given, action.spec)
            call = ActionCall(NO_CLIENT, params, event.deadline, settings, action.spec)
            outcome = _answer(action, call, runtime, secrets)
    except Exception as error:
        outcome = _fail(error, parameters, secrets)
    outcome.response["headers"] |= cors
    _log(name, outcome, runtime.now() - begun, secrets)
    return outcome.response


def _look_up(name: Any) -> tuple[str, Action]:
    if isinstance(name, str) and name in ACTIONS:
        return name, ACTIONS[name]
    shown = name[:80] if isinstance(name, str) else type(name).__name__
    problem = f"unknown action {shown!r}" if name else "action is required"
    raise InvalidRequest(f"{problem}; the actions are: {', '.join(ACTIONS)}")


def _answer(action: Action, call: ActionCall, runtime: Runtime, secrets: tuple[str, ...]) -> Outcome:
    """Lets the handler answer. A failure is told with what the call has changed at OpenAI until then."""
    if not action.needs_openai:
        return Outcome(wrap_answer(action.handler(call), secrets), NO_FAULT)
    client, transport = connect(call.settings, call.deadline, runtime.transport)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # every method of the SDK's Assistants warns
            answer = action.handler(call._replace(client=client))
        outcome = Outcome(wrap_answer(answer, secrets), NO_FAULT)
    except Exception as error:
        outcome = _fail(error, call.params, secrets, transport.may_have_changed)
    return outcome._replace(openai_request_id=transport.last_request_id)


def _fail(
    error: Exception, params: Json, secrets: tuple[str, ...], may_have_changed: bool = False
) -> Outcome:
    failure = present_failure(error, params, may_have_changed)
    return Outcome(wrap_failure(failure, secrets), fault=describe_fault(error))


def _log(action: str | None, outcome: Outcome, seconds: float, secrets: tuple[str, ...]) -> None:
    """One line for each call; the keys are explained in docs/operating.md."""
    request_id = outcome.openai_request_id
    line = {
        "action": action,
        "openaiRequestId": redact(request_id, secrets) if request_id else None,
        **outcome.fault,
        "status": outcome.response["statusCode"],
        "milliseconds": round(seconds * 1000),
    }
    with suppress(OSError, ValueError):  # a log that nobody reads any more, its pipe broken or closed
        print(json.dumps(line), flush=True)
