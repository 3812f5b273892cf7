"""What both backends are to the manager: connections, and transactions on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from typing import Any, Protocol

Row = dict[str, Any]
Parameters = Sequence[Any] | Mapping[str, Any]


class Transaction(Protocol):
    """Statements that are kept together or not at all.

    Ids made by the database come back portably by `INSERT … RETURNING id` through `execute_query`
    (SQLite 3.35 and newer, and PostgreSQL).
    """

    def execute_query(self, sql: str, params: Parameters = ()) -> list[Row]:
        """The rows, each a dict by column name."""
        ...

    def execute_update(self, sql: str, params: Parameters = ()) -> int:
        """How many rows were inserted, changed or deleted."""
        ...


class OpenTransaction(Transaction, Protocol):
    """A transaction whose end is in the manager's hands; each end gives the connection back."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...


class Backend(Protocol):
    """One database, with its connections. Safe to use from many threads."""

    @property
    def dialect(self) -> str: ...

    def connection(self) -> AbstractContextManager[Any]:
        """A DB-API connection; committed at the end of the block, rolled back when it raises."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """For one statement that only reads; waits for no writer."""
        ...

    def begin(self, wait: float, *, single: bool) -> OpenTransaction | None:
        """A transaction that may write at once; None when others hold what it needs for `wait` seconds.
        `single` promises that it will be one statement."""
        ...

    @property
    def waits_for(self) -> str:
        """What `begin` waits for, in words."""
        ...

    def close(self) -> None:
        """Closes idle connections now and the others when they come back."""
        ...


def plain(params: Parameters, *, truth: tuple[Any, Any]) -> Parameters:
    """The parameters in forms that both databases store alike: dates and times as ISO text, as Python's
    sqlite3 does it, and booleans as the pair `truth` (for no and yes)."""
    if isinstance(params, Mapping):
        return {name: _plain(value, truth) for name, value in params.items()}
    return [_plain(value, truth) for value in params]


def _plain(value: Any, truth: tuple[Any, Any]) -> Any:
    if isinstance(value, bool):
        return truth[value]
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return value
