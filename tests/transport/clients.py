"""OpenAI clients with the transport below them."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
from openai import OpenAI

from assistants_transport import AssistantsTransport

MODEL = "gpt-4.1-mini"  # takes temperature and top_p
BASE_URL = "https://openai.test/v1"
Upstream = Callable[[httpx2.Request], httpx2.Response]


def connect(url: str, inner: httpx2.BaseTransport, *, strict: bool = True, timeout: float = 10.0) -> OpenAI:
    return OpenAI(
        base_url=url,
        api_key="test",
        max_retries=0,
        timeout=timeout,
        _strict_response_validation=strict,
        http_client=httpx2.Client(transport=AssistantsTransport(inner)),
    )


def over(upstream: Upstream, *, strict: bool = True, timeout: float = 10.0) -> OpenAI:
    """A client whose upstream is a function."""
    return connect(BASE_URL, httpx2.MockTransport(upstream), strict=strict, timeout=timeout)


def body_of(request: httpx2.Request) -> Any:
    return json.loads(request.content)
