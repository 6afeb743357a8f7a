"""Tools and what they use, between the three spellings: Assistants v2, Agents, Responses."""

import re
from collections.abc import Iterable

from assistants_transport import body_schema as fields
from assistants_transport.v2_errors import Json, refuse_field, refuse_missing, refuse_value

NO_PARAMETERS: Json = {"type": "object", "properties": {}}  # v2: leaving parameters out means an empty list
NO_DESCRIPTION = ""  # agents require one, v2 does not (an empty one being accepted is unverified)
WEB_SEARCH_FIELDS = {"type", "search_context_size", "user_location", "filters"}
FUNCTION_FIELDS: fields.Types = {"name": str, "description": str, "parameters": dict, "strict": bool}
NAME = re.compile("[A-Za-z0-9_-]{1,64}")
LOCATION_FIELDS: fields.Types = dict.fromkeys(("type", "city", "country", "region", "timezone"), str)
FILE_SEARCH_FIELDS: fields.Types = {"max_num_results": fields.NUMBER, "ranking_options": dict}
RANKING_FIELDS: fields.Types = {"ranker": str, "score_threshold": fields.NUMBER}
MOST_RESULTS = 50
WEB_SEARCH_MODES = {"live": {}, "cached": {"external_web_access": False}}
RANKER = "auto"  # v2's default_2024_08_21 is gone
NO_SCORE_THRESHOLD = 0.0  # v2 requires one to be shown


# ---------------------------------------------------------------- tools: v2 -> agent, agent -> v2


def to_agent_tools(tools: object) -> tuple[list[Json], Json]:
    """v2 tools -> (an agent's tools, what an agent cannot say: `strict` names, `file_search` options)."""
    agent_tools: list[Json] = []
    extras: Json = {}
    for place, tool in enumerate(fields.list_of_objects(tools, "tools")):
        kind, param = tool.get("type"), f"tools[{place}]"
        if kind == "function":
            agent_tools.append(_to_agent_function(tool, param))
            if agent_tools[-1].pop("strict"):
                extras.setdefault("strict", []).append(agent_tools[-1]["name"])
        elif kind == "file_search":
            extras["file_search"] = _file_search_options(tool, param)
        elif kind == "web_search":
            agent_tools.append(_to_agent_web_search(tool, param))
        else:
            refuse_field(
                f"{param}.type",
                f"there is no tool {kind!r} (function, file_search and web_search can be carried)",
            )
    return agent_tools, extras


def from_agent_tools(agent_tools: list[Json], extras: Json) -> list[Json]:
    """An agent's tools -> v2 tools; a tool that v2 does not know is shown as the agent has it."""
    strict = extras.get("strict", [])
    tools = []
    for tool in agent_tools:
        if tool["type"] == "function":
            tools.append(v2_function(tool, tool["name"] in strict))
        else:
            tools.append(_from_agent_web_search(tool) if tool["type"] == "web_search" else tool)
    if "file_search" in extras:
        tools.append(_v2_file_search(extras["file_search"]))
    return tools


def v2_function(tool: Json, strict: bool | None) -> Json:
    function = {"name": tool["name"], "parameters": tool.get("parameters"), "strict": bool(strict)}
    return {
        "type": "function",
        "function": function | ({"description": tool["description"]} if tool.get("description") else {}),
    }


def _to_agent_function(tool: Json, param: str) -> Json:
    function = tool.get("function")
    if not isinstance(function, dict) or not function.get("name"):
        refuse_missing(f"{param}.function.name")
    _only(tool, {"type", "function"}, param)
    fields.check(function, FUNCTION_FIELDS, "a function", f"{param}.function")
    if not NAME.fullmatch(function["name"]):
        refuse_value(f"{param}.function.name", "1 to 64 letters, digits, _ and - are wanted")
    return {
        "type": "function",
        "name": function["name"],
        "description": function.get("description") or NO_DESCRIPTION,
        "parameters": function.get("parameters") or NO_PARAMETERS,
        "strict": bool(function.get("strict")),
    }


def _to_agent_web_search(tool: Json, param: str) -> Json:
    _only(tool, WEB_SEARCH_FIELDS, param)
    agent_tool: Json = {"type": "web_search"}
    if "search_context_size" in tool:
        agent_tool["context_size"] = tool["search_context_size"]
    if tool.get("user_location") is not None:
        location = fields.check(
            tool["user_location"], LOCATION_FIELDS, "a location", f"{param}.user_location"
        )
        agent_tool["location"] = {k: v for k, v in location.items() if k != "type"}
    if tool.get("filters") is not None:
        filters = fields.check(tool["filters"], {"allowed_domains": list}, "a filter", f"{param}.filters")
        agent_tool["allowed_domains"] = filters.get("allowed_domains")
    return agent_tool


def _from_agent_web_search(tool: Json) -> Json:
    found: Json = {"type": "web_search"}
    if tool.get("context_size"):
        found["search_context_size"] = tool["context_size"]
    if tool.get("location"):
        found["user_location"] = {"type": "approximate", **tool["location"]}
    if tool.get("allowed_domains"):
        found["filters"] = {"allowed_domains": tool["allowed_domains"]}
    return found


