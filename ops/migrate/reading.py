"""The SELECTs that read a SQLite table in columns of one type each, values untouched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.rejects.literals import left_out
from ops.migrate.sqlitefile import quoted

ROWID = "k"
_SENTINELS = {"integer": "0", "real": "0.0", "text": "''", "blob": "x''", "raw": "x''"}
_OF_KIND = {"int": "integer", "real": "real", "decimal": "integer", "bytes": "blob", "bool": "integer"}


@dataclass(frozen=True)
class Part:
    """One column of the result: the values of storage class `kind` of the table's column `of`. `raw` is
    a text read as its bytes."""

    of: int
    kind: str
    sql: str

    @property
    def sentinel(self) -> str:
        return _SENTINELS[self.kind]


def parts_of(table: TablePlan) -> list[Part]:
    """What to read: a part for each column, several for a column whose values are of several classes."""
    return [
        part
        for i, column in enumerate(table.columns)
        for part in _column_parts(i, column, _value(table, column), table.encoding)
    ]


def select(
    table: TablePlan,
    parts: Sequence[Part],
    *,
    where: str = "",
    order: Sequence[str] = (),
    offset: int = 0,
    rowid: bool = False,
) -> str:
    """The statement. Its first row is a sentinel, to be dropped: the driver takes the types from the
    first rows, and an all-NULL start would mislead it."""
    firsts = [f"{part.sentinel} AS p{i}" for i, part in enumerate(parts)]
    wanted = [part.sql for part in parts]
    if rowid:
        firsts.append(f"0 AS {ROWID}")
        wanted.append(str(table.source.rowid_name))
    inner = f"SELECT {', '.join(wanted)} FROM {quoted(table.source.name)}"
    out = left_out(table.source, table.rejects, table.encoding)
    conditions = [where] * bool(where) + [f"NOT {out}"] * bool(out)
    inner += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    inner += f" ORDER BY {', '.join(order)}" if order else ""
    # LIMIT keeps SQLite from dropping the ORDER BY of a subquery.
    return f"SELECT {', '.join(firsts)} UNION ALL SELECT * FROM ({inner} LIMIT -1 OFFSET {offset})"


def in_key_order(table: TablePlan, columns: Sequence[ColumnPlan]) -> list[str]:
    return [f"{_value(table, column)} COLLATE BINARY NULLS LAST" for column in columns]


def _value(table: TablePlan, column: ColumnPlan) -> str:
    """The column, NULL where its row has lost its parent and the user wants that."""
    name, lost = quoted(column.source.name), table.nulled.get(column.source.name)
    return f"CASE WHEN {lost} THEN NULL ELSE {name} END" if lost else name


def _column_parts(number: int, column: ColumnPlan, name: str, encoding: str) -> list[Part]:
    carriage = column.choice.carriage
    if carriage.kind == "real" and carriage.reads <= {"integer", "real"}:
        cast = f"CAST({name} AS REAL)" if "integer" in carriage.reads else name
        return [Part(number, "real", cast)]
    if carriage.kind == "bytes" and "text" in carriage.reads and encoding == "UTF-8":
        # Read as bytes: the text may be no valid UTF-8.
        rest = sorted(carriage.reads - {"text", "blob"})
        blob = f"CASE WHEN typeof({name}) IN ('text', 'blob') THEN CAST({name} AS BLOB) END"
        return [Part(number, "blob", blob), *(_of_class(number, name, kind) for kind in rest)]
    if carriage.utf8 in ("replace", "cp1252") and "text" in carriage.reads and encoding == "UTF-8":
        raw = f"CASE WHEN typeof({name}) = 'text' THEN CAST({name} AS BLOB) END"
        return [Part(number, "raw", raw)] + [
            _of_class(number, name, k) for k in sorted(carriage.reads - {"text"})
        ]
    kinds = sorted(carriage.reads)
    if len(kinds) <= 1:
        return [Part(number, kinds[0] if kinds else _OF_KIND.get(carriage.kind, "text"), name)]
    return [_of_class(number, name, kind) for kind in kinds]


def _of_class(number: int, name: str, kind: str) -> Part:
    return Part(number, kind, f"CASE WHEN typeof({name}) = '{kind}' THEN {name} END")
