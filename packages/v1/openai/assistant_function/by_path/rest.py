"""A request by path, top to bottom: who asks, what is asked, the way to OpenAI, and what it answers."""

from functools import partial
from typing import TYPE_CHECKING

from assistant_function.answer.envelope import wrap_nothing
from assistant_function.answer.failure import describe_fault, present_failure
from assistant_function.by_path import openai_paths
from assistant_function.by_path.api_request import ApiRequest, read_other_request, read_v2_request
from assistant_function.by_path.v2_answer import (
    is_locked,
    is_stream_refused,
    present_answer,
    present_events,
    present_v2_failure,
)
from assistant_function.call import START, Outcome, Way
from assistant_function.errors import Json, UnknownPath
from assistant_function.request import access
from assistant_function.request.event import Event, Runtime
from assistant_function.request.limits import check_limits, limit_answer
from assistant_function.request.settings import Settings
from assistant_function.upstream.client import Connection, connect
from assistant_function.upstream.following import LOCK_PAUSES_SECONDS
from assistant_function.upstream.objects import read_run

if TYPE_CHECKING:
    import httpx2

    from assistant_function.upstream.retrying import RetryingTransport

STARTS_OF_RUNS = ("POST /threads/runs", "POST /threads/{thread_id}/runs")


def answer(event: Event, settings: Settings, runtime: Runtime, secrets: tuple[str, ...]) -> Outcome:
    """Answers one request as OpenAI would. Never raises: a failure has the shape of OpenAI's errors."""
    request = network = None
    if event.method == "OPTIONS":
        return Outcome(wrap_nothing(), {"path": None})
    try:
        access.check_page(event, settings)
        request = _read_request(event, settings)
        connection = connect(settings, event.deadline, runtime.transport)
        network = connection.network
        outcome = Outcome(_ask(request, connection, runtime, secrets), {"path": request.name})
    except Exception as error:
        outcome = fail(error, secrets, request, network)
    return outcome._replace(openai_request_id=network.last_request_id if network else None)


def fail(
    error: Exception,
    secrets: tuple[str, ...],
    request: ApiRequest | None = None,
    network: "RetryingTransport | None" = None,
) -> Outcome:
    may_have_changed = network is not None and network.may_have_changed
    told = present_v2_failure(present_failure(error, {}, may_have_changed), secrets, may_have_changed)
    return Outcome(told, {"path": request.name if request else None}, describe_fault(error))


# ---------------------------------------------------------------- what is asked


def _read_request(event: Event, settings: Settings) -> ApiRequest:
    """Raises what a caller is refused for, before anything is sent."""
    path = openai_paths.strip_version(event.path)
    if openai_paths.is_v2_path(path):
        access.check_token_by_path(event, openai_paths.is_about_assistants(path), settings)
        return _limit(read_v2_request(event, path), settings)
    if not access.has_admin_token(event, settings):
        raise UnknownPath(
            f"Invalid URL ({event.method} /v1{path[:200]}): this function answers Assistants v2;"
            " OpenAI's other requests need its ADMIN_TOKEN"
        )
    return read_other_request(event, path)


def _limit(request: ApiRequest, settings: Settings) -> ApiRequest:
    if not isinstance(request.body, dict):
        return request
    check_limits(request.body, settings, is_owners=openai_paths.is_about_assistants(request.path))
    if request.name not in STARTS_OF_RUNS:
        return request
    return request._replace(body=limit_answer(request.body, "max_completion_tokens", settings))


# ---------------------------------------------------------------- the way to OpenAI


def _ask(request: ApiRequest, connection: Connection, runtime: Runtime, secrets: tuple[str, ...]) -> Json:
    from assistant_function.by_path import run_polls

    if request.wants_stream:
        return _ask_for_stream(request, connection, secrets)
    response = _send(request, connection)
    if request.name == run_polls.POLL:
        deadline = connection.network.deadline
        response = run_polls.hold(response, partial(request.send, connection), deadline, runtime.wall_clock())
    return present_answer(response, request, secrets, connection.network.may_have_changed)


def _send(request: ApiRequest, connection: Connection, *, as_stream: bool = False) -> "httpx2.Response":
    """Sends the request, and again while its thread is locked by a run that has just ended."""
    for pause in LOCK_PAUSES_SECONDS:
        response = request.send(connection, as_stream=as_stream)
        if not request.is_v2 or not is_locked(response) or pause >= connection.network.deadline.left():
            return response
        connection.network.deadline.sleep(pause)
    return request.send(connection, as_stream=as_stream)


def _ask_for_stream(request: ApiRequest, connection: Connection, secrets: tuple[str, ...]) -> Json:
    """Where the server streams no runs, or streams are turned off, it is told as if it had been streamed."""
    from assistant_function.by_path import run_events, unstreamed_runs

    deadline, response = connection.network.deadline, None
    if START in connection.streams:
        response = _send(request, connection, as_stream=True)
        if run_events.is_stream(response):
            return present_events(run_events.collect_stream(response, deadline, secrets), response, secrets)
        if is_stream_refused(response):
            connection.streams.discard(START)
            response = None
    if response is None:
        response = _send(request.without_stream(), connection)
    if not response.is_success:
        return present_answer(response, request, secrets, connection.network.may_have_changed)
    told = unstreamed_runs.tell_run(read_run(response.content), request, connection)
    return present_events(run_events.collect_events(told, secrets), response, secrets)


WAY = Way(answer, fail)
