"""The documented loop over citations: each becomes a number, and the sources follow.

Usage: cite_sources.py QUESTION"""

import sys

from openai import OpenAI

client = OpenAI()
assistant = client.beta.assistants.create(
    name="Financial Analyst Assistant",
    instructions="Use your knowledge base to answer questions about audited financial statements.",
    model="gpt-4o",
    tools=[{"type": "file_search"}],
    tool_resources={"file_search": {"vector_store_ids": ["vs_abc123"]}},
)
thread = client.beta.threads.create(messages=[{"role": "user", "content": sys.argv[1]}])
run = client.beta.threads.runs.create_and_poll(
    thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=10
)
messages = list(client.beta.threads.messages.list(thread_id=thread.id, run_id=run.id))

message_content = messages[0].content[0].text
annotations = message_content.annotations
citations = []
for index, annotation in enumerate(annotations):
    message_content.value = message_content.value.replace(annotation.text, f"[{index}]")
    if file_citation := getattr(annotation, "file_citation", None):
        citations.append(f"[{index}] {file_citation.file_id}")

print(message_content.value)
print("\n".join(citations))
