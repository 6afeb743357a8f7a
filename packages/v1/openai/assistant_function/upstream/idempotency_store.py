"""Records of requestIds: which requests a thread has seen, kept in the thread's metadata."""

from typing import NamedTuple

from assistant_function.call import ActionCall
from assistant_function.errors import InvalidRequest
from assistant_function.hidden_metadata import HIDDEN_PREFIX, split_hidden
from assistant_function.request.readers import MAX_PAIRS, MAX_VALUE_CHARACTERS
from assistant_function.upstream.objects import parse_thread

MAX_RECORD_PAIRS = 4  # some 28 requests: a repeat comes soon or never
MESSAGE, RUN = "m", "r"


class Record(NamedTuple):
    """One request: the id of the last message before it, and of its result; empty where there is none."""

    digest: str
    kind: str
    before: str = ""
    result_id: str = ""


class IdempotencyStore:
    """The records of one thread, oldest first, in its metadata, so that every process sees them."""

    def __init__(self, call: ActionCall, thread_id: str) -> None:
        self._threads, self.thread_id = call.beta.threads, thread_id
        self.load()

    def load(self) -> None:
        thread = parse_thread(self._threads.retrieve(self.thread_id))
        self._callers_pairs, pairs = split_hidden(thread.get("metadata") or {})
        texts = [text.split("/") for key in sorted(pairs) for text in pairs[key].split()]
        self.records = [Record(*parts) for parts in texts if len(parts) == len(Record._fields)]
        self._free_pairs = MAX_PAIRS - len(self._callers_pairs) - bool(thread.get("tool_resources"))

    def find(self, wanted: Record) -> Record | None:
        """The record of the same request, whatever is known of its result."""
        return next((record for record in self.records if record[:2] == wanted[:2]), None)

    def save(self, record: Record) -> None:
        """Puts the record at the end, in place of an earlier one of the same request."""
        self.records = [*(one for one in self.records if one[:2] != record[:2]), record]
        self._threads.update(self.thread_id, metadata=self._callers_pairs | self._pack())

    def _pack(self) -> dict[str, str]:
        """As many of the newest records as fit into the pairs that the caller's metadata leaves free."""
        pairs = min(MAX_RECORD_PAIRS, self._free_pairs)
        if pairs < 1:
            raise InvalidRequest(
                f"requestId needs a free pair in the thread's metadata, which holds {MAX_PAIRS}"
                " (tool resources take one too)"
            )
        values = [""]
        for record in reversed(self.records):
            text = "/".join(record)
            if values[0] and len(values[0]) + len(text) + 1 > MAX_VALUE_CHARACTERS:
                values.insert(0, "")
            values[0] = f"{text} {values[0]}".strip()
        return {f"{HIDDEN_PREFIX}{place}": value for place, value in enumerate(values[-pairs:])}
