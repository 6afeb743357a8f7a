"""What POST /responses takes; OpenAI's other fields (prompts, moderation, ...) are refused."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from local.emulator.fields import BY_TYPE, Fields, Metadata, ResolvedFields, find_type
from local.emulator.included import Includable
from local.emulator.items import Item

MAX_KEY_CHARS = 64
MAX_CONTAINER_FILES = 50
MIN_OUTPUT_TOKENS = 16  # the API description's own


class FunctionTool(ResolvedFields):
    """A function of the caller's."""

    type: Literal["function"]
    name: str = Field(pattern="^[a-zA-Z0-9_-]{1,64}$")
    parameters: dict[str, Any] | None = None
    strict: bool = True
    description: str | None = None


class FileSearchTool(ResolvedFields):
    """Search in vector stores."""

    type: Literal["file_search"]
    vector_store_ids: list[str]
    filters: dict[str, Any] | None = None
    max_num_results: int | None = Field(default=None, ge=1, le=50)
    ranking_options: dict[str, Any] | None = None


class WebSearchTool(ResolvedFields):
    """Web search."""

    type: Literal["web_search"]
    filters: dict[str, Any] | None = None
    search_context_size: Literal["low", "medium", "high"] = "medium"
    user_location: dict[str, Any] | None = None
    external_web_access: bool | None = None


class McpTool(ResolvedFields):
    """Tools of an MCP server."""

    type: Literal["mcp"]
    server_label: str
    server_url: str | None = None
    server_description: str | None = None
    connector_id: str | None = None
    headers: dict[str, str] | None = None
    authorization: str | None = None
    allowed_tools: list[str] | dict[str, Any] | None = None
    require_approval: Literal["always", "never"] | dict[str, Any] | None = None


class AutoContainer(ResolvedFields):
    """A container that OpenAI makes for the response, with these files in it."""

    type: Literal["auto"]
    file_ids: list[str] | None = Field(default=None, max_length=MAX_CONTAINER_FILES)
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None
    network_policy: dict[str, Any] | None = None


def find_kind_of_container(data: Any) -> str | None:
    """Tag of a container: one that is named by its id, or one that is described."""
    return "<id>" if isinstance(data, str) else find_type(data)


class CodeInterpreterTool(ResolvedFields):
    """A Python sandbox; only the echo pretends to use it."""

    type: Literal["code_interpreter"]
    container: Annotated[
        Annotated[str, Field(pattern="^cntr_"), Tag("<id>")] | Annotated[AutoContainer, Tag("<auto>")],
        Discriminator(find_kind_of_container),
    ]


Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[FileSearchTool, Tag("<file_search>")]
    | Annotated[WebSearchTool, Tag("<web_search>")]
    | Annotated[McpTool, Tag("<mcp>")]
    | Annotated[CodeInterpreterTool, Tag("<code_interpreter>")],
    BY_TYPE,
]


class TextFormat(ResolvedFields):
    """Ordinary text."""

    type: Literal["text"]


class JsonObjectFormat(ResolvedFields):
    """Any JSON object."""

    type: Literal["json_object"]


class JsonSchemaFormat(ResolvedFields):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    name: str = Field(max_length=64)
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class Text(ResolvedFields):
    """How text is written."""

    format: Annotated[
        Annotated[TextFormat, Tag("<text>")]
        | Annotated[JsonObjectFormat, Tag("<json_object>")]
        | Annotated[JsonSchemaFormat, Tag("<json_schema>")],
        BY_TYPE,
    ] = TextFormat(type="text")
    verbosity: Literal["low", "medium", "high"] = "medium"


class Reasoning(ResolvedFields):
    """How much the model thinks."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class StreamOptions(ResolvedFields):
    """How a stream is told."""

    include_obfuscation: bool = True


class ConversationFields(Fields):
    """The conversation of a response."""

    id: str


def id_is_enough(data: Any) -> Any:
    """`conversation` may be a bare id."""
    return {"id": data} if isinstance(data, str) else data


def text_is_one_message(data: Any) -> Any:
    """`input` may be a bare text."""
    return [{"role": "user", "content": data}] if isinstance(data, str) else data


class CreateFields(ResolvedFields):
    """Body of POST /responses."""

    model: str
    input: Annotated[list[Item], BeforeValidator(text_is_one_message)]
    background: bool = False
    conversation: Annotated[ConversationFields, BeforeValidator(id_is_enough)] | None = None
    include: list[Includable] = Field(default_factory=list)
    instructions: str | None = None
    max_output_tokens: int | None = Field(default=None, ge=MIN_OUTPUT_TOKENS)
    max_tool_calls: int | None = None
    metadata: Metadata = Field(default_factory=dict)
    parallel_tool_calls: bool = True
    previous_response_id: str | None = None
    prompt_cache_key: str | None = Field(default=None, max_length=MAX_KEY_CHARS)
    reasoning: Reasoning = Field(default_factory=Reasoning)
    safety_identifier: str | None = Field(default=None, max_length=MAX_KEY_CHARS)
    service_tier: Literal["auto", "default", "flex", "priority", "fast", "ultrafast"] = "auto"
    store: bool = True
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    text: Text = Field(default_factory=Text)
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] = "auto"
    tools: list[Tool] = Field(default_factory=list)
    top_logprobs: int = Field(default=0, ge=0, le=20)
    top_p: float | None = Field(default=None, ge=0, le=1)
    truncation: Literal["auto", "disabled"] = "disabled"
    user: str | None = None
