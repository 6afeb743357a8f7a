"""A call by action: looks the action up, lets its handler answer, wraps the answer in the envelope."""

import warnings
from typing import Any

from assistant_function.actions import ACTIONS
from assistant_function.answer.envelope import wrap_answer, wrap_failure, wrap_nothing
from assistant_function.answer.failure import describe_fault, present_failure
from assistant_function.call import Action, ActionCall, Outcome, Way
from assistant_function.errors import InvalidRequest, Json
from assistant_function.request import access
from assistant_function.request.event import Event, Runtime, read_parameters
from assistant_function.request.limits import check_limits, limit_answer
from assistant_function.request.params import MAX_TOKENS, parse_params
from assistant_function.request.settings import Settings
from assistant_function.upstream.client import connect

NO_CLIENT: Any = None  # for an action that needs no OpenAI, and so no key
NO_STREAMS: set[str] = set()


def answer(event: Event, settings: Settings, runtime: Runtime, secrets: tuple[str, ...]) -> Outcome:
    """Answers one call. Never raises: a failure is an envelope too."""
    name, parameters = None, event.given
    if event.method == "OPTIONS":
        return Outcome(wrap_nothing(), {"action": None})
    try:
        access.check_caller(event, settings)
        parameters = read_parameters(event)
        name, action = _look_up(parameters.get("action"))
        access.check_token(event, action.admin, settings)
        given = {key: value for key, value in parameters.items() if key != "action"}
        params = _limit(parse_params(name, given, action.spec), action, settings)
        call = ActionCall(NO_CLIENT, params, event.deadline, settings, action.spec, NO_STREAMS)
        return _handle(name, action, call, runtime, secrets)
    except Exception as error:
        return fail(error, secrets, name, parameters)


def fail(
    error: Exception,
    secrets: tuple[str, ...],
    name: str | None = None,
    params: Json | None = None,
    may_have_changed: bool = False,
) -> Outcome:
    """The envelope of a failure; `may_have_changed`: the call changed something at OpenAI, or may have."""
    failure = present_failure(error, params or {}, may_have_changed)
    return Outcome(wrap_failure(failure, secrets), {"action": name}, describe_fault(error))


def _look_up(name: Any) -> tuple[str, Action]:
    if isinstance(name, str) and name in ACTIONS:
        return name, ACTIONS[name]
    shown = name[:80] if isinstance(name, str) else type(name).__name__
    problem = f"unknown action {shown!r}" if name else "action is required"
    raise InvalidRequest(f"{problem}; the actions are: {', '.join(ACTIONS)}")


def _limit(params: Json, action: Action, settings: Settings) -> Json:
    check_limits(params, settings, is_owners=action.admin)
    starts_run = MAX_TOKENS in action.spec.takes
    return limit_answer(params, MAX_TOKENS.name, settings) if starts_run else params


def _handle(
    name: str, action: Action, call: ActionCall, runtime: Runtime, secrets: tuple[str, ...]
) -> Outcome:
    """Lets the handler answer. A failure is told with what the call has changed at OpenAI until then."""
    if not action.needs_openai:
        return Outcome(wrap_answer(action.handler(call), secrets), {"action": name})
    connection = connect(call.settings, call.deadline, runtime.transport)
    network = connection.network
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # every method of the SDK's Assistants warns
            handled = action.handler(call._replace(client=connection.client, streams=connection.streams))
        outcome = Outcome(wrap_answer(handled, secrets), {"action": name})
    except Exception as error:
        outcome = fail(error, secrets, name, call.params, network.may_have_changed)
    return outcome._replace(openai_request_id=network.last_request_id)


WAY = Way(answer, fail)
