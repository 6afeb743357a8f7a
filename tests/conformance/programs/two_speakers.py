"""Two assistants answer one question; shows who said what, oldest first, and what belongs to each run.

Usage: two_speakers.py QUESTION"""

import sys

from openai import OpenAI

client = OpenAI()
optimist = client.beta.assistants.create(name="Optimist", instructions="See the good.", model="gpt-4o")
skeptic = client.beta.assistants.create(name="Skeptic", instructions="See the bad.", model="gpt-4o")
names = {optimist.id: optimist.name, skeptic.id: skeptic.name}

thread = client.beta.threads.create(messages=[{"role": "user", "content": sys.argv[1]}])
runs = [
    client.beta.threads.runs.create_and_poll(
        thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=10
    )
    for assistant in (optimist, skeptic)
]

messages = client.beta.threads.messages.list(thread_id=thread.id).data
messages.sort(key=lambda message: message.created_at)
for message in messages:
    speaker = names[message.assistant_id] if message.role == "assistant" else "User"
    print(f"{message.created_at} {speaker}: {message.content[0].text.value}")

for run in runs:
    replies = [m for m in messages if m.run_id == run.id and m.assistant_id == run.assistant_id]
    print(f"{names[run.assistant_id]} wrote {len(replies)} message")
