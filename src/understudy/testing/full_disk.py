"""A disk that is full when a test says so, under a store of SQLite."""

from __future__ import annotations

import sqlite3
from typing import cast

from understudy.store.home import Home

_ENDLESS = 1_000_000
"""Pages: more than any test writes."""


class FullDisk:
    """Stands between the writer's thread and its connection.

    A connection belongs to one thread: were it told of the limit by another one, the two would read each other's error
    codes, and a refused write would pass for a good one. So the writer tells it, before its next transaction.
    """

    def __init__(self, home: Home) -> None:
        self._connection = home.connection
        self._is_full = False
        home.connection = cast("sqlite3.Connection", self)

    def fill(self) -> None:
        """From the next transaction on nothing large can be written."""
        self._is_full = True

    def empty(self) -> None:
        """From the next transaction on there is space again."""
        self._is_full = False

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """As the connection does."""
        if statement.startswith("BEGIN"):
            (used,) = self._connection.execute("PRAGMA page_count").fetchone()
            self._connection.execute(f"PRAGMA max_page_count = {used if self._is_full else _ENDLESS}")
        return self._connection.execute(statement, parameters)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)
