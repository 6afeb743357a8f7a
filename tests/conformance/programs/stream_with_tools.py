"""Streams an answer that needs functions, within the stream; then a thread and its run in one, and pages.

Usage: stream_with_tools.py QUESTION OUTPUT"""

import sys

from openai import AssistantEventHandler, OpenAI

client = OpenAI()
question, output = sys.argv[1:]


class Handler(AssistantEventHandler):
    def on_event(self, event):
        if event.event == "thread.run.requires_action":
            calls = event.data.required_action.submit_tool_outputs.tool_calls
            print("calls " + ", ".join(call.function.name for call in calls))
            with client.beta.threads.runs.submit_tool_outputs_stream(
                thread_id=event.data.thread_id,
                run_id=event.data.id,
                tool_outputs=[{"tool_call_id": call.id, "output": output} for call in calls],
                event_handler=Handler(),
            ) as stream:
                stream.until_done()

    def on_text_done(self, text):
        print(f"says {text.value}")


weather = {"name": "weather", "description": "Tells the weather.", "parameters": {}}
assistant = client.beta.assistants.create(model="gpt-4o", tools=[{"type": "function", "function": weather}])
thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
with client.beta.threads.runs.stream(
    thread_id=thread.id, assistant_id=assistant.id, event_handler=Handler()
) as stream:
    stream.until_done()

both = client.beta.threads.create_and_run(
    assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "/say Hi"}]}, stream=True
)
print(
    "in one: "
    + "".join(e.data.delta.content[0].text.value for e in both if e.event == "thread.message.delta")
)

run = client.beta.threads.runs.list(thread.id).data[0]
steps = client.beta.threads.runs.steps.list(run_id=run.id, thread_id=thread.id, order="asc")
print("steps " + ", ".join(step.type for step in steps))
print(f"{len(list(client.beta.threads.messages.list(thread.id, limit=1)))} messages")
