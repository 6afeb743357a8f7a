"""The Assistants v2 objects as the transport answers them.

Import this file under TYPE_CHECKING only: it exists for mypy and must not cost time at a cold start.
"""

from collections.abc import Mapping
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

# ---------------------------------------------------------------- what assistants and runs are made of


class Function(TypedDict):
    name: str
    description: NotRequired[str]
    parameters: dict[str, Any] | None
    strict: bool


class FunctionTool(TypedDict):
    type: Literal["function"]
    function: Function


class RankingOptions(TypedDict):
    ranker: NotRequired[Literal["auto", "default_2024_08_21"]]
    score_threshold: float


class FileSearchOptions(TypedDict):
    max_num_results: NotRequired[int]
    ranking_options: NotRequired[RankingOptions]


class FileSearchTool(TypedDict):
    type: Literal["file_search"]
    file_search: NotRequired[FileSearchOptions]


class CodeInterpreterTool(TypedDict):
    type: Literal["code_interpreter"]


# web_search and other tools that v2 never had are shown in the shape that today's OpenAI gives them
Tool = FunctionTool | FileSearchTool | CodeInterpreterTool | dict[str, Any]


class VectorStores(TypedDict):
    vector_store_ids: list[str]


class CodeFiles(TypedDict):
    file_ids: list[str]


class ToolResources(TypedDict):
    file_search: NotRequired[VectorStores]
    code_interpreter: NotRequired[CodeFiles]


class JsonObjectFormat(TypedDict):
    type: Literal["json_object"]


class JsonSchemaFormat(TypedDict):
    type: Literal["json_schema"]
    json_schema: dict[str, Any]  # name and schema, often strict and description


ResponseFormat = Literal["auto"] | JsonObjectFormat | JsonSchemaFormat


# ---------------------------------------------------------------- assistants and threads


class CarriedFields(TypedDict):
    """The assistant's fields that the table in translate/agent.py carries without translating them."""

    model: str
    instructions: str | None
    temperature: float | None
    top_p: float | None
    description: str | None


class Assistant(CarriedFields):
    id: str
    object: Literal["assistant"]
    created_at: int
    name: str | None
    tools: list[Tool]
    tool_resources: ToolResources | None
    metadata: dict[str, str]
    response_format: ResponseFormat
    reasoning_effort: str | None


class Thread(TypedDict):
    id: str
    object: Literal["thread"]
    created_at: int
    metadata: dict[str, str]
    tool_resources: ToolResources | None


# ---------------------------------------------------------------- messages


class AnnotationPlace(TypedDict):
    text: str
    start_index: int | None
    end_index: int | None


class FileCitation(AnnotationPlace):
    type: Literal["file_citation"]
    file_citation: dict[str, str]  # file_id, and filename where OpenAI tells it


class FilePath(AnnotationPlace):
    type: Literal["file_path"]
    file_path: dict[str, str]  # file_id; and of a container's file, container_id and filename


Annotation = FileCitation | FilePath | dict[str, Any]  # v2 had no url_citation


class Text(TypedDict):
    value: str
    annotations: list[Annotation]


class TextBlock(TypedDict):
    type: Literal["text"]
    text: Text


class RefusalBlock(TypedDict):
    type: Literal["refusal"]
    refusal: str


class ImageFile(TypedDict):
    file_id: str
    detail: str


class ImageFileBlock(TypedDict):
    type: Literal["image_file"]
    image_file: ImageFile


class ImageUrl(TypedDict):
    url: str
    detail: str


class ImageUrlBlock(TypedDict):
    type: Literal["image_url"]
    image_url: ImageUrl


ContentBlock = TextBlock | RefusalBlock | ImageFileBlock | ImageUrlBlock


class Attachment(TypedDict):
    file_id: str
    tools: list[Tool]
    container_id: NotRequired[str]  # where the code interpreter made the file: it is fetched from there


