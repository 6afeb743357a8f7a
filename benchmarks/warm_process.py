"""A process that makes warm calls and tells the processor time they took: the function, or the bare SDK.

Started with what to call; reads `{"action", "calls"}` from each line of its input, answers with seconds.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FUNCTION = Path(__file__).parents[1] / "packages" / "v1" / "openai"
PARAMETERS = {
    "get-assistant": {"assistantId": "asst_1"},
    "create-thread": {},
    "send-message": {"threadId": "thread_1", "message": "What is a sonnet?"},
    "list-messages": {"threadId": "thread_1"},
}


def function() -> Callable[[str], object]:
    """The function, as the platform calls it for the web; its log goes where the platform's would."""
    sys.path.insert(0, str(FUNCTION))
    from runpy import run_path

    main = run_path(str(FUNCTION / "__main__.py"))["main"]
    web = {"http": {"method": "POST", "headers": {"accept": "application/json"}, "path": ""}}

    def call(action: str) -> object:
        answer = main({"action": action, **PARAMETERS[action], **web})
        assert answer["statusCode"] == 200, answer
        return answer

    return call


def sdk_v2() -> Callable[[str], object]:
    """The SDK's Assistants client, nothing around it."""
    from openai import OpenAI

    beta = OpenAI().beta
    calls: dict[str, Callable[[], object]] = {
        "get-assistant": lambda: beta.assistants.retrieve("asst_1"),
        "create-thread": lambda: beta.threads.create(),
        "send-message": lambda: beta.threads.messages.create(
            "thread_1", role="user", content="What is a sonnet?"
        ),
        "list-messages": lambda: beta.threads.messages.list("thread_1", limit=100, order="asc"),
    }
    return lambda action: calls[action]()


def sdk_today() -> Callable[[str], object]:
    """The SDK's client of today's API, nothing around it: the calls that the function ends up with."""
    from openai import OpenAI

    client = OpenAI()
    question: Any = {"type": "message", "role": "user", "content": "What is a sonnet?"}
    items = client.conversations.items
    calls: dict[str, Callable[[], object]] = {
        "get-assistant": lambda: client.beta.agents.retrieve("agent_1"),
        "create-thread": lambda: client.conversations.create(),
        "send-message": lambda: items.create("conv_1", items=[question]),
        "list-messages": lambda: items.list("conv_1", limit=100, order="asc"),
    }
    return lambda action: calls[action]()


CALLERS = {"function": function, "sdk_v2": sdk_v2, "sdk_today": sdk_today}


def main() -> None:
    """Processor time is that of all threads, of the system's too."""
    call = CALLERS[sys.argv[1]]()
    told = sys.stdout
    with open("/dev/null", "w") as log:
        for line in sys.stdin:
            wanted = json.loads(line)
            sys.stdout = log
            begun = time.process_time()
            for _ in range(wanted["calls"]):
                call(wanted["action"])
            seconds = time.process_time() - begun
            print(seconds, file=told, flush=True)


if __name__ == "__main__":
    main()
