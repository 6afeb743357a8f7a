"""OpenAI's objects -> the shapes that callers get."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from assistant_function import json_text as strict_json
from assistant_function.errors import NOT_UNDERSTOOD, Json, Nonsense
from assistant_function.request.params import NOTES_KEY
from assistant_function.upstream.objects import MOST_DEPTH

CITATION_MARKER = re.compile(r"【\d+(?::\d+)?†[^】\n]{0,200}】")
BETWEEN_PARTS = "\n\n"
P = ParamSpec("P")


def understood(shape: Callable[P, Json]) -> Callable[P, Json]:
    """The shape, or Nonsense where what the server sent has not the parts that it is made of."""

    @wraps(shape)
    def made(*args: P.args, **kwargs: P.kwargs) -> Json:
        try:
            return shape(*args, **kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise Nonsense(NOT_UNDERSTOOD) from problem

    return made


def listed(name: str, id_name: str, objects: list[Json], has_more: bool) -> Json:
    return {
        name: objects,
        "hasMore": has_more,
        "firstId": objects[0][id_name] if objects else None,
        "lastId": objects[-1][id_name] if objects else None,
    }


@understood
def assistant(v2: Json) -> Json:
    return {
        "assistantId": v2["id"],
        "name": v2.get("name"),
        "description": v2.get("description"),
        "instructions": v2.get("instructions"),
        "model": v2.get("model"),
        "tools": v2.get("tools") or [],
        "metadata": _object(v2.get("metadata")) or {},
        "temperature": v2.get("temperature"),
        "topP": v2.get("top_p"),
        "createdAt": v2.get("created_at") or None,
        **_tool_resources(v2),
    }


@understood
def thread(v2: Json) -> Json:
    return {
        "threadId": v2["id"],
        "metadata": {
            k: v for k, v in (_object(v2.get("metadata")) or {}).items() if not NOTES_KEY.fullmatch(k)
        },
        "createdAt": v2.get("created_at") or None,
        **_tool_resources(v2),
    }


def _tool_resources(v2: Json) -> Json:
    """Only where there are any, for the shapes of callers that know of none."""
    resources = _object(v2.get("tool_resources"))
    return {"toolResources": resources} if resources else {}


@understood
def message(v2: Json) -> Json:
    """`content` is the text, parts joined by a blank line, without citation markers: those stay in
    `annotations`, whose startIndex and endIndex count in `content`. createdAt 0 means not told."""
    content, annotations = _content(v2.get("content") or [], cited=v2.get("role") == "assistant")
    return {
        "messageId": v2["id"],
        "threadId": v2.get("thread_id"),
        "role": v2.get("role"),
        "content": content,
        "annotations": annotations,
        "attachments": [*map(_attachment, v2.get("attachments") or []), *_images(v2.get("content") or [])],
        "runId": v2.get("run_id"),
        "assistantId": v2.get("assistant_id"),
        "createdAt": v2.get("created_at") or None,
    }


@understood
def run(v2: Json, messages: list[Json]) -> Json:
    """`response` is the text of all messages that the run wrote, null until it has ended. `parsed`, where
    JSON was asked for, is its value: null where the text is no JSON."""
    written = [one["content"] for one in messages if one["content"]]
    response = BETWEEN_PARTS.join(written) if v2.get("status") in ("completed", "incomplete") else None
    return {
        "runId": v2["id"],
        "threadId": v2.get("thread_id"),
        "assistantId": v2.get("assistant_id"),
        "status": v2.get("status"),
        "response": response,
        "messages": messages,
        "usage": _usage(v2.get("usage")),
        "toolCalls": _tool_calls(v2.get("required_action")),
        "lastError": _object(v2.get("last_error")),
        "incompleteReason": (v2.get("incomplete_details") or {}).get("reason"),
        "createdAt": v2.get("created_at") or None,
    } | ({"parsed": _parsed(response)} if _wants_json(v2.get("response_format")) else {})


def _wants_json(response_format: Any) -> bool:
    return isinstance(response_format, dict) and response_format.get("type") in ("json_object", "json_schema")


def _parsed(text: str | None) -> Any:
    try:
        found = strict_json.loads(text or "")
    except ValueError:
        return None
    return None if strict_json.is_deep(found, MOST_DEPTH) else found


def _content(parts: list[Json], cited: bool) -> tuple[str, list[Json]]:
    texts: list[str] = []
    annotations: list[Json] = []
    for part in parts:
        text, found = _part(part, cited)
        start = sum(map(len, texts)) + len(BETWEEN_PARTS) * len(texts)
        annotations += [_moved(annotation, start) for annotation in found]
        texts += [text] if text is not None else []
    return BETWEEN_PARTS.join(texts), annotations


def _part(part: Json, cited: bool) -> tuple[str | None, list[Json]]:
    """One content part -> (its text, its annotations); an image has no text."""
    if part.get("type") == "refusal":
        return part.get("refusal"), []
    if part.get("type") != "text":
        return None, []
    text = part.get("text") or {}
    value, annotations = text.get("value") or "", [_annotation(one) for one in text.get("annotations") or []]
    return _without_markers(value, annotations) if cited else (value, annotations)


def _without_markers(value: str, annotations: list[Json]) -> tuple[str, list[Json]]:
    """Takes the markers out and moves the annotations to where they now belong; a marker that no annotation
    tells of becomes one."""
    known = {one["text"] for one in annotations}
    markers = list(CITATION_MARKER.finditer(value))
    annotations += [
        _annotation(
            {"type": "file_citation", "text": m.group(), "start_index": m.start(), "end_index": m.end()}
        )
        for m in markers
        if m.group() not in known
    ]

    def moved(index: int | None) -> int | None:
        return (
            index if index is None else index - sum(max(0, min(m.end(), index) - m.start()) for m in markers)
        )

    placed = [
        one | {"startIndex": moved(one["startIndex"]), "endIndex": moved(one["endIndex"])}
        for one in annotations
    ]
    return CITATION_MARKER.sub("", value), placed


def _annotation(v2: Json) -> Json:
    """`{type, text, startIndex, endIndex, fileId, filename, url, title}`; what is not told is null."""
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


def _moved(annotation: Json, by: int) -> Json:
    places = {name: annotation[name] for name in ("startIndex", "endIndex")}
    return annotation | {name: None if place is None else place + by for name, place in places.items()}


def _attachment(v2: Json) -> Json:
    return {"fileId": v2.get("file_id"), "tools": [tool.get("type") for tool in v2.get("tools") or []]}


def _images(parts: list[Json]) -> list[Json]:
    """Images have no place in the text: they are listed with the attachments."""
    return [
        {
            "fileId": (part.get("image_file") or {}).get("file_id"),
            "url": (part.get("image_url") or {}).get("url"),
        }
        for part in parts
        if part.get("type") in ("image_file", "image_url")
    ]


def _tool_calls(required_action: Json | None) -> list[Json]:
    calls = ((required_action or {}).get("submit_tool_outputs") or {}).get("tool_calls") or []
    return [
        {"id": call["id"], "name": call["function"]["name"], "arguments": call["function"]["arguments"]}
        for call in calls
    ]


def _object(value: Any) -> Json | None:
    if not isinstance(value, dict | None):
        raise TypeError("no object")
    return value


def _usage(v2: Json | None) -> Json | None:
    return v2 and {
        "promptTokens": v2.get("prompt_tokens"),
        "completionTokens": v2.get("completion_tokens"),
        "totalTokens": v2.get("total_tokens"),
    }
