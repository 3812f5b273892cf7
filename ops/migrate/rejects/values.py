"""Rows whose values do not fit the column's type."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ops.migrate.careful import Misfit, Value, convert_value
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.rejects.book import Page, exact, exactly
from ops.migrate.rejects.model import Problem, key_columns
from ops.migrate.sqlitefile import quoted

_CLASS = {"integer": "a whole number", "real": "a number", "text": "a text", "blob": "bytes"}
_SURE = {"bigint": "integer", "double precision": "real"}
"""The storage class of which every value fits."""


def reject_misfits(connection: sqlite3.Connection, page: Page) -> None:
    """Looks, value by value, at the columns whose profile says that something in them does not fit."""
    for column in page.table.columns:
        if not column.choice.misfit:
            continue
        for key, reason, _ in misfits(connection, page.table, column):
            page.add(key, Problem((column.source.name,), reason))


def misfits(
    connection: sqlite3.Connection, table: TablePlan, column: ColumnPlan
) -> Iterator[tuple[tuple[Value, ...], str, Value]]:
    """(key, reason, value) of every row whose value does not fit the column's type."""
    for key, kind, value in _values(connection, table, column):
        reason = _problem(column, kind, value)
        if reason:
            yield key, reason, value


def _values(
    connection: sqlite3.Connection, table: TablePlan, column: ColumnPlan
) -> Iterator[tuple[tuple[Value, ...], str, Value]]:
    """(key, storage class, value) of every row that has one."""
    name = quoted(column.source.name)
    words = ", ".join(map(exactly, [name, *key_columns(table.source)]))
    sure = _SURE.get(column.choice.postgres)
    looked_at = f"typeof({name}) NOT IN ('null', '{sure}')" if sure else f"{name} IS NOT NULL"
    sql = f"SELECT {words} FROM {quoted(table.source.name)} WHERE {looked_at}"
    for kind, cell, *pairs in connection.execute(sql):
        key = tuple(exact(k, c, table.encoding) for k, c in zip(pairs[::2], pairs[1::2], strict=True))
        yield key, kind, exact(kind, cell, table.encoding)


def _problem(column: ColumnPlan, kind: str, value: Value) -> str:
    try:
        convert_value(column, value)
    except Misfit as misfit:
        return misfit.reason
    # What is not read would arrive as NULL.
    return "" if kind in column.choice.carriage.reads else f"{_CLASS[kind]}, in a column of other values"
