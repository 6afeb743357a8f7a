"""Notes of requestIds: which requests a thread has seen, kept in its metadata."""

from typing import NamedTuple

from assistant_function.errors import InvalidRequest, Json
from assistant_function.request.call import Call
from assistant_function.request.params import MOST_PAIRS, MOST_VALUE_CHARACTERS, NOTES_KEY, RESERVED
from assistant_function.upstream import objects as upstream

MOST_PAIRS_OF_NOTES = 4  # some 28 requests: a repeat comes soon or never
MESSAGE, RUN = "m", "r"


class Note(NamedTuple):
    """One request: the last message before it, and its result's id; empty where there is none (yet)."""

    digest: str
    kind: str
    before: str = ""
    done: str = ""


class Ledger:
    """The notes of one thread, oldest first. They live in its metadata, so that every process sees them."""

    def __init__(self, call: Call, thread_id: str) -> None:
        self._threads, self.thread_id = call.beta.threads, thread_id
        self.read()

    def read(self) -> None:
        thread = upstream.plain(self._threads.retrieve(self.thread_id), "thread")
        self._callers, notes = split(thread.get("metadata") or {})
        told = [text.split("/") for key in sorted(notes) for text in notes[key].split()]
        self.notes = [Note(*parts) for parts in told if len(parts) == len(Note._fields)]
        self._free_pairs = MOST_PAIRS - len(self._callers) - bool(thread.get("tool_resources"))

    def find(self, wanted: Note) -> Note | None:
        return next((note for note in self.notes if note[:2] == wanted[:2]), None)

    def write(self, note: Note) -> None:
        """The note goes to the end, in place of an earlier one of the same request."""
        self.notes = [*(one for one in self.notes if one[:2] != note[:2]), note]
        self._threads.update(self.thread_id, metadata=self._callers | self._packed())

    def _packed(self) -> dict[str, str]:
        """As many of the newest notes as fit into the pairs that the caller's metadata leaves."""
        pairs = min(MOST_PAIRS_OF_NOTES, self._free_pairs)
        if pairs < 1:
            raise InvalidRequest(
                f"requestId needs a free pair in the thread's metadata, which holds {MOST_PAIRS}"
                " (tool resources take one too)"
            )
        values = [""]
        for note in reversed(self.notes):
            text = "/".join(note)
            if values[0] and len(values[0]) + len(text) + 1 > MOST_VALUE_CHARACTERS:
                values.insert(0, "")
            values[0] = f"{text} {values[0]}".strip()
        return {f"{RESERVED}{place}": value for place, value in enumerate(values[-pairs:])}


def split(metadata: Json) -> tuple[dict[str, str], dict[str, str]]:
    """A thread's metadata -> (the caller's pairs, the pairs that hold notes)."""
    notes = {key: value for key, value in metadata.items() if NOTES_KEY.fullmatch(key)}
    return {key: value for key, value in metadata.items() if key not in notes}, notes
