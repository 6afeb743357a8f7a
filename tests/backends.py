"""The function with one of its backends: what its upstream is asked, and networks that lose answers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from assistants_transport.translate.marks import split_text
from local.emulator.server import Emulator
from tests.faults.proxy import Proxy, start_proxy
from tests.invoke import BriskClock, Context, FakeClock, Function, HastyClock, Json, make_function
from tests.native_server import start_native_server

BACKENDS = ("responses", "native")
MARGIN_SECONDS = 1.5  # what the function keeps of the platform's time for its answer's way
Requests = list[tuple[str, str]]


def function_tool(name: str) -> Json:
    parameters = {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": parameters}}


@dataclass(frozen=True, eq=False)
class Backend:
    """The function with this backend, perhaps behind a proxy that makes faults.

    `url` is what the function asks, `requests` are the (method, path) of all requests that its upstream has
    seen so far, `emulator` is today's OpenAI, which stands behind every backend."""

    name: str
    url: str
    requests: Requests
    emulator: Emulator
    fault_proxy: Proxy | None = None

    @property
    def proxy(self) -> Proxy:
        assert self.fault_proxy is not None, "this backend was opened without faults"
        return self.fault_proxy

    @property
    def settings(self) -> dict[str, str]:
        return {"OPENAI_BASE_URL": self.url, "ASSISTANTS_BACKEND": self.name}

    def function(
        self,
        transport: httpx2.BaseTransport | None = None,
        clock: FakeClock | None = None,
        **environment: str,
    ) -> Function:
        """The function; its pauses are short, and behind a proxy, where many are made, they take no time."""
        clock = clock or (HastyClock() if self.fault_proxy else BriskClock())
        return make_function(self.settings | environment, transport=transport, clock=clock)

    def call(self, **params: Any) -> Json:
        return self.function()(**params)

    def call_within(self, seconds: float, **params: Any) -> Json:
        """Calls with so many seconds to answer in."""
        return self.function().main(params, Context((seconds + MARGIN_SECONDS) * 1000))

    def data(self, **params: Any) -> Json:
        """Calls, and returns the data of the answer, which has to be a success."""
        return self.function().data(**params)

    def assistant(self, **params: Any) -> str:
        """Makes an assistant, and returns its id."""
        return str(self.data(action="create-assistant", name="a", **params)["assistantId"])

    def thread(self, **params: Any) -> str:
        """Makes a thread, and returns its id."""
        return str(self.data(action="create-thread", **params)["threadId"])

    def texts(self, thread: str) -> list[str]:
        """Lists the texts of the thread's messages, oldest first."""
        listed = self.data(action="list-messages", threadId=thread)["messages"]
        return [one["content"] for one in listed]

    def requests_of(self, **params: Any) -> Requests:
        """Calls, and returns the requests that the upstream got, without the polls of a run."""
        already = len(self.requests)
        self.call(**params)
        return [(m, p) for m, p in self.requests[already:] if not (m == "GET" and is_run(p))]

    def response_of(self, run: str) -> Json:
        """Reads the response behind a run from the emulator."""
        with httpx2.Client(trust_env=False, headers={"Authorization": "Bearer k"}) as client:
            found = client.get(f"{self.emulator.url}/responses/{run.replace('run_', 'resp_')}")
        answer: Json = found.raise_for_status().json()
        return answer


@contextmanager
def open_backend(name: str, emulator: Emulator, *, with_faults: bool = False) -> Iterator[Backend]:
    """Opens the emulator itself (responses), or a server of Assistants v2 in front of it (native)."""
    with ExitStack() as stack:
        url, requests = emulator.url, emulator.requests
        if name == "native":
            server = stack.enter_context(start_native_server(emulator.url))
            url, requests = server.url, server.requests
        if not with_faults:
            yield Backend(name, url, requests, emulator)
            return
        proxy = stack.enter_context(start_proxy(url))
        yield Backend(name, proxy.url, requests, emulator, proxy)


def is_run(path: str) -> bool:
    return path.rpartition("/")[0].endswith(("/responses", "/runs"))


def read_stored_texts(emulator: Emulator, thread: str) -> list[tuple[str, str]]:
    """Reads (role, text) of the thread's messages, oldest first, from the emulator's database."""
    items = emulator.database.rows(
        "SELECT json_extract(body, '$.role'), json_extract(body, '$.content[0].text') FROM items "
        "WHERE conversation_id = ? ORDER BY seq",
        thread.replace("thread_", "conv_"),
    )
    shown = [(role, split_text(text)[0]) for role, text in items]  # without what marks a request's work
    return [(role, text) for role, text in shown if text]


class LosingTransport(httpx2.BaseTransport):
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


def pick_first(method: str, path_end: str) -> Callable[[httpx2.Request], bool]:
    """Makes a picker of the first request with this method whose path ends so."""
    left = [None]

    def pick(request: httpx2.Request) -> bool:
        fits = request.method == method and request.url.path.endswith(path_end)
        return bool(fits and left and left.pop() is None)

    return pick
