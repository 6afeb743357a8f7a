"""Polls a run by its first id and answers its tool calls, as llama-index and semantic-kernel do.

Usage: poll_first_run.py QUESTION TEMPERATURE RAIN"""

import json
import sys
import time

from openai import OpenAI

FUNCTIONS = {
    "get_current_temperature": lambda location: sys.argv[2].format(location=location),
    "get_rain_probability": lambda location: sys.argv[3].format(location=location),
}
PARAMETERS = {
    "type": "object",
    "properties": {"location": {"type": "string", "description": "The city and state"}},
    "required": ["location"],
}

client = OpenAI()
assistant = client.beta.assistants.create(
    instructions="You are a weather bot. Use the provided functions to answer questions.",
    model="gpt-4o",
    tools=[
        {"type": "function", "function": {"name": name, "description": name, "parameters": PARAMETERS}}
        for name in FUNCTIONS
    ],
)
thread = client.beta.threads.create()
client.beta.threads.messages.create(thread.id, role="user", content=sys.argv[1])

run_id = client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id).id
rounds = 0
while True:
    run = client.beta.threads.runs.retrieve(run_id, thread_id=thread.id)
    if run.status == "requires_action":
        rounds += 1
        tool_outputs = []
        for call in run.required_action.submit_tool_outputs.tool_calls:
            arguments = json.loads(call.function.arguments)
            print(f"{call.function.name}({arguments['location']})")
            output = FUNCTIONS[call.function.name](**arguments)
            tool_outputs.append({"tool_call_id": call.id, "output": output})
        client.beta.threads.runs.submit_tool_outputs(run_id, thread_id=thread.id, tool_outputs=tool_outputs)
    elif run.status not in ("queued", "in_progress"):
        break
    time.sleep(0.01)

latest = client.beta.threads.messages.list(thread.id, order="desc").data[0]
print(f"{rounds} rounds, {run.status}")
print(f"the same run: {run.id == run_id}")
print(f"answer: {latest.content[0].text.value}")
