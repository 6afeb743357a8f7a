"""The function as an SDK sees it: a base URL. Between them lie no sockets, but the platform's conversions."""

from dataclasses import dataclass

import httpx2
from openai import OpenAI

from local.devhost.events import WebRequest, make_event, make_web_response
from tests.invoke import Context, Function

URL = "http://function.test"


@dataclass(frozen=True)
class FunctionTransport(httpx2.BaseTransport):
    """Answers requests by calls of the function, which has so many seconds for each."""

    function: Function
    seconds: float = 60.0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = WebRequest(
            method=request.method,
            path=request.url.path,
            query=request.url.query.decode(),
            headers=list(request.headers.items()),
            body=request.read(),
        )
        event = make_event(asked, request.url.raw_path.decode().partition("?")[0], (), "digitalocean")
        told = make_web_response(self.function.request(event, Context(self.seconds * 1000)))
        return httpx2.Response(told.status, headers=told.headers, content=told.body, request=request)


def open_client(function: Function, key: str = "any", seconds: float = 60.0) -> OpenAI:
    """The SDK's client, which repeats nothing by itself."""
    http_client = httpx2.Client(transport=FunctionTransport(function, seconds))
    return OpenAI(base_url=URL, api_key=key, max_retries=0, http_client=http_client)
