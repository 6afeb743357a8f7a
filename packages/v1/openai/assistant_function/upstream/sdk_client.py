"""The SDK's client, whose failures say what they are. Imports the SDK: to be loaded on first use only."""

import json
import re
from typing import Any

import httpx2
import openai

from assistant_function import errors
from assistant_function.upstream.bounded_reading import MAX_ANSWER_BYTES, AnswerTooLong
from assistant_function.upstream.retrying import NOT_SENT

UNKNOWN_PATH = "Invalid URL"  # how OpenAI begins its 404 for a path that is none of its own
MAX_WORDS_CHARACTERS = 20_000  # of OpenAI's own; a caller is shown fewer, once keys are hidden in them
MAX_RETRY_AFTER_SECONDS = 86_400
_ACTIVE_RUN = re.compile(r"already has an active run|while a run (run_\w+ )?is active", re.IGNORECASE)
_RUN_ID = re.compile(r"\brun_[A-Za-z0-9]\w*")
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
            raise _translate_connection_error(problem) from problem


def _translate_connection_error(problem: openai.APIConnectionError) -> errors.UpstreamError:
    if isinstance(problem.__cause__, httpx2.TooManyRedirects):
        return errors.AnswerLost(
            f"OPENAI_BASE_URL redirects to {problem.__cause__}; set it to the address that answers"
        )
    if isinstance(problem.__cause__, AnswerTooLong):
        return errors.AnswerTooLong(
            f"OpenAI's answer is longer than the {MAX_ANSWER_BYTES} bytes that are read"
        )
    if isinstance(problem.__cause__, httpx2.DecodingError):
        return errors.InvalidUpstreamResponse()
    kind = errors.NotSent if isinstance(problem.__cause__, NOT_SENT) else errors.AnswerLost
    if isinstance(problem, openai.APITimeoutError):
        return kind("OpenAI did not answer in time", status=504)
    return kind("OpenAI could not be reached")


def _translate_status(problem: openai.APIStatusError) -> errors.UpstreamError | errors.NotConfigured:
    """An answer of 300 or more, in the words that a caller is told."""
    status, words = problem.status_code, _find_message(problem)
    reason = words or "no reason given"
    if _ACTIVE_RUN.search(words):
        return _describe_active_run(words)
    if words.startswith(UNKNOWN_PATH):
        return errors.NotConfigured(f"{words}: check OPENAI_BASE_URL and ASSISTANTS_BACKEND")
    match status:
        case 400 | 422:
            return errors.Refused(reason, status=400)
        case 401:
            return errors.Refused("OPENAI_API_KEY is refused by OpenAI; set a valid key", status=500)
        case 403:
            return errors.Refused(f"OPENAI_API_KEY is not allowed to do this: {reason}", status=500)
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
    found = _RUN_ID.search(words)
    advice = "wait for it with get-run or stop it with cancel-run" if found else "try again when it has ended"
    return errors.Busy(f"the thread has an active run; {advice}", {"runId": found.group() if found else None})


def _pass_on_retry_after(problem: openai.APIStatusError) -> dict[str, str]:
    value = problem.response.headers.get("retry-after", "").strip()
    seconds = re.fullmatch("[0-9]{1,5}", value) and int(value) <= MAX_RETRY_AFTER_SECONDS
    return {"Retry-After": value} if seconds or _HTTP_DATE.fullmatch(value) else {}
