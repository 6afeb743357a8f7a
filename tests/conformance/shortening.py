"""Finds out what in a request is refused: the least of it that is refused in the same words."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx2

from tests.conformance.suite import Outcome, Refusal, Request, hide_ids

TIMEOUT_SECONDS = 30.0


def find_shortest_requests(url: str, outcomes: Iterable[Outcome]) -> Mapping[Refusal, Request]:
    """For every refusal the shortest form of the first request that met it; `url` is the suite's server."""
    found: dict[Refusal, Request] = {}
    for outcome in outcomes:
        if outcome.refusal and outcome.request and outcome.refusal not in found:
            found[outcome.refusal] = shorten(url, outcome.request, outcome.refusal)
    return found


def shorten(url: str, request: Request, refusal: Refusal) -> Request:
    """Leaves out parts of the body, one after the other, as long as the refusal stays the same."""
    for body in leave_out_each_part(request.body):
        shorter = request._replace(body=body)
        if ask(url, shorter) == refusal:
            return shorten(url, shorter, refusal)
    return request


def leave_out_each_part(value: Any) -> Iterator[Any]:
    """Forms of the value that lack one part, whole parts before parts of parts."""
    if not isinstance(value, dict | list):
        return
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    for key in keys:
        shorter = value.copy()
        del shorter[key]
        yield shorter
    for key in keys:
        for part in leave_out_each_part(value[key]):
            shorter = value.copy()
            shorter[key] = part
            yield shorter


def ask(url: str, request: Request) -> Refusal | None:
    """Sends the request; returns the refusal by name, or None for any other answer."""
    content = None if request.body is None else json.dumps(request.body)
    headers = {"Authorization": "Bearer test", "Content-Type": "application/json"}
    with httpx2.Client(trust_env=False, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        answer = client.request(request.method, url + request.path, content=content)
    error = answer.json().get("error") or {}
    if not str(error.get("code")).startswith("unsupported_"):
        return None
    return Refusal(error["param"] or "", hide_ids(error["message"]))
