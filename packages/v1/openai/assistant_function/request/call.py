"""One call, as a handler gets it."""

from typing import TYPE_CHECKING, NamedTuple

from assistant_function.errors import Json
from assistant_function.request.deadline import Deadline
from assistant_function.request.settings import Settings

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.resources.beta.beta import BetaWithRawResponse


class Call(NamedTuple):
    """The SDK's client, the checked parameters by name (only the given ones), the time, the settings."""

    client: "OpenAI"
    params: Json
    deadline: Deadline
    settings: Settings

    @property
    def beta(self) -> "BetaWithRawResponse":
        """The Assistants client. Answers stay raw: building the SDK's objects would double the work."""
        return self.client.beta.with_raw_response
