"""What the echo does with the tool code_interpreter. It only tells what it ran: nothing is executed."""

from local.emulator.directives import Directives
from local.emulator.models import CodeRun, Prompt
from local.emulator.output_items import file_path

TOOL = "code_interpreter"


def make_files(prompt: Prompt, directives: Directives) -> tuple[str, ...]:
    """The names of the files that `/file` asks for, where there is a container to make them in."""
    return tuple(directives.get("file", [])) if prompt.find_tool(TOOL) else ()


def run_code(prompt: Prompt, directives: Directives) -> tuple[CodeRun, ...]:
    """One run for each `/python`; files that are made without any need one too."""
    if not prompt.find_tool(TOOL):
        return ()
    written = [f"open({file_path(name)!r}, 'w')" for name in make_files(prompt, directives)]
    codes = directives.get("python") or (["\n".join(written)] if written else [])
    return tuple(CodeRun(code, f"ran: {code}") for code in codes)


def link_files(text: str, names: tuple[str, ...]) -> str:
    """The text with a link to each file on a line of its own."""
    return "\n".join([text, *(f"[{name}](sandbox:{file_path(name)})" for name in names)])


def show_container(prompt: Prompt) -> str:
    """The files that were put into the container, as a part of the echo's line."""
    tool = prompt.find_tool(TOOL)
    container = tool["container"] if tool else None
    file_ids = container.get("file_ids") if isinstance(container, dict) else None
    return f"container: {', '.join(file_ids)} | " if file_ids else ""
