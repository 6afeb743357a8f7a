"""The SDK's client, whose failures say what they are. Imports the SDK: to be loaded on first use only."""

import json
import re
from typing import Any

import openai
from openai._constants import RAW_RESPONSE_HEADER

from assistant_function import errors
from assistant_function.upstream.refusals import (
    find_own_fault,
    find_run_id,
    refuses_stream,
    tells_active_run,
    translate_failure,
)

MAX_WORDS_CHARACTERS = 20_000  # of OpenAI's own; a caller is shown fewer, once keys are hidden in them
MAX_RETRY_AFTER_SECONDS = 86_400
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


class AssistantsClient(openai.OpenAI):
    """The SDK's client, which raises the errors of assistant_function.errors in place of the SDK's own."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().request(*args, **kwargs)
        except (json.JSONDecodeError, UnicodeDecodeError, openai.APIResponseValidationError) as problem:
            raise errors.InvalidUpstreamResponse from problem
        except openai.APIStatusError as problem:
            raise _name_thread(_translate_status(problem), problem) from problem
        except openai.APIConnectionError as problem:
            raise translate_failure(problem.__cause__) from problem


def _translate_status(problem: openai.APIStatusError) -> errors.FunctionError:
    """An answer of 300 or more, in the words that a caller is told."""
    status, words = problem.status_code, _find_message(problem)
    reason = words or "no reason given"
    if tells_active_run(words):
        return _describe_active_run(words)
    if own_fault := find_own_fault(status, words):
        return own_fault
    is_streamed = problem.request.headers.get(RAW_RESPONSE_HEADER) == "stream"
    if is_streamed and refuses_stream(status, problem.body, problem.response.text):
        return errors.StreamRefused(reason, status=status)
    match status:
        case 400 | 422:
            return errors.Refused(reason, status=400)
        case 404:
            return errors.Gone(reason)
        case 409:
            return errors.Conflict(reason)
        case 429:
            message = f"OpenAI's rate limit or quota is used up: {reason}"
            return errors.RateLimited(message, headers=_pass_on_retry_after(problem))
        case 408 | 504:
            return errors.AnswerLost(f"OpenAI failed with status {status}: {reason}", status=504)
        case 413:
            return errors.Refused(f"OpenAI failed with status {status}: {reason}", status=413)
    message = f"OpenAI failed with status {status}: {reason}"
    return errors.AnswerLost(message, headers=_pass_on_retry_after(problem))


def _name_thread(failure: errors.FunctionError, problem: openai.APIStatusError) -> errors.FunctionError:
    """The failure, with the thread that exists although the request for it failed half-way."""
    thread_id = problem.body.get("thread_id") if isinstance(problem.body, dict) else None
    if isinstance(thread_id, str):
        failure.data = {**(failure.data or {}), "threadId": thread_id}
    return failure


def _find_message(problem: openai.APIStatusError) -> str:
    """OpenAI's own words: the message of its error object, else nothing (an HTML page is no message)."""
    message = problem.body.get("message") if isinstance(problem.body, dict) else None
    return message[:MAX_WORDS_CHARACTERS] if isinstance(message, str) else ""


def _describe_active_run(words: str) -> errors.Busy:
    run_id = find_run_id(words)
    advice = (
        "wait for it with get-run or stop it with cancel-run" if run_id else "try again when it has ended"
    )
    return errors.Busy(f"the thread has an active run; {advice}", {"runId": run_id})


def _pass_on_retry_after(problem: openai.APIStatusError) -> dict[str, str]:
    value = problem.response.headers.get("retry-after", "").strip()
    seconds = re.fullmatch("[0-9]{1,5}", value) and int(value) <= MAX_RETRY_AFTER_SECONDS
    return {"Retry-After": value} if seconds or _HTTP_DATE.fullmatch(value) else {}
