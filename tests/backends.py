"""The function with one of its backends, what its upstream was asked, and a network that loses answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from local.emulator.server import Emulator
from tests.invoke import FakeClock, Function, Json, make_function
from tests.native_server import start_native_server

BACKENDS = ("responses", "native")
Requests = list[tuple[str, str]]


def function_tool(name: str) -> Json:
    parameters = {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": parameters}}


class LosingWire(httpx2.BaseTransport):
    """Carries out every request, by `inner`; the answer to one that `loses` picks does not arrive."""

    def __init__(
        self, loses: Callable[[httpx2.Request], bool], inner: httpx2.BaseTransport | None = None
    ) -> None:
        self._inner, self._loses = inner or httpx2.HTTPTransport(), loses

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        if self._loses(request):
            response.close()
            raise httpx2.ReadError("the connection was reset", request=request)
        return response

    def close(self) -> None:
        self._inner.close()


def once_for(method: str, path_end: str) -> Callable[[httpx2.Request], bool]:
    """Picks the first request of this method whose path ends so."""
    left = [None]

    def picks(request: httpx2.Request) -> bool:
        fits = request.method == method and request.url.path.endswith(path_end)
        return bool(fits and left and left.pop() is None)

    return picks


@dataclass(frozen=True)
class Home:
    """`call` and `data` are calls of the function; `requests` is what its upstream has seen so far."""

    backend: str
    url: str
    requests: Requests
    upstream: str

    @property
    def settings(self) -> dict[str, str]:
        return {"OPENAI_BASE_URL": self.url, "ASSISTANTS_BACKEND": self.backend}

    def function(
        self, wire: httpx2.BaseTransport | None = None, clock: FakeClock | None = None, **environment: str
    ) -> Function:
        return make_function(self.settings | environment, wire=wire, clock=clock)

    def call(self, **params: Any) -> Json:
        return self.function()(**params)

    def data(self, **params: Any) -> Json:
        return self.function().data(**params)

    def assistant(self, **params: Any) -> str:
        return str(self.data(action="create-assistant", name="a", **params)["assistantId"])

    def thread(self, **params: Any) -> str:
        return str(self.data(action="create-thread", **params)["threadId"])

    def texts(self, thread: str) -> list[str]:
        """The thread's messages, oldest first."""
        listed = self.data(action="list-messages", threadId=thread)["messages"]
        return [one["content"] for one in listed]

    def asked(self, **params: Any) -> Requests:
        """What this call asked of the upstream, polls of the run apart."""
        already = len(self.requests)
        self.call(**params)
        return [(m, p) for m, p in self.requests[already:] if not (m == "GET" and is_run(p))]

    def response_of(self, run: str) -> Json:
        """The response behind a run."""
        with httpx2.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:
            found = client.get(f"{self.upstream}/responses/{run.replace('run_', 'resp_')}")
        answer: Json = found.raise_for_status().json()
        return answer


def is_run(path: str) -> bool:
    return path.rpartition("/")[0].endswith(("/responses", "/runs"))


@contextmanager
def open_home(backend: str, emulator: Emulator) -> Iterator[Home]:
    if backend == "responses":
        yield Home(backend, emulator.url, emulator.requests, emulator.url)
        return
    with start_native_server(emulator.url) as server:
        yield Home(backend, server.url, server.requests, emulator.url)
