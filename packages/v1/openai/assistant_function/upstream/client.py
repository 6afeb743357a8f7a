"""One SDK client for a warm process; the setting of the backend picks the transport below it.

The SDK is imported on first use, not at the start: an answer that needs no OpenAI should not wait for it."""

from typing import TYPE_CHECKING, NamedTuple

from assistant_function.call import STREAMS
from assistant_function.errors import NotConfigured
from assistant_function.request.deadline import Deadline
from assistant_function.request.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

    from assistant_function.upstream.retrying import RetryingTransport

MAX_SENT_BYTES = 1_000_000  # by the platform, in an answer: of a list, more than that is not read


class Connection(NamedTuple):
    """The SDK's client, the transport below it, which knows what this call has sent, and which streams the
    server has not refused yet."""

    client: "OpenAI"
    transport: "RetryingTransport"
    streams: set[str]


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
            _open.popitem()[1].client.close()
        _open[key] = _open_connection(settings, transport)
    connection = _open[key]
    connection.transport.begin_call(deadline)
    connection.client.timeout = deadline.left()
    return connection


def _open_connection(settings: Settings, transport: "httpx2.BaseTransport | None") -> Connection:
    from assistant_function.upstream import lazy_sdk

    lazy_sdk.install()
    import httpx2

    from assistant_function.upstream.retrying import RetryingTransport, open_transport
    from assistant_function.upstream.sdk_client import AssistantsClient
    from assistants_transport import AssistantsTransport

    retrying = RetryingTransport(transport or open_transport(), Deadline(0))
    client = AssistantsClient(
        api_key=settings.api_key,
        base_url=settings.base_url,
        max_retries=0,  # the SDK would repeat changes blindly; RetryingTransport knows which may be
        http_client=httpx2.Client(
            transport=AssistantsTransport(retrying, enough_bytes=MAX_SENT_BYTES)
            if settings.backend == "responses"
            else retrying
        ),
    )
    return Connection(client, retrying, set(STREAMS if settings.run_streaming else ()))
