"""Looks whether every value holds the type that the user names for its column."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from ops.errors import Refused
from ops.migrate.columns import is_ruled
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.rejects.model import key_names, shown, shown_key
from ops.migrate.rejects.values import misfits
from ops.settings import Target

_HOLD_ALL = ("text", "bytea")


def checked(connection: sqlite3.Connection, table: TablePlan, target: Target) -> TablePlan:
    """`table`, with a misfit where a value does not hold its column's named type. Raises Refused when no row
    may be set aside for it: the type would have to be another than the user says."""
    return replace(table, columns=tuple(_column(connection, table, c, target) for c in table.columns))


def _column(
    connection: sqlite3.Connection, table: TablePlan, column: ColumnPlan, target: Target
) -> ColumnPlan:
    choice = column.choice
    if not is_ruled(table.source, column.source, target) or choice.postgres in _HOLD_ALL:
        return column
    first = next(misfits(connection, table, column), None)
    if first is None:
        return replace(column, choice=replace(choice, misfit="", problem=""))
    if target.on_misfit == "widen":
        key, reason, value = first
        at = shown_key(dict(zip(key_names(table.source), key, strict=True)))
        raise Refused(
            f"`{table.source.name}.{column.source.name}` in `{table.origin.name}` cannot become"
            f" {choice.postgres}, as `types:` says: {reason} (the row with {at} holds {shown(value)})",
            hint="correct the rows, name another type in gigops.yaml, or add --on-misfit reject",
        )
    said = choice.misfit or f"`types:` in gigops.yaml says {choice.postgres}, but not every value is one"
    return replace(column, choice=replace(choice, misfit=said, problem=choice.problem or "form"))
