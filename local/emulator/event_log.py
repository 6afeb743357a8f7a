"""What streamed responses told: kept in the database, so that a stream can be taken up again."""

import asyncio
import json
from collections.abc import AsyncIterator

from local.emulator.database import Database, Json

INSERT = """
    INSERT INTO events (response_id, number, body)
    SELECT ?1, COALESCE(MAX(number) + 1, 0), ?2 FROM events WHERE response_id = ?1
"""
AFTER = "SELECT number, body FROM events WHERE response_id = ? AND number > ? ORDER BY number"
LAST = """
    SELECT number, json_extract(body, '$.type') FROM events WHERE response_id = ? ORDER BY number DESC LIMIT 1
"""
DELETE = "DELETE FROM events WHERE response_id = ?"
LAST_EVENTS = ("response.completed", "response.failed", "response.incomplete")


class BrokenOffError(Exception):
    """The stream ends in the middle, because the server does or because a test wants it."""


class EventLog:
    """The events of each response that was created with `stream: true`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.news: dict[str, asyncio.Event] = {}
        self.is_closed = False

    def append(self, response_id: str, event: Json) -> None:
        """Keep one more event, and tell those who read along."""
        self.database.execute(INSERT, response_id, json.dumps(event))
        if news := self.news.pop(response_id, None):
            news.set()

    def close(self) -> None:
        """Break all streams off."""
        self.is_closed = True
        for news in self.news.values():
            news.set()

    def has(self, response_id: str) -> bool:
        """Whether the response is streamed."""
        return self.database.row(LAST, response_id) is not None

    def delete(self, response_id: str) -> None:
        """Forget the events of a response."""
        self.database.execute(DELETE, response_id)
        if news := self.news.pop(response_id, None):
            news.set()

    async def read(self, response_id: str, after: int) -> AsyncIterator[Json]:
        """The events behind this number, those to come too, up to the response's last."""
        while True:
            news = self.news.setdefault(response_id, asyncio.Event())
            for number, body in self.database.rows(AFTER, response_id, after):
                event: Json = {**json.loads(body), "sequence_number": number}
                yield event
                after = number
            last = self.database.row(LAST, response_id)
            if self.is_closed or last is None:  # the response was deleted
                raise BrokenOffError
            number, kind = last
            if number <= after and kind in LAST_EVENTS:
                self.news.pop(response_id, None)
                return
            if number <= after:
                await news.wait()
