"""The SQLite database. All calls come from the server's event loop, so one connection is enough."""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Json = dict[str, Any]
SCHEMA = Path(__file__).with_name("schema.sql")
BUSY_TIMEOUT_SECONDS = 5.0


def new_id(prefix: str) -> str:
    """A fresh id, e.g. `conv_` and 48 hex digits."""
    return f"{prefix}_{secrets.token_hex(24)}"


@dataclass(frozen=True)
class PageRequest:
    """Which part of a list: `limit` objects, `after` (an id) in the direction of `order`."""

    limit: int = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None


@dataclass(frozen=True)
class Page:
    """Objects as the API shows them, and whether more follow."""

    data: list[Json]
    has_more: bool


class UnknownCursorError(LookupError):
    """The id given as `after` is not in the list."""


class Database:
    """SQLite at `path` (`:memory:` for one that ends with the process)."""

    def __init__(self, path: str) -> None:
        # The server's thread is not the one that opens it; autocommit (isolation_level None) leaves
        # transactions to `transaction` below.
        self.connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        # WAL with synchronous=NORMAL: what is committed survives kill -9 of the process.
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.executescript(SCHEMA.read_text(encoding="utf-8"))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: committed at the end, rolled back when anything is raised."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def execute(self, sql: str, *values: object) -> int:
        """Run one statement; the number of rows that it changed."""
        return self.connection.execute(sql, values).rowcount

    def row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        """The first row, or None."""
        found: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
        return found

    def number(self, sql: str, *values: object) -> int | None:
        """The first value of the first row, or None."""
        found = self.row(sql, *values)
        return None if found is None else int(found[0])

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.connection.execute(sql, values).fetchall()

    def page(self, sql: str, request: PageRequest, start: int | None, **values: object) -> Page:
        """One page of bodies.

        `sql` selects `body` with the named values `:direction` (1 or -1), `:start` and `:limit`;
        `start` is the seq of the object named by `request.after`.
        """
        if request.after is not None and start is None:
            raise UnknownCursorError(request.after)
        direction = 1 if request.order == "asc" else -1
        before_first = -(2**62)
        named = {
            **values,
            "direction": direction,
            "start": before_first if start is None else start * direction,
            "limit": request.limit + 1,
        }
        found = [json.loads(body) for (body,) in self.connection.execute(sql, named)]
        return Page(found[: request.limit], has_more=len(found) > request.limit)