class Message(TypedDict):
    id: str
    object: Literal["thread.message"]
    created_at: int
    thread_id: str
    run_id: str | None
    assistant_id: str | None
    role: Literal["user", "assistant"]
    content: list[ContentBlock]
    attachments: list[Attachment]
    metadata: dict[str, str]
    status: Literal["in_progress", "incomplete", "completed"]
    completed_at: int | None
    incomplete_at: int | None
    incomplete_details: dict[str, str] | None


# ---------------------------------------------------------------- runs


class CalledFunction(TypedDict):
    name: str
    arguments: str


class ToolCall(TypedDict):
    id: str
    type: Literal["function"]
    function: CalledFunction


class ToolCalls(TypedDict):
    tool_calls: list[ToolCall]


class RequiredAction(TypedDict):
    type: Literal["submit_tool_outputs"]
    submit_tool_outputs: ToolCalls


class LastError(TypedDict):
    code: str  # server_error, rate_limit_exceeded or invalid_prompt
    message: str


class IncompleteDetails(TypedDict):
    reason: str | None


class Usage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class TruncationStrategy(TypedDict):
    type: Literal["auto"]
    last_messages: None


class FunctionName(TypedDict):
    name: str | None


class FunctionChoice(TypedDict):
    type: Literal["function"]
    function: FunctionName


class BuiltInToolChoice(TypedDict):
    type: str  # file_search or code_interpreter


ToolChoice = Literal["none", "auto", "required"] | FunctionChoice | BuiltInToolChoice


class Run(TypedDict):
    id: str
    object: Literal["thread.run"]
    created_at: int
    thread_id: str
    assistant_id: str
    status: str  # one of v2's, or a new one of OpenAI's as it is
    required_action: RequiredAction | None
    last_error: LastError | None
    expires_at: int | None
    started_at: int | None
    cancelled_at: int | None
    failed_at: int | None
    completed_at: int | None
    incomplete_details: IncompleteDetails | None
    model: str
    instructions: str
    tools: list[Tool]
    metadata: dict[str, str]
    usage: Usage | None
    temperature: float | None
    top_p: float | None
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    truncation_strategy: TruncationStrategy
    response_format: ResponseFormat
    tool_choice: ToolChoice
    parallel_tool_calls: bool


# ---------------------------------------------------------------- run steps


class MessageId(TypedDict):
    message_id: str


class MessageCreation(TypedDict):
    type: Literal["message_creation"]
    message_creation: MessageId


class AnsweredFunction(CalledFunction):
    output: str | None


class StepFunctionCall(TypedDict):
    id: str
    type: Literal["function"]
    function: AnsweredFunction


class StepFileSearchCall(TypedDict):
    id: str
    type: Literal["file_search"]
    file_search: dict[str, Any]  # results, where they were asked for


class ExecutedCode(TypedDict):
    input: str
    outputs: list[dict[str, Any]]  # logs and images


class StepCodeCall(TypedDict):
    id: str
    type: Literal["code_interpreter"]
    code_interpreter: ExecutedCode


StepToolCall = StepFunctionCall | StepFileSearchCall | StepCodeCall


class StepToolCalls(TypedDict):
    type: Literal["tool_calls"]
    tool_calls: list[StepToolCall]


class Step(TypedDict):
    id: str
    object: Literal["thread.run.step"]
    created_at: int
    run_id: str
    thread_id: str
    assistant_id: str
    type: Literal["message_creation", "tool_calls"]
    status: Literal["in_progress", "cancelled", "failed", "completed", "expired"]
    step_details: MessageCreation | StepToolCalls
    last_error: LastError | None
    expired_at: int | None
    cancelled_at: int | None
    failed_at: int | None
    completed_at: int | None
    metadata: dict[str, str]
    usage: Usage | None


# ---------------------------------------------------------------- lists, deletions, errors

Listed = TypeVar("Listed", bound=Mapping[str, object])


class List(TypedDict, Generic[Listed]):
    object: Literal["list"]
    data: list[Listed]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Deleted(TypedDict):
    id: str
    object: Literal["assistant.deleted", "thread.deleted", "thread.message.deleted"]
    deleted: bool


class ErrorDetails(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(TypedDict):
    error: ErrorDetails
