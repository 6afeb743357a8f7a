"""One action of the table, one call of it as its handler gets it, and how a call went."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant_function.answer.envelope import Answer
from assistant_function.errors import Json
from assistant_function.request.deadline import Deadline
from assistant_function.request.event import Event, Runtime
from assistant_function.request.params import Spec, take_upstream_fields
from assistant_function.request.settings import Settings

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.resources.beta.beta import BetaWithRawResponse, BetaWithStreamingResponse


STREAMS = START, TAKE_UP = ("start", "take up")
"""A run may be streamed from its start, and it may be taken up later."""


class ActionCall(NamedTuple):
    """One call of an action. `params` are the checked parameters by name, only the given ones; `streams` are
    those of STREAMS that the server has not refused yet."""

    client: "OpenAI"
    params: Json
    deadline: Deadline
    settings: Settings
    spec: Spec
    streams: set[str]

    def v2_fields(self) -> Json:
        """What OpenAI is sent of the parameters as it is, by its names there."""
        return take_upstream_fields(self.params, self.spec)

    def wait_less(self, seconds: float) -> "ActionCall":
        """The same call, where so many seconds of its `wait` are over."""
        if "wait" not in self.params:
            return self
        return self._replace(params=self.params | {"wait": max(0.0, self.params["wait"] - seconds)})

    @property
    def beta(self) -> "BetaWithRawResponse":
        """The Assistants client. Answers stay raw: building the SDK's objects would double the work."""
        return self.client.beta.with_raw_response

    @property
    def streaming_beta(self) -> "BetaWithStreamingResponse":
        """The same, for answers that are read as they come."""
        return self.client.beta.with_streaming_response


class Action(NamedTuple):
    """What an action does, what answers it, what it takes, and which of schemas.DATA it answers with; whether
    it needs the admin's token, and OpenAI."""

    about: str
    handler: Callable[[ActionCall], Answer]
    spec: Spec
    data: str
    admin: bool = False
    needs_openai: bool = True


class Outcome(NamedTuple):
    """How a call went: the response, and what the log tells of it, `asked` by action or by path."""

    response: Json
    asked: Json
    fault: Mapping[str, Any] = {}
    openai_request_id: str | None = None


class Way(NamedTuple):
    """A way in. `answer` never raises; `fail` answers where the call could not be given to it."""

    answer: Callable[[Event, Settings, Runtime, tuple[str, ...]], Outcome]
    fail: Callable[[Exception, tuple[str, ...]], Outcome]
