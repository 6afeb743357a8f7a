"""What `make run` prints: where the function answers, and the ten calls of the README."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from .devhost.gateway import FUNCTION_PATH

NO_KEY = "none"  # what .env.example says where a key would stand
OPENAI_HOST = "api.openai.com"
ASSISTANT = {"name": "Property Assistant", "instructions": "You are a property expert"}
ASSISTANT_ACTIONS = frozenset({"create-assistant", "list-assistants", "get-assistant", "update-assistant"})


@dataclass(frozen=True)
class Ids:
    """The ids that stand in the printed calls."""

    assistant: str = "YOUR_ASSISTANT_ID"
    thread: str = "YOUR_THREAD_ID"
    thread_to_delete: str = "ANOTHER_THREAD_ID"


def calls(ids: Ids) -> list[dict[str, str]]:
    """The ten calls of the README, in its order."""
    assistant, thread = {"assistantId": ids.assistant}, {"threadId": ids.thread}
    return [
        {"action": "create-assistant", **ASSISTANT},
        {"action": "list-assistants"},
        {"action": "get-assistant", **assistant},
        {
            "action": "update-assistant",
            **assistant,
            "name": "Updated Property Assistant",
            "instructions": "New instructions",
        },
        {"action": "create-thread"},
        {"action": "send-message", **thread, "message": "Hello"},
        {"action": "run-assistant", **thread, **assistant},
        {"action": "get-thread", **thread},
        {"action": "list-messages", **thread},
        {"action": "delete-thread", "threadId": ids.thread_to_delete},
    ]


def curl_line(url: str, call: Mapping[str, str], token_setting: str | None = None) -> str:
    """One call as a line for the shell; a token is named, never shown."""
    header = f' -H "Authorization: Bearer ${token_setting}"' if token_setting else ""
    return f'curl -X GET "{url}?{urlencode(call)}"{header}'


def announcement(url: str, ids: Ids | None, variables: Mapping[str, str], warning: str | None = None) -> str:
    """What is printed once everything answers; ids is None where nothing was created."""
    where = "the OpenAI emulator on this computer" if ids else _server(variables)
    lines = [curl_line(url, call, token_name(call["action"], variables)) for call in calls(ids or Ids())]
    about = [
        f"The function answers at {url}",
        f"and talks to {where}.",
        f"A page to try it on: {page_of(url)}",
    ]
    return "\n".join(["", *about, "", *lines, "", *([warning, ""] if warning else []), "Ctrl-C ends it."])


def _server(variables: Mapping[str, str]) -> str:
    """The server behind the function, where that is not the emulator."""
    base_url = variables.get("OPENAI_BASE_URL", NO_KEY).strip()
    host = urlsplit(base_url).hostname if is_set("OPENAI_BASE_URL", variables) else OPENAI_HOST
    if host == OPENAI_HOST:
        return "OpenAI itself, with the key from .env: calls cost money"
    return f"{host} (OPENAI_BASE_URL), with the key from .env"


def page_of(url: str) -> str:
    """Where the page is, beside the function at url."""
    return url.removesuffix(FUNCTION_PATH) + "/"


def warn_of_network(host: str, at_openai: bool) -> str:
    """What is said where others can call too."""
    cost = ", at your cost" if at_openai else ""
    return f"*** OPEN TO YOUR NETWORK: HOST is {host}. Whoever reaches this computer can call it{cost}. ***"


def is_set(name: str, variables: Mapping[str, str]) -> bool:
    """Whether the setting holds something, as the function reads it."""
    return variables.get(name, NO_KEY).strip().lower() not in ("", NO_KEY)


def token_name(action: str, variables: Mapping[str, str]) -> str | None:
    """The setting whose token the call needs, if any."""
    wanted = ["ADMIN_TOKEN"] if action in ASSISTANT_ACTIONS else []
    names = [name for name in [*wanted, "ACCESS_TOKEN"] if is_set(name, variables)]
    return names[0] if names else None
