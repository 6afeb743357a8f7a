"""The contract's table of actions: the parameters that each needs and takes."""

from tests.invoke import Json

ASSISTANT = ["name", "instructions", "model", "description", "tools", "metadata", "temperature", "topP"]
ASSISTANT += ["responseFormat"]
PAGE = ["limit", "order", "after", "before"]
RUN = [
    "message",
    "instructions",
    "additionalInstructions",
    "model",
    "maxCompletionTokens",
    "responseFormat",
    "metadata",
    "wait",
]
# The contract's table: needs, takes.
CONTRACT: dict[str, tuple[list[str], list[str]]] = {
    "create-assistant": ([], ASSISTANT),
    "list-assistants": ([], PAGE),
    "get-assistant": (["assistantId"], []),
    "update-assistant": (["assistantId"], ASSISTANT),
    "create-thread": ([], ["metadata", "messages"]),
    "send-message": (["threadId", "message"], ["role", "metadata"]),
    "run-assistant": (["threadId", "assistantId"], RUN),
    "get-thread": (["threadId"], []),
    "list-messages": (["threadId"], [*PAGE, "runId"]),
    "delete-thread": (["threadId"], []),
    "delete-assistant": (["assistantId"], []),
    "update-thread": (["threadId", "metadata"], []),
    "get-run": (["threadId", "runId"], ["wait"]),
    "cancel-run": (["threadId", "runId"], []),
    "submit-tool-outputs": (["threadId", "runId", "toolOutputs"], ["wait"]),
    "chat": (["message", "assistantId"], ["threadId", *RUN[1:]]),
    "delete-message": (["threadId", "messageId"], []),
    "list-runs": (["threadId"], PAGE),
    "describe": ([], []),
}
BEYOND_THE_CONTRACT = ["requestId", "toolResources"]
GIVEN: Json = {
    "assistantId": "asst_1",
    "threadId": "thread_1",
    "runId": "run_1",
    "messageId": "msg_1",
    "message": "hi",
    "metadata": {"a": "b"},
    "toolOutputs": [{"toolCallId": "call_1", "output": "x"}],
}


def make_params(action: str) -> Json:
    """A call of the action with a value for each parameter that it needs."""
    return {"action": action, **{name: GIVEN[name] for name in CONTRACT[action][0]}}
