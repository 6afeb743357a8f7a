"""One conversation that needs all nineteen actions."""

from collections.abc import Callable

from tests.backends import function_tool
from tests.invoke import Json

WEATHER = function_tool("weather")


def play_conversation(call: Callable[..., Json]) -> None:
    """Plays it with `call`, which gives the body of each answer."""
    assistant = call(
        action="create-assistant",
        name="Poet",
        instructions="Be brief",
        description="writes",
        tools=[WEATHER],
        metadata={"team": "a"},
        temperature=0.5,
        topP=0.9,
        responseFormat="text",
    )["data"]["assistantId"]
    call(action="list-assistants", limit=1)
    call(action="get-assistant", assistantId=assistant)
    call(action="update-assistant", assistantId=assistant, name="Bard", temperature=None, topP=None)
    opening = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    thread = call(action="create-thread", metadata={"user": "u1"}, messages=opening)["threadId"]
    call(action="send-message", threadId=thread, message="What is a sonnet?")
    run = {"action": "run-assistant", "threadId": thread, "assistantId": assistant}
    call(**run)
    call(action="get-thread", threadId=thread)
    call(action="update-thread", threadId=thread, metadata={"user": "u2"})
    call(action="list-messages", threadId=thread)
    call(action="list-messages", threadId=thread, limit=2, order="desc")
    asking = call(**run, message='/call weather {"city": "Bonn"}')["data"]
    call(action="get-run", threadId=thread, runId=asking["runId"])
    outputs = [{"toolCallId": asking["toolCalls"][0]["id"], "output": {"sky": "blue"}}]
    call(action="submit-tool-outputs", threadId=thread, runId=asking["runId"], toolOutputs=outputs)
    slow = call(**run, message="/wait 30", wait=0)["data"]
    call(**run)
    call(action="cancel-run", threadId=thread, runId=slow["runId"])
    call(action="get-run", threadId=thread, runId=slow["runId"])
    done = call(action="chat", assistantId=assistant, threadId=thread, message="And now?")["data"]
    call(action="list-messages", threadId=thread, runId=done["runId"])
    call(action="list-runs", threadId=thread, limit=2)
    call(action="delete-message", threadId=thread, messageId=done["messages"][0]["messageId"])
    fresh = call(action="chat", assistantId=assistant, message="/two")["threadId"]
    call(action="delete-thread", threadId=thread)
    call(action="delete-thread", threadId=fresh)
    call(action="get-thread", threadId=thread)
    call(action="delete-assistant", assistantId=assistant)
    call(action="get-assistant", assistantId=assistant)
    call(action="describe")
