"""One SDK client for a warm process; the setting of the backend picks the transport below it.

The SDK is imported on first use, not at the start: an answer that needs no OpenAI should not wait for it."""

from typing import TYPE_CHECKING, NamedTuple

from assistant_function.errors import NotConfigured
from assistant_function.request.deadline import Deadline
from assistant_function.request.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

    from assistant_function.upstream.retrying import Network


class Connection(NamedTuple):
    """The SDK's client and the network below it."""

    client: "OpenAI"
    network: "Network"


_open: dict[tuple[Settings, "httpx2.BaseTransport | None"], Connection] = {}


def connect(settings: Settings, deadline: Deadline, wire: "httpx2.BaseTransport | None" = None) -> Connection:
    """The process's connection, bound to this call's deadline (the platform makes one call at a time)."""
    if not settings.api_key:
        raise NotConfigured("OPENAI_API_KEY is missing; set it in the function's environment")
    connection = _kept(settings, wire)
    connection.network.begin(deadline)
    connection.client.timeout = deadline.left()
    return connection


def changed() -> bool:
    """Whether this call changed anything at OpenAI, for all that is known."""
    return any(connection.network.changed for connection in _open.values())


def _kept(settings: Settings, wire: "httpx2.BaseTransport | None") -> Connection:
    """The connection to this server with these settings; one to another is closed."""
    if (settings, wire) not in _open:
        while _open:
            _open.popitem()[1].client.close()
        _open[settings, wire] = _made(settings, wire)
    return _open[settings, wire]


def _made(settings: Settings, wire: "httpx2.BaseTransport | None") -> Connection:
    from assistant_function.upstream import lazy_sdk

    lazy_sdk.install()
    import httpx2
    from openai import OpenAI

    from assistant_function.upstream import retrying as network
    from assistants_transport import AssistantsTransport

    way_out = network.Network(wire or network.wire(), Deadline(0))
    client = OpenAI(
        api_key=settings.api_key,
        base_url=settings.base_url,
        max_retries=0,  # the SDK would repeat changes blindly; Network knows which may be
        http_client=httpx2.Client(
            transport=AssistantsTransport(way_out) if settings.backend == "responses" else way_out
        ),
    )
    return Connection(client, way_out)