def _file_search_options(tool: Json, param: str) -> Json:
    _only(tool, {"type", "file_search"}, param)
    at = f"{param}.file_search"
    options = {} if tool.get("file_search") is None else tool["file_search"]
    fields.check(options, FILE_SEARCH_FIELDS, "file_search", at)
    ranking = options.get("ranking_options") or {}
    fields.check(ranking, RANKING_FIELDS, "a ranking", f"{at}.ranking_options")
    _check_range(options.get("max_num_results"), 1, MOST_RESULTS, f"{at}.max_num_results")
    _check_range(ranking.get("score_threshold"), 0, 1, f"{at}.ranking_options.score_threshold")
    if ranking.get("ranker") not in (None, RANKER):
        refuse_field(
            f"{param}.file_search.ranking_options.ranker",
            f"there is no ranker {str(ranking['ranker'])[:40]!r} any more",
        )
    return {name: value for name, value in options.items() if value is not None}


def _check_range(value: float | None, low: int, high: int, param: str) -> None:
    """Nobody looks at these before the first run: they ride in the agent's metadata."""
    if value is not None and (isinstance(value, bool) or not low <= value <= high):
        refuse_value(param, f"a number from {low} to {high} is wanted")


def _v2_file_search(options: Json) -> Json:
    shown = _shown_file_search_options(options)
    return {"type": "file_search", **({"file_search": shown} if shown else {})}


# ---------------------------------------------------------------- tools: agent -> response, response -> v2


def to_response_tools(agent_tools: list[Json], extras: Json, vector_store_ids: list[str]) -> list[Json]:
    """The tools of one run; one that a response cannot use the way the agent does is refused by name."""
    tools: list[Json] = []
    for tool in agent_tools:
        if tool["type"] == "function":
            _require_plain(tool)
            # Responses takes a missing `strict` for true, v2 for false
            tools.append(
                {k: tool[k] for k in ("type", "name", "description", "parameters") if k in tool}
                | {"strict": tool["name"] in extras.get("strict", [])}
            )
        elif tool["type"] == "web_search":
            tools.extend(_response_web_search(tool))
        elif tool.get("enabled") is not False:
            refuse_field(
                "tools", f"the assistant has the tool {tool['type']!r}, which works in agent sessions only"
            )
    if "file_search" in extras and vector_store_ids:  # without a store v2 searched nothing, Responses refuses
        tools.append({"type": "file_search", "vector_store_ids": vector_store_ids, **extras["file_search"]})
    return tools


def from_response_tools(tools: Iterable[Json]) -> list[Json]:
    """A response's tools -> v2 tools."""
    found = []
    for tool in tools:
        if tool["type"] == "function":
            found.append(v2_function(tool, tool.get("strict")))
        elif tool["type"] == "file_search":
            found.append(_v2_file_search(tool))
        else:
            found.append(tool)
    return found


def _shown_file_search_options(tool: Json) -> Json:
    shown: Json = {"max_num_results": tool["max_num_results"]} if tool.get("max_num_results") else {}
    if ranking := tool.get("ranking_options"):
        threshold = ranking.get("score_threshold")
        shown["ranking_options"] = {
            "score_threshold": NO_SCORE_THRESHOLD if threshold is None else threshold
        } | ({"ranker": RANKER} if ranking.get("ranker") == RANKER else {})
    return shown


def _require_plain(function: Json) -> None:
    for name in ("async", "defer_loading"):
        if function.get(name):
            refuse_field(
                "tools",
                f"the function {function['name']!r} has {name}, which works in agent sessions only",
            )


def _response_web_search(tool: Json) -> list[Json]:
    mode = tool.get("mode", "live")
    if mode == "disabled":
        return []
    return [_from_agent_web_search(tool) | WEB_SEARCH_MODES.get(mode, {})]


# ---------------------------------------------------------------- tool_resources


def vector_stores(tool_resources: Json | None) -> list[str]:
    """The vector store ids of v2 tool_resources; everything else in there is refused by name."""
    if tool_resources is None:
        return []
    _only(tool_resources, {"file_search"}, "tool_resources", "only file_search is left")
    resources = {} if tool_resources.get("file_search") is None else tool_resources["file_search"]
    param = "tool_resources.file_search"
    _only(resources, {"vector_store_ids"}, param, "create the vector store first and give its id")
    stores = [] if resources.get("vector_store_ids") is None else resources["vector_store_ids"]
    if not isinstance(stores, list) or not all(isinstance(one, str) for one in stores):
        refuse_value(f"{param}.vector_store_ids", "a list of ids is wanted")
    return stores


def v2_resources(vector_store_ids: list[str]) -> Json | None:
    return {"file_search": {"vector_store_ids": vector_store_ids}} if vector_store_ids else None


def _only(given: object, known: set[str], param: str, why: str = "it is not known here") -> None:
    if not isinstance(given, dict):
        refuse_value(param, "an object is wanted")
    for name in given:
        if name not in known:
            refuse_field(f"{param}.{name}", why)
