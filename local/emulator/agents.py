"""/v1/agents: saved settings. Responses knows no agents: callers pass the settings on."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, Tag, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.emulator.api_error import ApiError, not_found
from local.emulator.database import Database, Json, new_id
from local.emulator.fields import (
    BY_TYPE,
    Metadata,
    ResolvedFields,
    check,
    parse_body,
    parse_page,
    refuse_query,
)
from local.emulator.listing import find_page, render_list

MAX_NAME_CHARS = 128
DEFAULT_SUBAGENTS = 6
INSERT = "INSERT INTO agents (id, body) VALUES (?, ?)"
ONE = "SELECT body FROM agents WHERE id = ?"
UPDATE = "UPDATE agents SET body = ? WHERE id = ?"
DELETE = "DELETE FROM agents WHERE id = ?"
SEQ = "SELECT seq FROM agents WHERE id = ?"
PAGE = """SELECT body FROM agents WHERE seq * :direction > :start ORDER BY seq * :direction LIMIT :limit"""
NOT_SETTINGS = ("id", "object", "created_at", "updated_at")


class FunctionTool(ResolvedFields):
    """A function of the caller's. `description` and `parameters` are required, `strict` is unknown."""

    type: Literal["function"]
    name: str
    description: str
    parameters: dict[str, Any]
    defer_loading: bool = False
    async_: bool = Field(default=False, alias="async")


class Location(ResolvedFields):
    """Where a search is made."""

    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class WebSearchTool(ResolvedFields):
    """Web search."""

    type: Literal["web_search"]
    allowed_domains: list[str] | None = None
    context_size: Literal["low", "medium", "high"] = "medium"
    location: Location | None = None
    mode: Literal["disabled", "cached", "live"] = "live"


class HttpTransport(ResolvedFields):
    """An MCP server reached by HTTP; servers started as a local process are not emulated."""

    type: Literal["http"]
    server_url: str
    headers: dict[str, str] = Field(default_factory=dict)


class McpTool(ResolvedFields):
    """Tools of an MCP server."""

    type: Literal["mcp"]
    server_label: str
    transport: HttpTransport
    allowed_tools: list[str] | None = None
    connection_origin: Literal["service", "environment"] = "service"
    credential_id: str | None = None
    request_metadata: dict[str, Any] = Field(default_factory=dict)
    required: bool = False


Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[WebSearchTool, Tag("<web_search>")]
    | Annotated[McpTool, Tag("<mcp>")],
    BY_TYPE,
]


class TextFormat(ResolvedFields):
    """Ordinary text."""

    type: Literal["text"]


class JsonSchemaFormat(ResolvedFields):
    """Text that fits a JSON schema. Agents know no `json_object`."""

    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class Text(ResolvedFields):
    """How text is written."""

    format: Annotated[
        Annotated[TextFormat, Tag("<text>")] | Annotated[JsonSchemaFormat, Tag("<json_schema>")], BY_TYPE
    ] = TextFormat(type="text")
    verbosity: Literal["low", "medium", "high"] = "medium"


class Reasoning(ResolvedFields):
    """How much the model thinks; null leaves it to the model."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["concise", "detailed", "auto"] | None = None


class MultiAgent(ResolvedFields):
    """Subagents."""

    enabled: bool = False
    max_concurrent_subagents: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def resolve_limit(self) -> "MultiAgent":
        """Six when enabled without a number, null when disabled."""
        limit = self.max_concurrent_subagents or DEFAULT_SUBAGENTS
        self.max_concurrent_subagents = limit if self.enabled else None
        return self


class Compaction(ResolvedFields):
    """How the context is compacted."""

    async_: bool = Field(default=False, alias="async")


class Experimental(ResolvedFields):
    """Experimental settings."""

    time_awareness: bool = False


class AgentSettings(ResolvedFields):
    """All that can be set, resolved: what is left out or null has its default."""

    model: str
    name: str | None = Field(default=None, max_length=MAX_NAME_CHARS)
    instructions: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    tools: list[Tool] = Field(default_factory=list)
    text: Text = Field(default_factory=Text)
    reasoning: Reasoning = Field(default_factory=Reasoning)
    service_tier: Literal["auto", "default", "flex", "priority", "fast", "ultrafast"] = "auto"
    multi_agent: MultiAgent = Field(default_factory=MultiAgent)
    compaction: Compaction = Field(default_factory=Compaction)
    experimental: Experimental = Field(default_factory=Experimental)


def merge_settings(settings: Json, given: Json) -> Json:
    """Settings after an update: omitted stays, given replaces, null resets, `experimental` merges by key."""
    together = {**settings, **given}
    if isinstance(given.get("experimental"), dict):
        together["experimental"] = {**settings["experimental"], **given["experimental"]}
    return together


class Agents:
    """The endpoints."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.database = database
        self.clock = clock

    def routes(self) -> list[Route]:
        """Paths and methods."""
        return [
            Route("/agents", self.create, methods=["POST"]),
            Route("/agents", self.list, methods=["GET"]),
            Route("/agents/{agent_id}", self.retrieve, methods=["GET"]),
            Route("/agents/{agent_id}", self.update, methods=["POST"]),
            Route("/agents/{agent_id}", self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> JSONResponse:
        """POST /agents."""
        require_beta(request)
        settings = check(AgentSettings, await parse_body(request)).model_dump(by_alias=True)
        now = int(self.clock())
        agent = {
            "id": new_id("agent"),
            "object": "agent",
            "created_at": now,
            "updated_at": now,
            **settings,
        }
        self.database.execute(INSERT, agent["id"], json.dumps(agent))
        return JSONResponse(agent)

    async def list(self, request: Request) -> JSONResponse:
        """GET /agents."""
        require_beta(request)
        wanted = parse_page(request)
        start = self.database.number(SEQ, wanted.after)
        return render_list(find_page(self.database, PAGE, wanted, start))

    async def retrieve(self, request: Request) -> JSONResponse:
        """GET /agents/{agent_id}."""
        require_beta(request)
        refuse_query(request)
        return JSONResponse(self._find(request))

    async def update(self, request: Request) -> JSONResponse:
        """POST /agents/{agent_id}."""
        require_beta(request)
        given = await parse_body(request)
        agent = self._find(request)
        settings = {key: value for key, value in agent.items() if key not in NOT_SETTINGS}
        resolved = check(AgentSettings, merge_settings(settings, given)).model_dump(by_alias=True)
        changed = {**agent, **resolved, "updated_at": int(self.clock())}
        self.database.execute(UPDATE, json.dumps(changed), agent["id"])
        return JSONResponse(changed)

    async def delete(self, request: Request) -> JSONResponse:
        """DELETE /agents/{agent_id}."""
        require_beta(request)
        agent = self._find(request)
        self.database.execute(DELETE, agent["id"])
        return JSONResponse({"id": agent["id"], "object": "agent.deleted", "deleted": True})

    def _find(self, request: Request) -> Json:
        agent_id = request.path_params["agent_id"]
        found = self.database.row(ONE, agent_id)
        if found is None:
            raise not_found("Agent", agent_id)
        agent: Json = json.loads(found[0])
        return agent


def require_beta(request: Request) -> None:
    """The Agents API is a beta: it asks for its header."""
    if "agents=v1" not in request.headers.get("openai-beta", ""):
        raise ApiError(
            "You must provide the 'OpenAI-Beta' header to access the Agents API. "
            "Please try again by setting the header 'OpenAI-Beta: agents=v1'.",
            code="invalid_beta",
        )
