"""ACTIONS: every action with its handler and its parameters; the table of contents."""

from assistant_function.answer.envelope import Answer
from assistant_function.call import Action, ActionCall
from assistant_function.handlers import assistants, messages, runs, threads
from assistant_function.request import params as p


def describe(call: ActionCall) -> Answer:
    from assistant_function.openapi.describe import describe_actions  # not loaded at every start

    return Answer(describe_actions(ACTIONS, call.settings))


ACTIONS: dict[str, Action] = {
    "create-assistant": Action(
        "Creates an assistant.",
        assistants.create,
        p.Spec(one_of=(p.NAME, p.INSTRUCTIONS), takes=p.ASSISTANT_SETTINGS),
        data="Assistant",
        admin=True,
    ),
    "list-assistants": Action(
        "Lists the assistants.", assistants.list_page, p.Spec(takes=p.PAGE), data="Assistants", admin=True
    ),
    "get-assistant": Action(
        "Shows an assistant.", assistants.get, p.Spec(needs=(p.ASSISTANT,)), data="Assistant", admin=True
    ),
    "update-assistant": Action(
        "Changes an assistant; null resets a value.",
        assistants.update,
        p.Spec(needs=(p.ASSISTANT,), one_of=p.ASSISTANT_SETTINGS, resets=True),
        data="Assistant",
        admin=True,
    ),
    "create-thread": Action(
        "Creates a thread.",
        threads.create,
        p.Spec(takes=(p.METADATA, p.MESSAGES, p.TOOL_RESOURCES)),
        data="Thread",
    ),
    "send-message": Action(
        "Adds a message to a thread.",
        messages.send,
        p.Spec(needs=(p.THREAD, p.MESSAGE), takes=(p.ROLE, p.METADATA, p.REQUEST)),
        data="Message",
    ),
    "run-assistant": Action(
        "Lets an assistant answer in a thread, and waits for it.",
        runs.run,
        p.Spec(needs=(p.THREAD, p.ASSISTANT), takes=(p.MESSAGE, *p.RUN_SETTINGS)),
        data="Run",
    ),
    "get-thread": Action("Shows a thread.", threads.get, p.Spec(needs=(p.THREAD,)), data="Thread"),
    "list-messages": Action(
        "Lists a thread's messages.",
        messages.list_page,
        p.Spec(needs=(p.THREAD,), takes=(*p.PAGE, p.RUN)),
        data="Messages",
    ),
    "delete-thread": Action(
        "Erases a thread and its messages.", threads.delete, p.Spec(needs=(p.THREAD,)), data="DeletedThread"
    ),
    "delete-assistant": Action(
        "Deletes an assistant.",
        assistants.delete,
        p.Spec(needs=(p.ASSISTANT,)),
        data="DeletedAssistant",
        admin=True,
    ),
    "update-thread": Action(
        "Replaces a thread's metadata, and its tool resources where they are given; null resets these.",
        threads.update,
        p.Spec(needs=(p.THREAD, p.METADATA), takes=(p.TOOL_RESOURCES,), resets=True),
        data="Thread",
    ),
    "get-run": Action(
        "Shows a run, and waits for it.",
        runs.get,
        p.Spec(needs=(p.THREAD, p.RUN), takes=(p.WAIT,)),
        data="Run",
    ),
    "cancel-run": Action("Stops a run.", runs.cancel, p.Spec(needs=(p.THREAD, p.RUN)), data="Run"),
    "submit-tool-outputs": Action(
        "Gives a run the outputs that it asks for, and waits for it.",
        runs.submit_tool_outputs,
        p.Spec(needs=(p.THREAD, p.RUN, p.TOOL_OUTPUTS), takes=(p.WAIT,)),
        data="Run",
    ),
    "chat": Action(
        "One turn in one call: creates the thread where none is given, sends the message, runs, answers.",
        runs.chat,
        p.Spec(needs=(p.MESSAGE, p.ASSISTANT), takes=(p.THREAD, *p.RUN_SETTINGS)),
        data="Run",
    ),
    "delete-message": Action(
        "Deletes a message, to answer again or to edit what was asked.",
        messages.delete,
        p.Spec(needs=(p.THREAD, p.MESSAGE_ID)),
        data="DeletedMessage",
    ),
    "list-runs": Action(
        "Lists the runs of a thread that are known, latest first, without their messages.",
        runs.list_page,
        p.Spec(needs=(p.THREAD,), takes=p.PAGE),
        data="Runs",
    ),
    "describe": Action(
        "Describes this function: OpenAPI 3.1.", describe, p.Spec(), data="Description", needs_openai=False
    ),
}
