"""ACTIONS: every action with its handler and its parameters; the table of contents."""

from collections.abc import Callable
from typing import NamedTuple

from assistant_function.errors import Json
from assistant_function.handlers import assistants, messages, runs, threads
from assistant_function.request import params as p
from assistant_function.request.call import Call
from assistant_function.request.params import Param, Spec


class Action(NamedTuple):
    """What answers an action, what it takes, which of schemas.DATA it answers with; whether it needs the
    admin's token, and OpenAI."""

    about: str
    handler: Callable[[Call], Json]
    spec: Spec
    data: str
    admin: bool = False
    needs_openai: bool = True


def describe(call: Call) -> Json:
    from assistant_function.openapi import describe as description  # not at every start

    return description.openapi(ACTIONS, call.settings)


ASSISTANT = Param("assistantId", p.identifier, "The assistant's id.")
THREAD = Param("threadId", p.identifier, "The thread's id.")
RUN = Param("runId", p.identifier, "The run's id.")
REQUEST = Param("requestId", p.identifier, "The caller's own id of this request: repeated, it is done once.")
MESSAGE = Param("message", p.message, "The message's text; the setting MAX_MESSAGE_CHARS limits it.")
METADATA = Param("metadata", p.metadata, "The caller's own notes, replaced as a whole.")
NAME = Param("name", p.text, "The assistant's name; OpenAI takes at most 128 characters.")
INSTRUCTIONS = Param("instructions", p.text, "What the assistant is told to be; of a run: in place of that.")
MODEL = Param("model", p.model, "The model's name; the setting OPENAI_MODEL where none is given.")
TOOL_RESOURCES = Param("toolResources", p.tool_resources, "What the tools use: the vector stores to search.")
RESPONSE_FORMAT = Param("responseFormat", p.response_format, "Text or JSON.")
WAIT = Param("wait", p.number(0, p.MOST_WAIT_SECONDS), "The most seconds to wait for the run; 0: not at all.")

MORE_OF_AN_ASSISTANT = (
    MODEL,
    Param("description", p.text, "What the assistant is for; only shown."),
    Param("tools", p.tools, "The tools that it may use."),
    TOOL_RESOURCES,
    METADATA,
    Param("temperature", p.number(0, 2), "How freely words are chosen; not every model takes it."),
    Param("topP", p.number(0, 1), "The share of likely words to choose from; not every model takes it."),
    RESPONSE_FORMAT,
)
PAGE = (
    Param("limit", p.integer(1, 100), "How many at most; without it 20 assistants, 100 messages."),
    Param("order", p.choice("asc", "desc"), "Oldest first (asc) or latest first (desc)."),
    Param("after", p.identifier, "Only what follows the object with this id."),
    Param("before", p.identifier, "Only what precedes the object with this id."),
)
RUN_SETTINGS = (
    INSTRUCTIONS,
    Param("additionalInstructions", p.text, "What this run is told on top of the assistant's instructions."),
    MODEL,
    Param("maxCompletionTokens", p.integer(p.FEWEST_TOKENS, 1_000_000), "The most tokens of the answer."),
    RESPONSE_FORMAT,
    METADATA,
    WAIT,
    REQUEST,
)

ACTIONS: dict[str, Action] = {
    "create-assistant": Action(
        "Creates an assistant.",
        assistants.create,
        Spec(one_of=(NAME, INSTRUCTIONS), takes=MORE_OF_AN_ASSISTANT),
        data="Assistant",
        admin=True,
    ),
    "list-assistants": Action(
        "Lists the assistants.", assistants.list_page, Spec(takes=PAGE), data="Assistants", admin=True
    ),
    "get-assistant": Action(
        "Shows an assistant.", assistants.get, Spec(needs=(ASSISTANT,)), data="Assistant", admin=True
    ),
    "update-assistant": Action(
        "Changes an assistant; null resets a value.",
        assistants.update,
        Spec(needs=(ASSISTANT,), one_of=(NAME, INSTRUCTIONS, *MORE_OF_AN_ASSISTANT), resets=True),
        data="Assistant",
        admin=True,
    ),
    "create-thread": Action(
        "Creates a thread.",
        threads.create,
        Spec(
            takes=(
                METADATA,
                Param("messages", p.messages, "The messages that it begins with."),
                TOOL_RESOURCES,
            )
        ),
        data="Thread",
    ),
    "send-message": Action(
        "Adds a message to a thread.",
        messages.send,
        Spec(
            needs=(THREAD, MESSAGE),
            takes=(Param("role", p.choice("user", "assistant"), "Whose message it is."), METADATA, REQUEST),
        ),
        data="Message",
    ),
    "run-assistant": Action(
        "Lets an assistant answer in a thread, and waits for it.",
        runs.run,
        Spec(needs=(THREAD, ASSISTANT), takes=(MESSAGE, *RUN_SETTINGS)),
        data="Run",
    ),
    "get-thread": Action("Shows a thread.", threads.get, Spec(needs=(THREAD,)), data="Thread"),
    "list-messages": Action(
        "Lists a thread's messages.",
        messages.list_page,
        Spec(needs=(THREAD,), takes=(*PAGE, RUN)),
        data="Messages",
    ),
    "delete-thread": Action(
        "Erases a thread and its messages.", threads.delete, Spec(needs=(THREAD,)), data="DeletedThread"
    ),
    "delete-assistant": Action(
        "Deletes an assistant.",
        assistants.delete,
        Spec(needs=(ASSISTANT,)),
        data="DeletedAssistant",
        admin=True,
    ),
    "update-thread": Action(
        "Replaces a thread's metadata, and its tool resources where they are given; null resets these.",
        threads.update,
        Spec(needs=(THREAD, METADATA), takes=(TOOL_RESOURCES,), resets=True),
        data="Thread",
    ),
    "get-run": Action(
        "Shows a run, and waits for it.", runs.get, Spec(needs=(THREAD, RUN), takes=(WAIT,)), data="Run"
    ),
    "cancel-run": Action("Stops a run.", runs.cancel, Spec(needs=(THREAD, RUN)), data="Run"),
    "submit-tool-outputs": Action(
        "Gives a run the outputs that it asks for, and waits for it.",
        runs.submit_tool_outputs,
        Spec(
            needs=(THREAD, RUN, Param("toolOutputs", p.tool_outputs, "The outputs of the run's toolCalls.")),
            takes=(WAIT,),
        ),
        data="Run",
    ),
    "chat": Action(
        "One turn in one call: creates the thread where none is given, sends the message, runs, answers.",
        runs.chat,
        Spec(needs=(MESSAGE, ASSISTANT), takes=(THREAD, *RUN_SETTINGS)),
        data="Run",
    ),
    "describe": Action(
        "Describes this function: OpenAPI 3.1.", describe, Spec(), data="Description", needs_openai=False
    ),
}
