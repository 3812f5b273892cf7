"""A row that is not carried: which it is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.migrate.careful import Value
from ops.migrate.model import Table
from ops.migrate.names import quote


@dataclass(frozen=True)
class Problem:
    """Why a row is not carried. `columns` are the names in SQLite; `reason` says nothing of the value, so
    that equal reasons can be counted."""

    columns: tuple[str, ...]
    reason: str

    @property
    def where(self) -> str:
        """The columns for people."""
        return ", ".join(self.columns)


@dataclass(frozen=True)
class Reject:
    """A row that is left out. `key` is its row id, or its primary key where a table has no row ids."""

    key: tuple[Value, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Count:
    """So many rows of `table` are not carried for this reason. A row may count for several."""

    table: str
    problem: Problem
    rows: int


@dataclass(frozen=True)
class Example:
    """One row that is not carried, for people; `value` is what stands in the problem's columns."""

    table: str
    file: str
    key: Mapping[str, Value]
    problem: Problem
    value: str

    @property
    def where(self) -> str:
        return f"{self.table}.{self.problem.where}"

    def __str__(self) -> str:
        return f"{self.where}: {self.problem.reason} (the row with {shown_key(self.key)} holds {self.value})"


@dataclass(frozen=True)
class Found:
    """All rows that are not carried: how many, how many for each reason, and the first of them."""

    rows: int = 0
    counts: tuple[Count, ...] = ()
    first: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Row:
    """A reject as a line of its file: `row` has every value by the column's name in SQLite. `carried` is
    when `gigops rejects retry` took it to PostgreSQL (`""`: not yet)."""

    key: Mapping[str, Value]
    problems: tuple[Problem, ...]
    row: Mapping[str, Value]
    carried: str = ""


def key_columns(table: Table) -> tuple[str, ...]:
    """The words, as SQL, that tell the rows of `table` from one another; `()` when nothing does."""
    if table.rowid_name:
        return (table.rowid_name,)
    return tuple(quote(name) for name in table.primary_key)


def key_names(table: Table) -> tuple[str, ...]:
    """What people call these words."""
    if table.rowid_name:
        return (table.rowid_alias or table.rowid_name,)
    return table.primary_key


def shown_key(key: Mapping[str, Value]) -> str:
    """`rowid = 4`, `k = 'a', n = 2`."""
    return ", ".join(f"{name} = {shown(value)}" for name, value in key.items())


def shown(value: Value) -> str:
    """A value as people read it in SQL, shortened."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        text = f"X'{value.hex().upper()}'"
    else:
        text = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
    text = text.replace("\0", "\\0").replace("\n", "\\n")
    return text if len(text) <= 60 else text[:57] + "..."
