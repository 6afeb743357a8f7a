"""Following a run with the SDK's client: look at it, wait for it, answer its calls."""

import time
from typing import Any

from openai import OpenAI
from openai.types.beta.threads import Run

POLL_SECONDS = 0.002


def look_at(client: OpenAI, run: Run) -> Run:
    return client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)


def wait_for(client: OpenAI, run: Run) -> Run:
    """The run once it has ended, or waits for outputs."""
    while run.status in ("queued", "in_progress"):
        time.sleep(POLL_SECONDS)
        run = look_at(client, run)
    return run


def answer_calls(client: OpenAI, run: Run, output: str) -> Run:
    """Submits this output for every call that the run waits for."""
    waiting = look_at(client, run)
    assert waiting.required_action
    outputs: Any = [
        {"tool_call_id": call.id, "output": output}
        for call in waiting.required_action.submit_tool_outputs.tool_calls
    ]
    return client.beta.threads.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs)
