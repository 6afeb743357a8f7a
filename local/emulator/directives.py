"""What the echo is told to do: lines such as `/say hello` in the last input of the thread."""

import re

from local.emulator.database import Json
from local.emulator.items import read_text

DIRECTIVE = re.compile(r"^/([a-z]+)(?: +(.*?))? *$", re.MULTILINE)
Directives = dict[str, list[str]]


def find_last_input(items: list[Json]) -> str:
    """The text of the last user message, or of the function outputs after it."""
    if not items:
        return ""
    if items[-1]["type"] != "function_call_output":
        users = [item for item in items if item.get("role") == "user"]
        return read_text(users[-1]["content"]) if users else ""
    outputs: list[str] = []
    for item in reversed(items):
        if item["type"] != "function_call_output":
            break
        outputs.insert(0, read_text(item["output"]))
    return "\n".join(outputs)


def read_directives(text: str) -> Directives:
    """Name of the directive -> what stood behind it, once for every line."""
    found: Directives = {}
    for name, argument in DIRECTIVE.findall(text):
        found.setdefault(name, []).append(argument)
    return found


def read_seconds(directives: Directives, name: str) -> float:
    """What `/wait` or `/pace` says, else 0."""
    try:
        return float(directives[name][0])
    except (KeyError, ValueError):
        return 0.0
