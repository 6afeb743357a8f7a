"""Adds a message while a run is active: reads the run's id from the error, cancels the run, tries again.

Usage: free_busy_thread.py QUESTION NEXT_QUESTION"""

import re
import sys
import time

from openai import BadRequestError, OpenAI

client = OpenAI()
assistant = client.beta.assistants.create(model="gpt-4o")
thread = client.beta.threads.create(messages=[{"role": "user", "content": sys.argv[1]}])
active = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)


def add_message(content):
    return client.beta.threads.messages.create(thread.id, role="user", content=content)


try:
    add_message(sys.argv[2])
except BadRequestError as error:
    print(error.message.replace(thread.id, "THREAD").replace(active.id, "RUN"))
    found = re.search(r"while a run (run_[A-Za-z0-9]+) is active", error.message)
    run = client.beta.threads.runs.cancel(found.group(1), thread_id=thread.id)
    while run.status in ("queued", "in_progress", "cancelling"):
        time.sleep(0.01)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    print(f"the run is {run.status}")
    add_message(sys.argv[2])

for message in client.beta.threads.messages.list(thread.id, order="asc"):
    print(f"{message.role}: {message.content[0].text.value}")
