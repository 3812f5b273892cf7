"""Which row it is that PostgreSQL, or a conversion, refuses while rows are copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ops.errors import Refused
from ops.migrate.compare import show
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.rejects.model import Example, Problem, key_names
from ops.migrate.rejects.values import misfits
from ops.migrate.sqlitefile import reading

_HINT = "correct the row and run it again, or give the column another type under `types:` in gigops.yaml"


def unfit(table: TablePlan, refused: Refused) -> Refused:
    """`refused` with the key of the first row that does not fit; as it is when every row does."""
    left_out = {reject.key for reject in table.rejects}
    with reading(table.path) as connection:
        for column in table.columns:
            for key, reason, value in misfits(connection, table, column):
                if key not in left_out:
                    named = dict(zip(key_names(table.source), key, strict=False))
                    problem = Problem((column.source.name,), reason)
                    found = Example(table.label, table.origin.name, named, problem, show(value))
                    return Refused(f"{found} in `{table.origin.name}`", hint=_HINT)
    return refused


def refused_row(table: TablePlan, reason: str, batch: Any, takes: Callable[[Any], bool]) -> Refused:
    """The error for a batch that PostgreSQL refuses; `takes` tries rows and keeps none of them."""
    at = _first_refused(batch, takes)
    if at is None:
        return Refused(f"PostgreSQL refuses rows of `{table.label}`: {reason}", hint=_HINT)
    row = batch.slice(at, 1)
    named = [column for column in _telling(table) if column.name in batch.schema.names][:8]
    key = ", ".join(f"{c.name} = {show(row.column(c.name)[0].as_py())}" for c in named)
    where = f"`{table.label}` in `{table.origin.name}`"
    return Refused(f"PostgreSQL refuses a row of {where}, the one with {key}: {reason}", hint=_HINT)


def _first_refused(batch: Any, takes: Callable[[Any], bool]) -> int | None:
    """Halves what is left until one row is; None when all are taken after all (nobody's row alone)."""
    low, high = 0, batch.num_rows
    if takes(batch):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if takes(batch.slice(low, middle - low)):
            low = middle
        else:
            high = middle
    return low


def _telling(table: TablePlan) -> list[ColumnPlan]:
    key = [table.column(name) for name in table.source.primary_key]
    return key or list(table.columns)
