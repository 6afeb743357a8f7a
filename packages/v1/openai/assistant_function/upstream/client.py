"""One connection to OpenAI for a warm process; the setting of the backend picks what answers Assistants v2.

Everything is imported on first use, not at the start: an answer that needs no OpenAI should not wait for it,
nor one that needs no SDK for the SDK."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from assistant_function.call import STREAMS
from assistant_function.errors import NotConfigured
from assistant_function.request.deadline import Deadline
from assistant_function.request.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

MAX_SENT_BYTES = 1_000_000  # by the platform, in an answer: of a list, more than that is not read


class Connection:
    """The way to OpenAI: `network` sends requests and knows what this call has sent, `assistants` answers
    those of Assistants v2 and passes on all others, `client` is the SDK's on top of it. `streams` are those
    that the server has not refused yet."""

    def __init__(self, settings: Settings, transport: "httpx2.BaseTransport | None") -> None:
        from assistant_function.upstream.retrying import RetryingTransport, open_transport
        from assistants_transport import AssistantsTransport

        self._settings, is_native = settings, settings.backend == "native"
        self.streams = set(STREAMS if settings.run_streaming else ())
        self.network = RetryingTransport(transport or open_transport(), Deadline(0))
        self.assistants = (
            self.network if is_native else AssistantsTransport(self.network, enough_bytes=MAX_SENT_BYTES)
        )

    @property
    def client(self) -> "OpenAI":
        self._client.timeout = self.network.deadline.left()
        return self._client

    @cached_property
    def _client(self) -> "OpenAI":
        from assistant_function.upstream import lazy_sdk

        lazy_sdk.install()
        import httpx2

        from assistant_function.upstream.sdk_client import AssistantsClient

        return AssistantsClient(
            api_key=self._settings.api_key,
            base_url=self._settings.base_url,
            max_retries=0,  # the SDK would repeat changes blindly; RetryingTransport knows which may be
            http_client=httpx2.Client(transport=self.assistants),
        )

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        as_stream: bool = False,
    ) -> "httpx2.Response":
        """Sends a request without the SDK. A stream of events is read whole, unless it is asked for as such.

        Raises UpstreamError where no whole answer comes."""
        import httpx2

        from assistant_function.upstream.refusals import translate_failure

        request = httpx2.Request(
            method,
            self._settings.base_url.rstrip("/") + path,
            params=query,
            headers={"Authorization": f"Bearer {self._settings.api_key}", **headers},
            content=content,
            extensions={"timeout": httpx2.Timeout(self.network.deadline.left()).as_dict()},
        )
        try:
            response = self.assistants.handle_request(request)
            if not as_stream:
                response.read()
        except httpx2.RequestError as problem:
            raise translate_failure(problem) from problem
        return response

    def close(self) -> None:
        self.assistants.close()


_open: dict[tuple[Settings, "httpx2.BaseTransport | None"], Connection] = {}


def connect(
    settings: Settings, deadline: Deadline, transport: "httpx2.BaseTransport | None" = None
) -> Connection:
    """The process's connection, bound to this call's deadline (the platform makes one call at a time).

    `transport` takes the place of the real network. Raises NotConfigured where there is no key."""
    if not settings.api_key:
        raise NotConfigured("OPENAI_API_KEY is missing; set it in the function's environment")
    key = (settings, transport)
    if key not in _open:
        while _open:  # a connection with other settings is not needed any more
            _open.popitem()[1].close()
        _open[key] = Connection(settings, transport)
    _open[key].network.begin_call(deadline)
    return _open[key]
