"""One Assistants v2 request taken apart, as the operations get it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from assistants_transport.caches import Caches
from assistants_transport.openai_api import OpenAIApi
from assistants_transport.v2_errors import Json


@dataclass(frozen=True)
class V2Request:
    """`ids` are those in the path by their name in the route, such as `thread_id`.

    `mark` stands for the request's Idempotency-Key, None where it has none. `clock` tells the Unix time."""

    api: OpenAIApi
    caches: Caches
    ids: dict[str, str]
    query: dict[str, str]
    body: Json
    mark: str | None = None
    clock: Callable[[], float] = time.time
