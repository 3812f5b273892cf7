"""A row that is not carried: which it is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.migrate.careful import Value
from ops.migrate.model import Table
from ops.migrate.names import quote


@dataclass(frozen=True)
class Problem:
    """Why a row is not carried. `column` is its name in SQLite, several as `a, b`; `reason` says nothing
    of the value, so that equal reasons can be counted."""

    column: str
    reason: str


@dataclass(frozen=True)
class Reject:
    """A row that is left out. `key` is its row id, or its primary key where a table has no row ids."""

    key: tuple[Value, ...]
    problems: tuple[Problem, ...]


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
