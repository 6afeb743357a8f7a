"""ACTIONS: every action with its handler and its parameters; the table of contents."""

from assistant_function.answer.envelope import Answer
from assistant_function.call import Action, ActionCall
from assistant_function.handlers import assistants, messages, runs, threads
from assistant_function.request.params import (
    ASSISTANT,
    ASSISTANT_SETTINGS,
    INSTRUCTIONS,
    MESSAGE,
    MESSAGES,
    METADATA,
    NAME,
    PAGE,
    REQUEST,
    ROLE,
    RUN,
    RUN_SETTINGS,
    THREAD,
    TOOL_OUTPUTS,
    TOOL_RESOURCES,
    WAIT,
    Spec,
)


def describe(call: ActionCall) -> Answer:
    from assistant_function.openapi.describe import describe_actions  # not loaded at every start

    return Answer(describe_actions(ACTIONS, call.settings))


ACTIONS: dict[str, Action] = {
    "create-assistant": Action(
        "Creates an assistant.",
        assistants.create,
        Spec(one_of=(NAME, INSTRUCTIONS), takes=ASSISTANT_SETTINGS),
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
        Spec(needs=(ASSISTANT,), one_of=ASSISTANT_SETTINGS, resets=True),
        data="Assistant",
        admin=True,
    ),
    "create-thread": Action(
        "Creates a thread.",
        threads.create,
        Spec(takes=(METADATA, MESSAGES, TOOL_RESOURCES)),
        data="Thread",
    ),
    "send-message": Action(
        "Adds a message to a thread.",
        messages.send,
        Spec(needs=(THREAD, MESSAGE), takes=(ROLE, METADATA, REQUEST)),
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
        Spec(needs=(THREAD, RUN, TOOL_OUTPUTS), takes=(WAIT,)),
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
