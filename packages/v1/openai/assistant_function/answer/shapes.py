"""The objects that callers get, as types. openapi/schemas.py makes the description's schemas from them.

Imported for type checking and by the description alone, so that no call has to wait for it."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

UnixSeconds = Annotated[int | None, "Unix seconds; null where OpenAI does not tell."]

RunStatus = Literal[
    "queued",
    "in_progress",
    "cancelling",
    "completed",
    "requires_action",
    "incomplete",
    "failed",
    "cancelled",
    "expired",
]


class Assistant(TypedDict):
    assistantId: str
    name: str | None
    description: str | None
    instructions: str | None
    model: str | None
    tools: list["ShownTool"]
    metadata: dict[str, str]
    temperature: float | None
    topP: float | None
    createdAt: UnixSeconds
    toolResources: NotRequired[Annotated[dict[str, Any], "Where there are any."]]


class ShownTool(TypedDict):
    type: str


class Thread(TypedDict):
    threadId: str
    metadata: dict[str, str]
    createdAt: UnixSeconds
    toolResources: NotRequired[Annotated[dict[str, Any], "Where there are any."]]


class Message(TypedDict):
    messageId: str
    threadId: str
    role: Literal["user", "assistant"]
    content: str
    annotations: list["Annotation"]
    attachments: list["Attachment"]
    runId: str | None
    assistantId: str | None
    createdAt: UnixSeconds


class Annotation(TypedDict):
    type: str | None
    text: str | None
    startIndex: int | None
    endIndex: int | None
    fileId: str | None
    filename: str | None
    containerId: Annotated[str | None, "Where a file of the code interpreter is fetched from."]
    url: str | None
    title: str | None


class Attachment(TypedDict):
    fileId: str | None
    containerId: NotRequired[str]
    tools: NotRequired[list[str]]
    url: NotRequired[str | None]


class Run(TypedDict):
    runId: Annotated[str | None, "Null where a repeated requestId found it by its words."]
    threadId: str
    assistantId: str | None
    status: RunStatus
    response: Annotated[str | None, "The answer's text, null until the run has ended, and in a list."]
    partial: Annotated[
        str | None,
        "What stands of the text while the run goes on; null where there is none, or none is told.",
    ]
    messages: list[Message]
    usage: "Usage | None"
    toolCalls: list["ToolCall"]
    lastError: "LastError | None"
    incompleteReason: str | None
    createdAt: UnixSeconds
    parsed: NotRequired[
        Annotated[Any, "Where JSON was asked for: the value of `response`, null where that is no JSON."]
    ]


class Usage(TypedDict):
    promptTokens: int | None
    completionTokens: int | None
    totalTokens: int | None


class ToolCall(TypedDict):
    id: str
    name: str
    arguments: Annotated[str, "JSON text."]


class LastError(TypedDict):
    code: str
    message: str


class Page(TypedDict):
    hasMore: bool
    firstId: str | None
    lastId: str | None


class Assistants(Page):
    assistants: list[Assistant]


class Messages(Page):
    threadId: str
    messages: list[Message]


class Runs(Page):
    threadId: str
    runs: list[Run]


class DeletedMessage(TypedDict):
    threadId: str
    messageId: str
    deleted: bool


class DeletedAssistant(TypedDict):
    assistantId: str
    deleted: bool


class DeletedThread(TypedDict):
    threadId: str
    deleted: bool


class ThreadAndRun(TypedDict):
    threadId: str | None
    runId: str | None


class Description(TypedDict):
    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
