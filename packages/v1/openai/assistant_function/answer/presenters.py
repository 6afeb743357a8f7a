"""The objects of Assistants v2 -> the objects that callers get (shapes.py)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from assistant_function import json_text
from assistant_function.errors import InvalidUpstreamResponse, Json
from assistant_function.hidden_metadata import split_hidden

if TYPE_CHECKING:
    from assistant_function.answer.shapes import (
        Annotation,
        Assistant,
        Attachment,
        LastError,
        Message,
        Run,
        RunStatus,
        Thread,
        ToolCall,
        Usage,
    )
    from assistants_transport.v2_objects import V2Assistant, V2Message, V2Run, V2Thread

CITATION_MARKER = re.compile(r"【\d+(?::\d+)?†[^】\n]{0,200}】")
BETWEEN_PARTS = "\n\n"
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
def present_assistant(v2: "V2Assistant", settings: Mapping[str, str]) -> "Assistant":
    """`settings`: what is shown of its settings, by the caller's name -> v2's name."""
    shown: Json = {name: v2.get(v2_name) for name, v2_name in settings.items()}
    shown |= {"tools": v2.get("tools") or [], "metadata": _require_object(v2.get("metadata")) or {}}
    return cast(
        "Assistant",
        {"assistantId": v2["id"], **shown, "createdAt": v2.get("created_at") or None, **_resources(v2)},
    )


@refuse_malformed
def present_thread(v2: "V2Thread") -> "Thread":
    metadata, _ = split_hidden(_require_object(v2.get("metadata")) or {})
    thread: Thread = {
        "threadId": v2["id"],
        "metadata": metadata,
        "createdAt": v2.get("created_at") or None,
    }
    return cast("Thread", {**thread, **_resources(v2)})


def _resources(v2: Mapping[str, Any]) -> Json:
    """`toolResources` only where there are any, for callers that know of none."""
    resources = _require_object(v2.get("tool_resources"))
    return {"toolResources": resources} if resources else {}


@refuse_malformed
def present_message(v2: "V2Message") -> "Message":
    """`content` is the text, its parts joined by a blank line, without citation markers: these stay in
    `annotations`, whose startIndex and endIndex count in `content`. A created_at of 0 means not told."""
    parts: list[Json] = [dict(part) for part in v2.get("content") or []]
    content, annotations = _join_parts(parts, cited=v2.get("role") == "assistant")
    return {
        "messageId": v2["id"],
        "threadId": v2.get("thread_id"),
        "role": v2.get("role"),
        "content": content,
        "annotations": annotations,
        "attachments": [*map(_present_attachment, v2.get("attachments") or []), *_present_images(parts)],
        "runId": v2.get("run_id"),
        "assistantId": v2.get("assistant_id"),
        "createdAt": v2.get("created_at") or None,
    }


@refuse_malformed
def present_run(v2: "V2Run", messages: "list[Message]") -> "Run":
    """`response` is the text of all messages that the run wrote, null until it has ended. `parsed`, where
    JSON was asked for, is its value: null where the text is no JSON."""
    written = [one["content"] for one in messages if one["content"]]
    response = BETWEEN_PARTS.join(written) if v2.get("status") in ("completed", "incomplete") else None
    run: Run = {
        "runId": v2["id"],
        "threadId": v2.get("thread_id"),
        "assistantId": v2.get("assistant_id"),
        "status": cast("RunStatus", v2.get("status")),
        "response": response,
        "messages": messages,
        "usage": _present_usage(v2.get("usage")),
        "toolCalls": _present_tool_calls(v2.get("required_action")),
        "lastError": cast("LastError | None", _require_object(v2.get("last_error"))),
        "incompleteReason": _read_reason(v2.get("incomplete_details")),
        "createdAt": v2.get("created_at") or None,
    }
    if _asks_for_json(v2.get("response_format")):
        run["parsed"] = _parse_response(response)
    return run


def present_lost_run(thread_id: str, status: str, messages: "list[Message]", fields: Json) -> "Run":
    """A run of which only what it wrote is known; `fields` are those that it was started with."""
    known: Json = {"id": None, "thread_id": thread_id, "status": status, **fields}
    return present_run(cast("V2Run", known), messages)


def _asks_for_json(response_format: object) -> bool:
    return isinstance(response_format, dict) and response_format.get("type") in ("json_object", "json_schema")


def _parse_response(text: str | None) -> Any:
    try:
        found = json_text.loads(text or "")
    except ValueError:
        return None
    return None if json_text.is_too_deep(found) else found


# ---------------------------------------------------------------- the parts of a message


def _join_parts(parts: list[Json], cited: bool) -> "tuple[str, list[Annotation]]":
    """Content parts -> (their text, their annotations, placed in it); an image has no text."""
    texts: list[str] = []
    annotations: list[Annotation] = []
    start = 0
    for part in parts:
        text, found = _read_part(part, cited)
        annotations += [_move(annotation, start.__add__) for annotation in found]
        if text is not None:
            texts.append(text)
            start += len(text) + len(BETWEEN_PARTS)
    return BETWEEN_PARTS.join(texts), annotations


def _read_part(part: Json, cited: bool) -> "tuple[str | None, list[Annotation]]":
    if part.get("type") == "refusal":
        return part.get("refusal"), []
    if part.get("type") != "text":
        return None, []
    text = part.get("text") or {}
    value = text.get("value") or ""
    annotations = [_present_annotation(one) for one in text.get("annotations") or []]
    return _take_markers_out(value, annotations) if cited else (value, annotations)


def _take_markers_out(value: str, annotations: "list[Annotation]") -> "tuple[str, list[Annotation]]":
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


def _move(annotation: "Annotation", shift: Callable[[int], int]) -> "Annotation":
    """The annotation at the places that `shift` gives; a place that is not told stays so."""
    start, end = annotation["startIndex"], annotation["endIndex"]
    moved = annotation.copy()
    moved["startIndex"] = None if start is None else shift(start)
    moved["endIndex"] = None if end is None else shift(end)
    return moved


def _present_annotation(v2: Json) -> "Annotation":
    """What is not told is null."""
    cited = v2.get(v2.get("type") or "") or {}
    return {
        "type": v2.get("type"),
        "text": v2.get("text"),
        "startIndex": v2.get("start_index"),
        "endIndex": v2.get("end_index"),
        "fileId": cited.get("file_id"),
        "filename": cited.get("filename"),
        "url": cited.get("url"),
        "title": cited.get("title"),
    }


def _present_attachment(v2: Mapping[str, Any]) -> "Attachment":
    return {"fileId": v2.get("file_id"), "tools": [tool.get("type") for tool in v2.get("tools") or []]}


def _present_images(parts: list[Json]) -> "list[Attachment]":
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


def _present_tool_calls(required_action: Mapping[str, Any] | None) -> "list[ToolCall]":
    calls = ((required_action or {}).get("submit_tool_outputs") or {}).get("tool_calls") or []
    return [
        {"id": call["id"], "name": call["function"]["name"], "arguments": call["function"]["arguments"]}
        for call in calls
    ]


def _present_usage(v2: Mapping[str, Any] | None) -> "Usage | None":
    if not v2:
        return None
    return {
        "promptTokens": v2.get("prompt_tokens"),
        "completionTokens": v2.get("completion_tokens"),
        "totalTokens": v2.get("total_tokens"),
    }


def _read_reason(incomplete_details: Mapping[str, Any] | None) -> str | None:
    return (incomplete_details or {}).get("reason")


def _require_object(value: Any) -> Json | None:
    """The object, or None where there is none; TypeError for anything else."""
    if not isinstance(value, dict | None):
        raise TypeError("no object")
    return value
