"""Exports an assistant as JSON and makes another one of it, field by field.

Prints both, a line of JSON each."""

import json

from openai import OpenAI

client = OpenAI()
original = client.beta.assistants.create(
    name="Support " * 30,
    description="Answers what customers ask.",
    instructions="Be brief.",
    model="gpt-4o",
    metadata={f"key{number}": f"value {number}" for number in range(4)},
    temperature=0.5,
    tools=[
        {"type": "code_interpreter"},
        {
            "type": "file_search",
            "file_search": {"ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.2}},
        },
        {"type": "function", "function": {"name": "get_order", "parameters": {"type": "object"}}},
    ],
    tool_resources={"file_search": {"vector_store_ids": ["vs_abc123"]}},
)

exported = client.beta.assistants.retrieve(original.id).model_dump_json()
print(exported)

fields = json.loads(exported)
for name in ("id", "object", "created_at"):
    del fields[name]
copy = client.beta.assistants.create(**fields)
print(copy.model_dump_json())
