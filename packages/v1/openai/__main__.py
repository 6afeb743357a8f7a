"""The function: a call comes in by action or by path, is answered that way, and is logged.

main({"action": "get-thread", "threadId": "thread_1"})
-> {"statusCode": 200, "headers": {…}, "body": {"success": true, "data": {…}, "error": null, …}}
"""

import json
from contextlib import suppress
from typing import Any

from assistant_function import by_action
from assistant_function.answer.redaction import redact
from assistant_function.by_path.openai_paths import is_openai_path
from assistant_function.call import Outcome, Way
from assistant_function.errors import Json
from assistant_function.request import access
from assistant_function.request.event import Runtime, parse_event
from assistant_function.request.settings import find_secrets, parse_settings

PLATFORM = Runtime()


def main(args: Any, context: Any = None, *, runtime: Runtime = PLATFORM) -> Json:
    """Answers one call of the platform. Never raises: whatever happens, the answer is one of its way in."""
    begun, secrets = runtime.now(), find_secrets(runtime.environment)
    cors, way = access.OPEN_TO_ALL_PAGES, by_action.WAY
    try:
        event = parse_event(args, context, runtime)
        way = _choose_way(event.path)
        settings = parse_settings(runtime.environment)
        cors = access.choose_cors_headers(event, settings)
        outcome = way.answer(event, settings, runtime, secrets)
    except Exception as error:  # nothing is known of the call
        outcome = way.fail(error, secrets)
    outcome.response["headers"] |= cors
    _log(outcome, runtime.now() - begun, secrets)
    return outcome.response


def _choose_way(path: str) -> Way:
    if not is_openai_path(path):
        return by_action.WAY
    from assistant_function.by_path import rest  # not loaded at every start

    return rest.WAY


def _log(outcome: Outcome, seconds: float, secrets: tuple[str, ...]) -> None:
    """One line for each call; the keys are explained in docs/operating.md."""
    request_id = outcome.openai_request_id
    line = {
        **outcome.asked,
        "openaiRequestId": redact(request_id, secrets) if request_id else None,
        **outcome.fault,
        "status": outcome.response["statusCode"],
        "milliseconds": round(seconds * 1000),
    }
    with suppress(OSError, ValueError):  # a log that nobody reads any more, its pipe broken or closed
        print(json.dumps(line), flush=True)
