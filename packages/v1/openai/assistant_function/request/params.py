"""Parameters: each with what reads it, what it is called upstream, and whether an assistant shows it."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from assistant_function.errors import InvalidRequest, Json
from assistant_function.request import readers as r
from assistant_function.request.readers import Reader


class Param(NamedTuple):
    """One parameter. `upstream`: OpenAI is sent it as it is, by its name in snake case (`topP` -> `top_p`);
    `shown`: an assistant shows it."""

    name: str
    read: Reader
    about: str
    upstream: bool = True
    shown: bool = False

    @property
    def v2_name(self) -> str:
        return re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), self.name)


class Spec(NamedTuple):
    """The parameters of an action: all of `needs`, at least one of `one_of`, any of `takes`."""

    needs: tuple[Param, ...] = ()
    one_of: tuple[Param, ...] = ()
    takes: tuple[Param, ...] = ()
    resets: bool = False

    def known(self) -> dict[str, Param]:
        return {param.name: param for param in (*self.needs, *self.one_of, *self.takes)}

    def null_resets(self, name: str) -> bool:
        """Whether a null (or an empty text) is a change to make, not a value left out."""
        return self.resets and name not in [param.name for param in self.needs]


# ---------------------------------------------------------------- the parameters

ASSISTANT = Param("assistantId", r.read_id, "The assistant's id.", upstream=False)
THREAD = Param("threadId", r.read_id, "The thread's id.", upstream=False)
RUN = Param("runId", r.read_id, "The run's id.", upstream=False)
MESSAGE_ID = Param("messageId", r.read_id, "The message's id.", upstream=False)
REQUEST = Param(
    "requestId", r.read_id, "The caller's own id of this request: repeated, it is done once.", upstream=False
)
MESSAGE = Param(
    "message", r.read_message, "The message's text; the setting MAX_MESSAGE_CHARS limits it.", upstream=False
)
ROLE = Param("role", r.one_of("user", "assistant"), "Whose message it is.")
MESSAGES = Param(
    "messages",
    r.read_messages,
    "The messages that it begins with; the setting MAX_MESSAGES_PER_CALL limits how many.",
)
TOOL_OUTPUTS = Param(
    "toolOutputs", r.read_tool_outputs, "The outputs of the run's toolCalls.", upstream=False
)
WAIT = Param(
    "wait",
    r.number_between(0, r.MAX_WAIT_SECONDS),
    "The most seconds to wait for the run; 0: not at all.",
    upstream=False,
)
METADATA = Param("metadata", r.read_metadata, "The caller's own notes, replaced as a whole.", shown=True)
NAME = Param("name", r.read_text, "The assistant's name; at most 256 characters are taken.", shown=True)
INSTRUCTIONS = Param(
    "instructions", r.read_text, "What the assistant is told to be; of a run: in place of that.", shown=True
)
MODEL = Param(
    "model", r.read_model, "The model's name; the setting OPENAI_MODEL where none is given.", shown=True
)
TOOL_RESOURCES = Param(
    "toolResources", r.read_tool_resources, "What the tools use: vector stores to search, files for code."
)
MAX_TOKENS = Param(
    "maxCompletionTokens", r.integer_between(r.MIN_TOKENS, r.MAX_TOKENS), "The most tokens of the answer."
)
RESPONSE_FORMAT = Param("responseFormat", r.read_response_format, "Text or JSON.")

ASSISTANT_SETTINGS = (
    NAME,
    Param("description", r.read_text, "What the assistant is for; only shown.", shown=True),
    INSTRUCTIONS,
    MODEL,
    Param("tools", r.read_tools, "The tools that it may use.", shown=True),
    TOOL_RESOURCES,
    METADATA,
    Param(
        "temperature",
        r.number_between(0, 2),
        "How freely words are chosen; not every model takes it.",
        shown=True,
    ),
    Param(
        "topP",
        r.number_between(0, 1),
        "The share of likely words to choose from; not every model takes it.",
        shown=True,
    ),
    RESPONSE_FORMAT,
)
PAGE = (
    Param(
        "limit",
        r.integer_between(1, 100),
        "How many at most; without it 20, of messages 100.",
    ),
    Param("order", r.one_of("asc", "desc"), "Oldest first (asc) or latest first (desc)."),
    Param("after", r.read_id, "Only what follows the object with this id."),
    Param("before", r.read_id, "Only what precedes the object with this id."),
)
RUN_SETTINGS = (
    INSTRUCTIONS,
    Param(
        "additionalInstructions", r.read_text, "What this run is told on top of the assistant's instructions."
    ),
    MODEL,
    MAX_TOKENS,
    RESPONSE_FORMAT,
    METADATA,
    WAIT,
    REQUEST,
)


# ---------------------------------------------------------------- a call's parameters


def parse_params(action: str, arguments: Mapping[str, Any], spec: Spec) -> Json:
    """The checked values by name, only those that were given. A null is no value, except where it resets."""
    known = spec.known()
    for name in arguments:
        if name not in known:
            takes = ", ".join(known) or "none"
            raise InvalidRequest(f"unknown parameter {name[:80]!r} for {action}; it takes: {takes}")
    given = {name: value for name, value in arguments.items() if value is not None or spec.null_resets(name)}
    for param in spec.needs:
        if given.get(param.name) in (None, ""):
            raise InvalidRequest(f"{param.name} is required for {action}")
    if spec.one_of and not any(_says_something(given, param.name, spec) for param in spec.one_of):
        raise InvalidRequest(f"{' or '.join(param.name for param in spec.one_of)} is required for {action}")
    return {name: None if value is None else known[name].read(name, value) for name, value in given.items()}


def _says_something(given: Json, name: str, spec: Spec) -> bool:
    return name in given and (given[name] != "" or spec.null_resets(name))


def take_upstream_fields(params: Mapping[str, Any], spec: Spec) -> Json:
    """What OpenAI is sent of a call's parameters as it is, by its names there."""
    known = spec.known()
    return {known[name].v2_name: value for name, value in params.items() if known[name].upstream}
