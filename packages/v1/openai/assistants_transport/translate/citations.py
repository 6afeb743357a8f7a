"""The annotations of a text, as v2 had them: a marker stands in the text wherever a file is cited."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

from assistants_transport.v2_errors import Json

if TYPE_CHECKING:
    from assistants_transport import v2_objects as v2

MARKER = "【{part}:{number}†source】"
_WRITTEN_MARKER = re.compile(r"【(\d{1,9})[:†]")
# What the annotations of a text repeat of it is bounded, all together: the last are told to cover nothing.
MAX_REPEATED_CHARACTERS, MAX_OVERLAP = 10_000, 2  # and so many times the text
CITED_FIELDS = ("file_id", "filename", "container_id")  # a file of a container is fetched from there


def first_free_part(texts: Iterable[str]) -> int:
    """The lowest number above those of the markers that the model itself wrote into the texts."""
    written = (int(found[1]) for text in texts for found in _WRITTEN_MARKER.finditer(text))
    return max(written, default=-1) + 1


def cite(value: str, annotations: list[Json], part: int) -> "v2.Text":
    """The text with a marker for each citation that covers no text, and all annotations at their new places.

    `part` makes the markers of this text others than those of the message's other texts."""
    wanted = sorted(
        (index, place)
        for place, annotation in enumerate(annotations)
        if (index := _find_marker_index(annotation, len(value))) is not None
    )
    # added[n]: the characters of the first n markers; spans: where each annotation stands in the new text
    pieces, added, spans, done = [], [0], {}, 0
    for number, (index, place) in enumerate(wanted):
        marker = MARKER.format(part=part, number=number)
        pieces += [value[done:index], marker]
        spans[place] = (index + added[-1], index + added[-1] + len(marker))
        added.append(added[-1] + len(marker))
        done = index
    text = "".join([*pieces, value[done:]])
    indexes = [index for index, _ in wanted]
    room = MAX_REPEATED_CHARACTERS + MAX_OVERLAP * len(text)
    for place, annotation in enumerate(annotations):
        if place not in spans:  # a marker at its start stands before the range, one at its end behind it
            start, end = _read_range(annotation, len(value))
            start, end = start + added[bisect_right(indexes, start)], end + added[bisect_left(indexes, end)]
            room -= max(0, end - start)
            spans[place] = (start, end if room >= 0 else start)
    shown = [_v2_annotation(one, text, *spans[place]) for place, one in enumerate(annotations)]
    return {"value": text, "annotations": shown}


def _find_marker_index(annotation: Json, length: int) -> int | None:
    """Where the citation's marker belongs; None for one that covers a piece of the text, as links do."""
    kind = annotation["type"]
    if kind in ("file_citation", "file_path"):
        return _clamp(annotation.get("index"), length)
    start, end = _read_range(annotation, length)
    return start if kind == "container_file_citation" and start == end else None


def _read_range(annotation: Json, length: int) -> tuple[int, int]:
    start = _clamp(annotation.get("start_index"), length)
    return start, max(start, _clamp(annotation.get("end_index"), length))


def _clamp(index: object, length: int) -> int:
    """The index as a place in the text; its end for one that is missing or lies behind it."""
    return max(0, min(index, length)) if isinstance(index, int) else length


def _v2_annotation(annotation: Json, text: str, start: int, end: int) -> "v2.Annotation":
    """Its `text` is never empty: callers replace it in the value."""
    kind = annotation["type"]
    details = {k: v for k, v in annotation.items() if k not in ("type", "start_index", "end_index")}
    covered = text[start:end] or details.get("url") or kind
    place: v2.AnnotationPlace = {"text": covered, "start_index": start, "end_index": max(start, end)}
    cited = {name: annotation[name] for name in CITED_FIELDS if name in annotation}
    if kind == "file_citation":
        return {"type": "file_citation", **place, "file_citation": cited}
    if kind in ("file_path", "container_file_citation"):
        return {"type": "file_path", **place, "file_path": cited}
    return {"type": kind, **place, kind: details}
