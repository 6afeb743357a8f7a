"""ACTIONS: every action with its handler and its parameters; the table of contents."""

from collections.abc import Callable
from typing import NamedTuple

from assistant_function import params as p
from assistant_function.call import Call
from assistant_function.errors import Json
from assistant_function.handlers import assistants, messages, runs, threads
from assistant_function.params import Param, Spec


class Action(NamedTuple):
    """What answers an action, what it takes, and whether it needs the admin's token."""

    handler: Callable[[Call], Json]
    spec: Spec
    admin: bool = False


ASSISTANT = Param("assistantId", p.identifier)
THREAD = Param("threadId", p.identifier)
RUN = Param("runId", p.identifier)
REQUEST = Param("requestId", p.identifier)
MESSAGE = Param("message", p.message)
METADATA = Param("metadata", p.metadata)
NAME = Param("name", p.text)
INSTRUCTIONS = Param("instructions", p.text)
MODEL = Param("model", p.text)
WAIT = Param("wait", p.number(0, p.MOST_WAIT_SECONDS))

MORE_OF_AN_ASSISTANT = (
    MODEL,
    Param("description", p.text),
    Param("tools", p.tools),
    METADATA,
    Param("temperature", p.number(0, 2)),
    Param("topP", p.number(0, 1)),
    Param("responseFormat", p.response_format),
)
PAGE = (
    Param("limit", p.integer(1, 100)),
    Param("order", p.choice("asc", "desc")),
    Param("after", p.identifier),
    Param("before", p.identifier),
)
RUN_SETTINGS = (
    INSTRUCTIONS,
    Param("additionalInstructions", p.text),
    MODEL,
    Param("maxCompletionTokens", p.integer(1, 1_000_000)),
    METADATA,
    WAIT,
    REQUEST,
)

ACTIONS: dict[str, Action] = {
    "create-assistant": Action(
        assistants.create, Spec(one_of=(NAME, INSTRUCTIONS), takes=MORE_OF_AN_ASSISTANT), admin=True
    ),
    "list-assistants": Action(assistants.list_page, Spec(takes=PAGE), admin=True),
    "get-assistant": Action(assistants.get, Spec(needs=(ASSISTANT,)), admin=True),
    "update-assistant": Action(
        assistants.update,
        Spec(needs=(ASSISTANT,), one_of=(NAME, INSTRUCTIONS, *MORE_OF_AN_ASSISTANT), resets=True),
        admin=True,
    ),
    "create-thread": Action(threads.create, Spec(takes=(METADATA, Param("messages", p.messages)))),
    "send-message": Action(
        messages.send,
        Spec(
            needs=(THREAD, MESSAGE), takes=(Param("role", p.choice("user", "assistant")), METADATA, REQUEST)
        ),
    ),
    "run-assistant": Action(runs.run, Spec(needs=(THREAD, ASSISTANT), takes=(MESSAGE, *RUN_SETTINGS))),
    "get-thread": Action(threads.get, Spec(needs=(THREAD,))),
    "list-messages": Action(messages.list_page, Spec(needs=(THREAD,), takes=(*PAGE, RUN))),
    "delete-thread": Action(threads.delete, Spec(needs=(THREAD,))),
    "delete-assistant": Action(assistants.delete, Spec(needs=(ASSISTANT,)), admin=True),
    "update-thread": Action(threads.update, Spec(needs=(THREAD, METADATA))),
    "get-run": Action(runs.get, Spec(needs=(THREAD, RUN), takes=(WAIT,))),
    "cancel-run": Action(runs.cancel, Spec(needs=(THREAD, RUN))),
    "submit-tool-outputs": Action(
        runs.submit_tool_outputs,
        Spec(needs=(THREAD, RUN, Param("toolOutputs", p.tool_outputs)), takes=(WAIT,)),
    ),
    "chat": Action(runs.chat, Spec(needs=(MESSAGE, ASSISTANT), takes=(THREAD, *RUN_SETTINGS))),
}
