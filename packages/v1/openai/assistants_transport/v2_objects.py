"""The Assistants v2 objects as the transport answers them.

Import this file under TYPE_CHECKING only: it exists for mypy and must not cost time at a cold start.
"""

from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

# ---------------------------------------------------------------- what assistants and runs are made of


class V2Function(TypedDict):
    name: str
    description: NotRequired[str]
    parameters: dict[str, Any] | None
    strict: bool


class V2FunctionTool(TypedDict):
    type: Literal["function"]
    function: V2Function


class V2RankingOptions(TypedDict):
    ranker: NotRequired[Literal["auto"]]
    score_threshold: float


class V2FileSearchOptions(TypedDict):
    max_num_results: NotRequired[int]
    ranking_options: NotRequired[V2RankingOptions]


class V2FileSearchTool(TypedDict):
    type: Literal["file_search"]
    file_search: NotRequired[V2FileSearchOptions]


# web_search and other tools that v2 never had are shown in the shape that today's OpenAI gives them
V2Tool = V2FunctionTool | V2FileSearchTool | dict[str, Any]


class V2VectorStores(TypedDict):
    vector_store_ids: list[str]


class V2ToolResources(TypedDict):
    file_search: V2VectorStores


class V2JsonObjectFormat(TypedDict):
    type: Literal["json_object"]


class V2JsonSchemaFormat(TypedDict):
    type: Literal["json_schema"]
    json_schema: dict[str, Any]  # name and schema, often strict and description


V2ResponseFormat = Literal["auto"] | V2JsonObjectFormat | V2JsonSchemaFormat


# ---------------------------------------------------------------- assistants and threads


class V2CarriedFields(TypedDict):
    """The assistant's fields that the table in translate/agent.py carries without translating them."""

    model: str
    instructions: str | None
    temperature: float | None
    top_p: float | None
    name: str | None
    description: str | None


class V2Assistant(V2CarriedFields):
    id: str
    object: Literal["assistant"]
    created_at: int
    tools: list[V2Tool]
    tool_resources: V2ToolResources | None
    metadata: dict[str, str]
    response_format: V2ResponseFormat
    reasoning_effort: str | None


class V2Thread(TypedDict):
    id: str
    object: Literal["thread"]
    created_at: int
    metadata: dict[str, str]
    tool_resources: V2ToolResources | None


# ---------------------------------------------------------------- messages


class V2AnnotationPlace(TypedDict):
    text: str
    start_index: int | None
    end_index: int | None


class V2FileCitation(V2AnnotationPlace):
    type: Literal["file_citation"]
    file_citation: dict[str, str]  # file_id, and filename or container_id where OpenAI tells them


class V2FileId(TypedDict):
    file_id: str


class V2FilePath(V2AnnotationPlace):
    type: Literal["file_path"]
    file_path: V2FileId


V2Annotation = V2FileCitation | V2FilePath | dict[str, Any]  # v2 had no url_citation


class V2Text(TypedDict):
    value: str
    annotations: list[V2Annotation]


class V2TextBlock(TypedDict):
    type: Literal["text"]
    text: V2Text


class V2RefusalBlock(TypedDict):
    type: Literal["refusal"]
    refusal: str


class V2ImageFile(TypedDict):
    file_id: str
    detail: str


class V2ImageFileBlock(TypedDict):
    type: Literal["image_file"]
    image_file: V2ImageFile


class V2ImageUrl(TypedDict):
    url: str
    detail: str


class V2ImageUrlBlock(TypedDict):
    type: Literal["image_url"]
    image_url: V2ImageUrl


V2ContentBlock = V2TextBlock | V2RefusalBlock | V2ImageFileBlock | V2ImageUrlBlock


class V2Attachment(TypedDict):
    file_id: str
    tools: list[V2Tool]


class V2Message(TypedDict):
    id: str
    object: Literal["thread.message"]
    created_at: int
    thread_id: str
    run_id: str | None
    assistant_id: str | None
    role: Literal["user", "assistant"]
    content: list[V2ContentBlock]
    attachments: list[V2Attachment]
    metadata: dict[str, str]
    status: Literal["in_progress", "incomplete", "completed"]
    completed_at: int | None
    incomplete_at: int | None
    incomplete_details: dict[str, str] | None


# ---------------------------------------------------------------- runs


class V2CalledFunction(TypedDict):
    name: str
    arguments: str


class V2ToolCall(TypedDict):
    id: str
    type: Literal["function"]
    function: V2CalledFunction


class V2ToolCalls(TypedDict):
    tool_calls: list[V2ToolCall]


class V2RequiredAction(TypedDict):
    type: Literal["submit_tool_outputs"]
    submit_tool_outputs: V2ToolCalls


class V2LastError(TypedDict):
    code: str  # server_error, rate_limit_exceeded or invalid_prompt
    message: str


class V2IncompleteDetails(TypedDict):
    reason: str | None


class V2Usage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class V2TruncationStrategy(TypedDict):
    type: Literal["auto"]
    last_messages: None


class V2FunctionName(TypedDict):
    name: str | None


class V2FunctionChoice(TypedDict):
    type: Literal["function"]
    function: V2FunctionName


class V2FileSearchChoice(TypedDict):
    type: Literal["file_search"]


V2ToolChoice = Literal["none", "auto", "required"] | V2FunctionChoice | V2FileSearchChoice


class V2Run(TypedDict):
    id: str
    object: Literal["thread.run"]
    created_at: int
    thread_id: str
    assistant_id: str
    status: str  # one of v2's, or a new one of OpenAI's as it is
    required_action: V2RequiredAction | None
    last_error: V2LastError | None
    expires_at: int | None
    started_at: int | None
    cancelled_at: int | None
    failed_at: int | None
    completed_at: int | None
    incomplete_details: V2IncompleteDetails | None
    model: str
    instructions: str
    tools: list[V2Tool]
    metadata: dict[str, str]
    usage: V2Usage | None
    temperature: float | None
    top_p: float | None
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    truncation_strategy: V2TruncationStrategy
    response_format: V2ResponseFormat
    tool_choice: V2ToolChoice
    parallel_tool_calls: bool


# ---------------------------------------------------------------- lists, deletions, errors

Listed = TypeVar("Listed", V2Assistant, V2Message)


class V2List(TypedDict, Generic[Listed]):
    object: Literal["list"]
    data: list[Listed]
    first_id: str | None
    last_id: str | None
    has_more: bool


class V2Deleted(TypedDict):
    id: str
    object: Literal["assistant.deleted", "thread.deleted", "thread.message.deleted"]
    deleted: bool


class V2ErrorDetails(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


class V2ErrorBody(TypedDict):
    error: V2ErrorDetails
