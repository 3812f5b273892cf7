"""Rows that SQLite tells apart and PostgreSQL does not: two spellings of one UUID, of one moment, of true."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal

from ops.migrate.careful import Misfit, Value, convert_value
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.rejects.book import Page, exact, exactly
from ops.migrate.rejects.model import Problem, key_columns
from ops.migrate.sqlitefile import quoted

_EXACT = Context(prec=2_000)
_AS_STORED = {
    "int": {"integer"}, "real": {"integer", "real"}, "decimal": {"integer", "real"}, "text": {"text"},
    "bytes": {"blob"}, "bool": {"integer", "real"}, "timestamp": {"integer"}, "timestamptz": {"integer"},
}  # fmt: skip
_NOT_COMPARED = ("json", "jsonb")


def reject_twins(connection: sqlite3.Connection, page: Page) -> None:
    """Of rows that would meet in a primary key or UNIQUE, the first by its key is carried."""
    for columns in _keys(page.table):
        unlike = [column for column in columns if not _as_stored(connection, page.table, column)]
        if not unlike:
            continue
        connection.create_function("gigops_made", 2 * len(columns), _maker(page.table, columns))
        table = quoted(page.table.source.name)
        names = [quoted(column.source.name) for column in columns]
        words = ", ".join(key_columns(page.table.source)) or "0"
        made = f"gigops_made({', '.join(map(exactly, names))})"
        there = " AND ".join(f"{name} IS NOT NULL" for name in names)
        rows = (
            f"(SELECT {words}, row_number() OVER (PARTITION BY {made} ORDER BY {words}) AS gigops_nth"
            f" FROM {table} WHERE {there} AND NOT {page.holds(table)} AND {made} IS NOT NULL)"
            " WHERE gigops_nth > 1"
        )
        types = ", ".join(column.choice.postgres for column in unlike)
        reason = f"the same {types} as an earlier row, where each may stand once"
        page.add_from(rows, Problem(tuple(c.source.name for c in columns), reason))


def _keys(table: TablePlan) -> Iterator[Sequence[ColumnPlan]]:
    """The columns of the primary key and of each whole UNIQUE index of plain columns."""
    found = [tuple(sorted(table.source.primary_key))] if table.source.primary_key else []
    for index in table.source.indexes:
        if index.unique and index.where is None and all(part.column for part in index.parts):
            found.append(tuple(sorted(part.column or "" for part in index.parts)))
    for names in dict.fromkeys(found):
        columns = [table.column(name) for name in names]
        if not any(column.choice.carriage.kind in _NOT_COMPARED for column in columns):
            yield columns


def _as_stored(connection: sqlite3.Connection, table: TablePlan, column: ColumnPlan) -> bool:
    """Whether different values surely stay different."""
    carriage = column.choice.carriage
    if carriage.empty or carriage.nul or carriage.utf8:
        return False
    if carriage.reads <= _AS_STORED.get(carriage.kind, set()):
        return True
    uniform = _UNIFORM.get(carriage.kind)
    if not uniform or carriage.reads > {"text"}:
        return False
    c = quoted(column.source.name)
    sql = f"SELECT {uniform.format(c=c)} FROM {quoted(table.source.name)} WHERE {c} IS NOT NULL"
    return bool(connection.execute(sql).fetchone()[0])


# All texts of one shape: then each value has one spelling.
_SAME_LENGTH = "min(length({c})) = max(length({c}))"
_NO_ZONE = (
    f"{_SAME_LENGTH} AND min(substr({{c}}, 11, 1)) = max(substr({{c}}, 11, 1)) AND max(length({{c}})) <= 26"
    " AND min(substr({c}, -1) BETWEEN '0' AND '9') = 1 AND max(instr(substr({c}, 11), '+')) = 0"
    " AND max(instr(substr({c}, 11), '-')) = 0"
)
_UNIFORM = {
    "uuid": f"{_SAME_LENGTH} AND max(length({{c}})) < 38 AND max({{c}} <> lower({{c}})) = 0",
    "date": f"{_SAME_LENGTH} AND max(length({{c}})) = 10",
    "timestamp": _NO_ZONE,
    "timestamptz": _NO_ZONE,
}


def _maker(table: TablePlan, columns: Sequence[ColumnPlan]) -> Callable[..., str | None]:
    def made(*cells: Value) -> str | None:
        values = [exact(str(k), c, table.encoding) for k, c in zip(cells[::2], cells[1::2], strict=True)]
        try:
            return "\x1f".join(
                _compared(column, convert_value(column, value))
                for column, value in zip(columns, values, strict=True)
            )
        except Misfit:
            return None

    return made


def _compared(column: ColumnPlan, value: object) -> str:
    """A text that is the same for what PostgreSQL calls equal."""
    if isinstance(value, Decimal):
        value = value.normalize(_EXACT)
    if isinstance(value, float):
        value = value + 0.0
    if isinstance(value, str) and column.choice.postgres == "citext":
        value = value.lower()
    return repr(value)
