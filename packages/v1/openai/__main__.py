"""The function: looks the action up, lets its handler answer, wraps the answer.

main({"action": "get-thread", "threadId": "thread_1"})
-> {"statusCode": 200, "headers": {…}, "body": {"success": true, "data": {…}, "error": null, …}}
"""

import json
import warnings
from contextlib import suppress
from typing import Any

from assistant_function import errors
from assistant_function.actions import ACTIONS, Action
from assistant_function.answer import envelope
from assistant_function.errors import InvalidRequest, Json
from assistant_function.request import access, params, settings
from assistant_function.request import event as invocation
from assistant_function.request.call import Call
from assistant_function.request.event import Invocation, World
from assistant_function.request.settings import Settings
from assistant_function.upstream import client

REAL_WORLD = World()
NO_CLIENT: Any = None  # for an action that needs no OpenAI, and so no key


def main(args: Any, context: Any = None, *, world: World = REAL_WORLD) -> Json:
    """Answers one call of the platform. Never raises: whatever happens, the answer is an envelope."""
    begun, secrets = world.now(), settings.secrets(world.environment)
    record: Json = {"action": None, "openaiRequestId": None}
    parameters: Json = {}
    cors = access.OPEN_TO_ALL_PAGES
    try:
        configured = settings.read(world.environment)
        called = invocation.read(args, context, world)
        cors, parameters = access.cors(called, configured), called.parameters
        if called.method == "OPTIONS":
            answer = envelope.empty()
        else:
            answer = envelope.success(_answered(called, configured, world, record), secrets)
    except Exception as problem:
        failure = errors.failure(problem, _thread_id(parameters), _advice(parameters))
        record |= errors.fault(problem)
        answer = envelope.refusal(failure, secrets)
    answer["headers"] |= cors
    milliseconds = round((world.now() - begun) * 1000)
    _log(record | {"status": answer["statusCode"], "milliseconds": milliseconds}, secrets)
    return answer


def _answered(called: Invocation, configured: Settings, world: World, record: Json) -> Json:
    """The data of the answer; what is learned on the way is put into the log's record."""
    access.check_caller(called, configured)
    name, action = _looked_up(called.parameters.get("action"))
    record["action"] = name
    access.check_token(called, action.admin, configured)
    arguments = {key: value for key, value in called.parameters.items() if key != "action"}
    checked = params.read(name, arguments, action.spec)
    if not action.needs_openai:
        return action.handler(Call(NO_CLIENT, checked, called.deadline, configured))
    connection = client.connect(configured, called.deadline, world.wire)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # every method of the SDK's Assistants warns
            return action.handler(Call(connection.client, checked, called.deadline, configured))
    finally:
        record["openaiRequestId"] = connection.network.last_request_id


def _looked_up(name: Any) -> tuple[str, Action]:
    if isinstance(name, str) and name in ACTIONS:
        return name, ACTIONS[name]
    shown = name[:80] if isinstance(name, str) else type(name).__name__
    problem = f"unknown action {shown!r}" if name else "action is required"
    raise InvalidRequest(f"{problem}; the actions are: {', '.join(ACTIONS)}")


def _log(record: Json, secrets: tuple[str, ...]) -> None:
    with suppress(OSError, ValueError):  # a log that nobody reads any more, its pipe broken or closed
        print(json.dumps(envelope.without(record, secrets)), flush=True)


def _advice(parameters: Json) -> str:
    """What to do after a failure: how safe is it to repeat the call?"""
    if not client.changed():
        return errors.AGAIN
    return errors.ONCE if parameters.get("requestId") and parameters.get("threadId") else errors.LOOK


def _thread_id(parameters: Json) -> str | None:
    found = parameters.get("threadId")
    return found if isinstance(found, str) else None
