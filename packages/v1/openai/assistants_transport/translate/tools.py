"""Tools and tool resources in their three spellings: Assistants v2, Agents and Responses."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from assistants_transport.body_schema import (
    NUMBER,
    FieldTypes,
    check_fields,
    check_names,
    check_objects,
    is_number_within,
)
from assistants_transport.v2_errors import Json, refuse_field, refuse_missing, refuse_value

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

FUNCTION_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
NO_PARAMETERS: Json = {"type": "object", "properties": {}}  # in v2, missing parameters mean an empty list
NO_DESCRIPTION = ""  # agents require a description, v2 does not (an empty one being accepted is unverified)
MAX_FILE_SEARCH_RESULTS = 50
RANKERS = ("auto", "default_2024_08_21")  # of v2; Responses knows the first and others of its own
MAX_CODE_FILES = 20  # v2's limit for an assistant and for a thread; a container takes 50
CODE_OUTPUTS = "code_interpreter_call.outputs"  # a response holds them only where they are asked for
NO_SCORE_THRESHOLD = 0.0  # v2 requires a number to be shown
WEB_SEARCH_MODES = {"live": {}, "cached": {"external_web_access": False}}

FUNCTION_FIELD_TYPES: FieldTypes = {"name": str, "description": str, "parameters": dict, "strict": bool}
LOCATION_FIELD_TYPES: FieldTypes = dict.fromkeys(("type", "city", "country", "region", "timezone"), str)
FILE_SEARCH_FIELD_TYPES: FieldTypes = {"max_num_results": NUMBER, "ranking_options": dict}
RANKING_FIELD_TYPES: FieldTypes = {"ranker": str, "score_threshold": NUMBER}


# The extras that belong to the tools: names of strict functions, and the options of tools that agents lack
TOOL_EXTRAS = ("strict", "file_search", "code_interpreter")

# ---------------------------------------------------------------- v2 -> agent


def agent_tools_from_v2(tools: object) -> tuple[list[Json], Json]:
    """-> (the agent's tools, the extras: what TOOL_EXTRAS names).

    Raises V2Error 400 for a tool that is wrong or that cannot be carried."""
    agent_tools: list[Json] = []
    extras: Json = {}
    for index, tool in enumerate(check_objects(tools, "tools")):
        kind, param = tool.get("type"), f"tools[{index}]"
        if kind == "function":
            agent_tools.append(_agent_function_from_v2(tool, param))
            if tool["function"].get("strict"):
                extras.setdefault("strict", []).append(tool["function"]["name"])
        elif kind == "file_search":
            extras["file_search"] = _check_file_search_options(tool, param)
        elif kind == "code_interpreter":
            check_names(tool, {"type"}, param)
            extras["code_interpreter"] = {}
        elif kind == "web_search":
            agent_tools.append(_agent_web_search_from_v2(tool, param))
        else:
            refuse_field(
                f"{param}.type",
                f"there is no tool {kind!r} "
                "(function, file_search, code_interpreter and web_search can be carried)",
            )
    return agent_tools, extras


def _agent_function_from_v2(tool: Json, param: str) -> Json:
    function = tool.get("function")
    if not isinstance(function, dict) or not function.get("name"):
        refuse_missing(f"{param}.function.name")
    check_names(tool, {"type", "function"}, param)
    check_fields(function, FUNCTION_FIELD_TYPES, "a function", f"{param}.function")
    if not FUNCTION_NAME.fullmatch(function["name"]):
        refuse_value(f"{param}.function.name", "1 to 64 letters, digits, _ and - are wanted")
    return {
        "type": "function",
        "name": function["name"],
        "description": function.get("description") or NO_DESCRIPTION,
        "parameters": function.get("parameters") or NO_PARAMETERS,
    }


def _agent_web_search_from_v2(tool: Json, param: str) -> Json:
    check_names(tool, {"type", "search_context_size", "user_location", "filters"}, param)
    agent_tool: Json = {"type": "web_search"}
    if "search_context_size" in tool:
        agent_tool["context_size"] = tool["search_context_size"]
    if (location := tool.get("user_location")) is not None:
        check_fields(location, LOCATION_FIELD_TYPES, "a location", f"{param}.user_location")
        agent_tool["location"] = {k: v for k, v in location.items() if k != "type"}
    if (filters := tool.get("filters")) is not None:
        check_fields(filters, {"allowed_domains": list}, "a filter", f"{param}.filters")
        agent_tool["allowed_domains"] = filters.get("allowed_domains")
    return agent_tool


def _check_file_search_options(tool: Json, param: str) -> Json:
    """The options to keep. They are checked here because OpenAI sees them only at the first run."""
    check_names(tool, {"type", "file_search"}, param)
    param = f"{param}.file_search"
    options = {} if tool.get("file_search") is None else tool["file_search"]
    check_fields(options, FILE_SEARCH_FIELD_TYPES, "file_search", param)
    ranking = options.get("ranking_options") or {}
    check_fields(ranking, RANKING_FIELD_TYPES, "a ranking", f"{param}.ranking_options")
    _check_range(options.get("max_num_results"), 1, MAX_FILE_SEARCH_RESULTS, f"{param}.max_num_results")
    _check_range(ranking.get("score_threshold"), 0, 1, f"{param}.ranking_options.score_threshold")
    if ranking.get("ranker") not in (None, *RANKERS):
        ranker = str(ranking["ranker"])[:40]
        refuse_field(f"{param}.ranking_options.ranker", f"there is no ranker {ranker!r} any more")
    return {name: value for name, value in options.items() if value is not None}


def _check_range(value: float | None, low: int, high: int, param: str) -> None:
    if value is not None and not is_number_within(value, low, high):
        refuse_value(param, f"a number from {low} to {high} is wanted")


# ---------------------------------------------------------------- agent -> v2, agent -> response


def v2_tools_from_agent(agent_tools: list[Json], extras: Json) -> "list[v2.Tool]":
    """Tools that v2 does not know are shown as the agent has them."""
    strict_names = extras.get("strict", [])
    tools: list[v2.Tool] = []
    for tool in agent_tools:
        if tool["type"] == "function":
            tools.append(_v2_function(tool, tool["name"] in strict_names))
        else:
            tools.append(_web_search_from_agent(tool) if tool["type"] == "web_search" else tool)
    if "file_search" in extras:
        tools.append(_v2_file_search(extras["file_search"]))
    if "code_interpreter" in extras:
        tools.append({"type": "code_interpreter"})
    return tools


def response_tools_from_agent(agent_tools: list[Json], extras: Json, thread_extras: Json) -> list[Json]:
    """The tools of one response, with what the extras of the assistant and of the thread let them look into.

    Raises V2Error 400 for a tool that only works in agent sessions."""
    tools: list[Json] = []
    for tool in agent_tools:
        if tool["type"] == "function":
            tools.append(_response_function_from_agent(tool, extras.get("strict", [])))
        elif tool["type"] == "web_search":
            mode = tool.get("mode", "live")
            if mode != "disabled":
                tools.append(_web_search_from_agent(tool) | WEB_SEARCH_MODES.get(mode, {}))
        elif tool.get("enabled") is not False:
            refuse_field(
                "tools", f"the assistant has the tool {tool['type']!r}, which works in agent sessions only"
            )
    store_ids = _merge_ids("vector_stores", extras, thread_extras)
    if "file_search" in extras and store_ids:  # without a store, v2 found nothing and Responses refuses
        tools.append(_response_file_search(extras["file_search"], store_ids))
    if "code_interpreter" in extras:
        file_ids = _merge_ids("files", extras, thread_extras)
        container = {"type": "auto"} | ({"file_ids": file_ids} if file_ids else {})
        tools.append({"type": "code_interpreter", "container": container})
    return tools


def includes_of(response_tools: list[Json]) -> list[str] | None:
    """What a response with these tools is asked for beyond the usual."""
    return [CODE_OUTPUTS] if any(tool["type"] == "code_interpreter" for tool in response_tools) else None


def _response_file_search(options: Json, store_ids: list[str]) -> Json:
    """Today's rankers are others than v2's: one that is not known there is left to OpenAI's choice."""
    tool = {"type": "file_search", "vector_store_ids": store_ids, **options}
    if (ranking := options.get("ranking_options")) and ranking.get("ranker") == "default_2024_08_21":
        tool["ranking_options"] = {name: value for name, value in ranking.items() if name != "ranker"}
    return tool


def _merge_ids(name: str, *extras: Json) -> list[str]:
    """The ids that the extras hold under this name, each once."""
    return list(dict.fromkeys(one for some in extras for one in _read_ids(some, name)))


def _read_ids(extras: Json, name: str) -> list[str]:
    found = extras.get(name)
    return found if isinstance(found, list) else []


def _response_function_from_agent(tool: Json, strict_names: list[str]) -> Json:
    for name in ("async", "defer_loading"):
        if tool.get(name):
            refuse_field(
                "tools", f"the function {tool['name']!r} has {name}, which works in agent sessions only"
            )
    kept = {name: tool[name] for name in ("type", "name", "description", "parameters") if name in tool}
    return kept | {"strict": tool["name"] in strict_names}  # missing, it is true in Responses, false in v2


def _web_search_from_agent(tool: Json) -> Json:
    """The same spelling for Responses and for v2, which has no web search of its own."""
    found: Json = {"type": "web_search"}
    if tool.get("context_size"):
        found["search_context_size"] = tool["context_size"]
    if tool.get("location"):
        found["user_location"] = {"type": "approximate", **tool["location"]}
    if tool.get("allowed_domains"):
        found["filters"] = {"allowed_domains": tool["allowed_domains"]}
    return found


# ---------------------------------------------------------------- response -> v2


def v2_tools_from_response(response_tools: Iterable[Json]) -> "list[v2.Tool]":
    """Tools that v2 does not know are shown as the response has them."""
    tools: list[v2.Tool] = []
    for tool in response_tools:
        if tool["type"] == "function":
            tools.append(_v2_function(tool, bool(tool.get("strict"))))
        elif tool["type"] == "file_search":
            tools.append(_v2_file_search(tool))
        else:
            tools.append({"type": "code_interpreter"} if tool["type"] == "code_interpreter" else tool)
    return tools


def _v2_function(tool: Json, strict: bool) -> "v2.FunctionTool":
    found: v2.FunctionTool = {
        "type": "function",
        "function": {"name": tool["name"], "parameters": tool.get("parameters"), "strict": strict},
    }
    if tool.get("description"):
        found["function"]["description"] = tool["description"]
    return found


def _v2_file_search(options: Json) -> "v2.FileSearchTool":
    """From the options in an agent's extras or from a response's tool, which has them at its top."""
    shown: v2.FileSearchOptions = {}
    if options.get("max_num_results"):
        shown["max_num_results"] = options["max_num_results"]
    if ranking := options.get("ranking_options"):
        threshold = ranking.get("score_threshold")
        shown["ranking_options"] = {"score_threshold": NO_SCORE_THRESHOLD if threshold is None else threshold}
        if ranking.get("ranker") in RANKERS:
            shown["ranking_options"]["ranker"] = ranking["ranker"]
    return {"type": "file_search", "file_search": shown} if shown else {"type": "file_search"}


# ---------------------------------------------------------------- tool_resources


def resource_extras_from_v2(tool_resources: Json | None) -> Json:
    """v2's tool_resources -> the extras `vector_stores` and `files`, null where there are none.

    Raises V2Error 400 for anything else in there."""
    resources = {} if tool_resources is None else tool_resources
    check_names(resources, {"file_search", "code_interpreter"}, "tool_resources", "there is no such tool")
    store_ids = _ids_from_v2(resources, "file_search", "vector_store_ids", "create it first and give its id")
    file_ids = _ids_from_v2(resources, "code_interpreter", "file_ids", "upload files and give their ids")
    check_code_files(file_ids, "tool_resources.code_interpreter.file_ids")
    return {"vector_stores": store_ids or None, "files": file_ids or None}


def check_code_files(file_ids: list[str], param: str) -> None:
    """Raises V2Error 400 for more files than v2 gave the code interpreter."""
    if len(file_ids) > MAX_CODE_FILES:
        refuse_value(param, f"the code interpreter takes at most {MAX_CODE_FILES} files")


def add_code_files(extras: Json, file_ids: list[str]) -> Json:
    """The thread's extras with the files that its messages attach. V2Error 400 for too many."""
    merged = _merge_ids("files", extras, {"files": file_ids})
    check_code_files(merged, "attachments")
    return extras | {"files": merged or None}


def v2_resources_from_extras(extras: Json) -> "v2.ToolResources | None":
    shown: v2.ToolResources = {}
    if store_ids := _read_ids(extras, "vector_stores"):
        shown["file_search"] = {"vector_store_ids": store_ids}
    if file_ids := _read_ids(extras, "files"):
        shown["code_interpreter"] = {"file_ids": file_ids}
    return shown or None


def _ids_from_v2(resources: Json, tool: str, name: str, why: str) -> list[str]:
    param, given = f"tool_resources.{tool}", resources.get(tool)
    found = {} if given is None else given
    check_names(found, {name}, param, why)
    ids = [] if found.get(name) is None else found[name]
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        refuse_value(f"{param}.{name}", "a list of ids is wanted")
    return ids
