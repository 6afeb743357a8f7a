"""The objects of Assistants v2 -> the objects that callers get (shapes.py)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from assistant_function import json_text
from assistant_function.errors import InvalidUpstreamResponse, Json

if TYPE_CHECKING:
    from assistant_function.answer import shapes
    from assistants_transport import v2_objects as v2

CITATION_MARKER = re.compile(r"【\d+(?::\d+)?†[^】\n]{0,200}】")
BEGUN_MARKER = re.compile(r"【(\d+(:\d*)?(†[^】\n]{0,200})?)?$")
BETWEEN_PARTS = "\n\n"
FIRST_PLAUSIBLE_SECONDS = 1_000_000_000  # 2001; the transport tells lower numbers where it knows no time
NO_DETAILS: Json = {}
P = ParamSpec("P")
T = TypeVar("T")


def refuse_malformed(present: Callable[P, T]) -> Callable[P, T]:
    """Makes a presenter raise InvalidUpstreamResponse where the object lacks what it is made of."""

    @wraps(present)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return present(*args, **kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise InvalidUpstreamResponse from problem

    return checked


def present_page(name: str, id_name: str, objects: Iterable[Mapping[str, Any]], has_more: bool) -> Json:
    """`{<name>: [...], hasMore, firstId, lastId}`."""
    listed = list(objects)
    return {
        name: listed,
        "hasMore": has_more,
        "firstId": listed[0][id_name] if listed else None,
        "lastId": listed[-1][id_name] if listed else None,
    }


@refuse_malformed
def present_assistant(assistant: "v2.Assistant", settings: Mapping[str, str]) -> "shapes.Assistant":
    """`settings`: which of its settings are shown, by the caller's name -> v2's name."""
    shown: Json = {"assistantId": assistant["id"]}
    shown |= {name: assistant.get(v2_name) for name, v2_name in settings.items()}
    shown["tools"] = assistant.get("tools") or []
    shown["metadata"] = _require_object(assistant.get("metadata")) or {}
    shown["createdAt"] = assistant.get("created_at") or None
    return cast("shapes.Assistant", shown | _present_resources(assistant))


@refuse_malformed
def present_thread(thread: "v2.Thread") -> "shapes.Thread":
    metadata = _require_object(thread.get("metadata")) or {}
    shown: Json = {"threadId": thread["id"], "metadata": metadata}
    shown["createdAt"] = thread.get("created_at") or None
    return cast("shapes.Thread", shown | _present_resources(thread))


def _present_resources(owner: Mapping[str, Any]) -> Json:
    """`toolResources` only where there are any, for callers that know of none."""
    resources = _require_object(owner.get("tool_resources"))
    return {"toolResources": resources} if resources else {}


@refuse_malformed
def present_message(message: "v2.Message") -> "shapes.Message":
    """`content` is the text, its parts joined by a blank line, without citation markers: these stay in
    `annotations`, whose startIndex and endIndex count in `content`. A created_at of 0, or below it,
    means not told."""
    parts = _list_parts(message.get("content"))
    content, annotations = _join_parts(parts, cited=message.get("role") == "assistant")
    return {
        "messageId": message["id"],
        "threadId": message.get("thread_id"),
        "role": message.get("role"),
        "content": content,
        "annotations": annotations,
        "attachments": [*map(_present_attachment, message.get("attachments") or []), *_present_images(parts)],
        "runId": message.get("run_id"),
        "assistantId": message.get("assistant_id") or None,
        "createdAt": _read_time(message.get("created_at")),
    }


@refuse_malformed
def present_run(run: "v2.Run", messages: "list[shapes.Message]", partial: str | None = None) -> "shapes.Run":
    """`response` is the text of all messages that the run wrote, null until it has ended; `partial` what
    stands of it till then. `parsed`, where JSON was asked for, is its value: null if the text is no JSON."""
    status = cast("shapes.RunStatus", run.get("status"))
    response = _join_contents(messages) if status in ("completed", "incomplete") else None
    shown: shapes.Run = {
        "runId": run["id"],
        "threadId": run.get("thread_id"),
        "assistantId": run.get("assistant_id") or None,
        "status": status,
        "response": response,
        "partial": partial,
        "messages": messages,
        "usage": _present_usage(run.get("usage")),
        "toolCalls": _present_tool_calls(run.get("required_action")),
        "lastError": cast("shapes.LastError | None", _require_object(run.get("last_error"))),
        "incompleteReason": (run.get("incomplete_details") or NO_DETAILS).get("reason"),
        "createdAt": run.get("created_at") or None,
    }
    if _asks_for_json(run.get("response_format")):
        shown["parsed"] = _parse_response(response)
    return shown


def present_partial(messages: "list[shapes.Message]") -> str | None:
    """The text that a run has written so far, null where there is none. A citation marker that has only
    begun is left out."""
    return BEGUN_MARKER.sub("", _join_contents(messages)) or None


def present_listed_run(run: "v2.Run") -> "shapes.Run":
    """A run that comes without messages, as in a list: what it wrote is not told, get-run has it."""
    shown = present_run(run, [])
    shown["response"] = None
    return shown


def _join_contents(messages: "list[shapes.Message]") -> str:
    return BETWEEN_PARTS.join(one["content"] for one in messages if one["content"])


def _asks_for_json(response_format: object) -> bool:
    return isinstance(response_format, dict) and response_format.get("type") in ("json_object", "json_schema")


def _parse_response(text: str | None) -> Any:
    try:
        found = json_text.loads(text or "")
    except ValueError:
        return None
    return None if json_text.is_too_deep(found) else found


def _read_time(created_at: int | None) -> int | None:
    return created_at if created_at and created_at >= FIRST_PLAUSIBLE_SECONDS else None


# ---------------------------------------------------------------- the parts of a message


def _list_parts(content: object) -> list[Json]:
    """Content as v2 has it, a list of parts; some servers give one text."""
    if isinstance(content, str):
        return [{"type": "text", "text": {"value": content}}]
    return [dict(part) for part in cast("list[Json] | None", content) or []]


def _join_parts(parts: list[Json], cited: bool) -> "tuple[str, list[shapes.Annotation]]":
    """Content parts -> (their text, their annotations, placed in it); an image has no text."""
    texts: list[str] = []
    annotations: list[shapes.Annotation] = []
    start = 0
    for part in parts:
        text, found = _read_part(part, cited)
        annotations += [_move(annotation, start.__add__) for annotation in found]
        if text is not None:
            texts.append(text)
            start += len(text) + len(BETWEEN_PARTS)
    return BETWEEN_PARTS.join(texts), annotations


def _read_part(part: Json, cited: bool) -> "tuple[str | None, list[shapes.Annotation]]":
    if part.get("type") == "refusal":
        return part.get("refusal"), []
    if part.get("type") != "text":
        return None, []
    text = part.get("text") or {}
    value = text.get("value") or ""
    annotations = [_present_annotation(one) for one in text.get("annotations") or []]
    return _take_markers_out(value, annotations) if cited else (value, annotations)


def _take_markers_out(
    value: str, annotations: "list[shapes.Annotation]"
) -> "tuple[str, list[shapes.Annotation]]":
    """The text without markers, and the annotations moved to where they now belong; a marker that no
    annotation tells of becomes one."""
    known = {one["text"] for one in annotations}
    markers = list(CITATION_MARKER.finditer(value))
    annotations += [
        _present_annotation(
            {"type": "file_citation", "text": m.group(), "start_index": m.start(), "end_index": m.end()}
        )
        for m in markers
        if m.group() not in known
    ]
    starts, removed_before = [m.start() for m in markers], [0]
    for m in markers:
        removed_before.append(removed_before[-1] + len(m.group()))

    def shift(index: int) -> int:
        passed = bisect_right(starts, index)  # the markers that begin up to here
        overlap = max(0, markers[passed - 1].end() - index) if passed else 0
        return index - removed_before[passed] + overlap

    return CITATION_MARKER.sub("", value), [_move(one, shift) for one in annotations]


def _move(annotation: "shapes.Annotation", shift: Callable[[int], int]) -> "shapes.Annotation":
    """The annotation at the places that `shift` gives; a place that is not told stays so."""
    start, end = annotation["startIndex"], annotation["endIndex"]
    moved = annotation.copy()
    moved["startIndex"] = None if start is None else shift(start)
    moved["endIndex"] = None if end is None else shift(end)
    return moved


def _present_annotation(annotation: Json) -> "shapes.Annotation":
    """What is not told is null."""
    cited = annotation.get(annotation.get("type") or "") or {}
    return {
        "type": annotation.get("type"),
        "text": annotation.get("text"),
        "startIndex": annotation.get("start_index"),
        "endIndex": annotation.get("end_index"),
        "fileId": cited.get("file_id"),
        "filename": cited.get("filename"),
        "containerId": cited.get("container_id"),
        "url": cited.get("url"),
        "title": cited.get("title"),
    }


def _present_attachment(attachment: Mapping[str, Any]) -> "shapes.Attachment":
    tools = [tool.get("type") for tool in attachment.get("tools") or []]
    container = {"containerId": attachment["container_id"]} if attachment.get("container_id") else {}
    return cast("shapes.Attachment", {"fileId": attachment.get("file_id"), **container, "tools": tools})


def _present_images(parts: list[Json]) -> "list[shapes.Attachment]":
    """Images have no place in the text: they are listed with the attachments."""
    return [
        {
            "fileId": (part.get("image_file") or {}).get("file_id"),
            "url": (part.get("image_url") or {}).get("url"),
        }
        for part in parts
        if part.get("type") in ("image_file", "image_url")
    ]


# ---------------------------------------------------------------- the parts of a run


def _present_tool_calls(required_action: Mapping[str, Any] | None) -> "list[shapes.ToolCall]":
    calls = ((required_action or {}).get("submit_tool_outputs") or {}).get("tool_calls") or []
    return [
        {"id": call["id"], "name": call["function"]["name"], "arguments": call["function"]["arguments"]}
        for call in calls
    ]


def _present_usage(usage: Mapping[str, Any] | None) -> "shapes.Usage | None":
    if not usage:
        return None
    return {
        "promptTokens": usage.get("prompt_tokens"),
        "completionTokens": usage.get("completion_tokens"),
        "totalTokens": usage.get("total_tokens"),
    }


def _require_object(value: Any) -> Json | None:
    """The object, or None where there is none; TypeError for anything else."""
    if not isinstance(value, dict | None):
        raise TypeError("no object")
    return value
