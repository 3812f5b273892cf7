"""Profiles a file that nobody changes meanwhile (a snapshot, or frozen): column batches, parts side by side.

This is the quick way, for tables whose values are of the storage classes that their declared types promise
(https://sqlite.org/datatype3.html, 3.1). Where they are not, `profile` looks at the table with SQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa

from ops.errors import SourceError
from ops.migrate import arrow, measure
from ops.migrate.catalog import with_orphans
from ops.migrate.crew import Crew, hands
from ops.migrate.families import DATES, family_of
from ops.migrate.measure import Measured, Odd, added
from ops.migrate.model import Column, Schema, Table
from ops.migrate.profile import profile_table
from ops.migrate.seen import TableProfile
from ops.migrate.sqlitefile import check_pages, quoted, reading

ROWS_A_PART = 250_000
_ROWS_A_BATCH = 20_000
_SENTINELS = {"integer": "0", "real": "0.0", "text": "''", "blob": "x''"}
_TYPES = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string(), "blob": pa.binary()}
Wanted = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Scanned:
    """Profiles by table, and the tables with their orphans counted."""

    profiles: Mapping[str, TableProfile]
    tables: tuple[Table, ...]


def scan(schema: Schema, wanted: Wanted, *, whole: bool) -> Scanned:
    """`wanted`: by table, the forms to count (as `columns.wanted_forms` says). With `whole` the file's
    pages are checked meanwhile. Raises SourceError."""
    with reading(schema.path) as connection:
        ranges = {table.name: _range(connection, table) for table in schema.tables}
    quick = [t for t in schema.tables if schema.encoding == "UTF-8" and all(map(_plain, t.columns))]
    parts = [(table, part) for table in quick for part in _parts(table, ranges[table.name])]
    by_name = {table.name.lower(): table for table in schema.tables}
    related = [table for table in schema.tables if table.foreign_keys]
    checking: list[Callable[[None], object]] = [partial(_check, schema)] if whole else []
    tasks: list[Callable[[None], object]] = [
        *checking,
        *(partial(_scan_part, schema, table, part, wanted[table.name]) for table, part in parts),
        *(partial(_orphans, schema, table, by_name) for table in related),
    ]
    found = Crew([None] * hands()).run(tasks)[len(checking) :]
    measured: dict[str, list[object]] = {}
    for (table, _), one in zip(parts, found, strict=False):
        measured.setdefault(table.name, []).append(one)
    profiles = {}
    with reading(schema.path) as connection:
        for table in schema.tables:
            profile = _merged(table, ranges[table.name], measured.get(table.name))
            profiles[table.name] = profile or profile_table(
                connection, table, schema.encoding, wanted[table.name]
            )
    counted = {t.name: t for t in found[len(parts) :] if isinstance(t, Table)}
    return Scanned(profiles, tuple(counted.get(t.name, t) for t in schema.tables))


@dataclass(frozen=True)
class _Piece:
    rows: int
    columns: tuple[Measured, ...]


def _check(schema: Schema, _: None) -> None:
    with reading(schema.path) as connection:
        check_pages(connection, schema.path)


def _orphans(schema: Schema, table: Table, tables: dict[str, Table], _: None) -> Table:
    with reading(schema.path) as connection:
        return with_orphans(connection, table, tables)


def _range(connection: sqlite3.Connection, table: Table) -> tuple[int, int] | None:
    """The lowest and the highest row id, each found at an end of the tree; None: no row ids, or no rows."""
    if table.rowid_name is None:
        return None
    ends = [
        connection.execute(f"SELECT {end}({table.rowid_name}) FROM {quoted(table.name)}").fetchone()[0]
        for end in ("min", "max")
    ]
    return (ends[0], ends[1]) if ends[0] is not None else None


def _parts(table: Table, found: tuple[int, int] | None) -> list[str]:
    """Conditions that cut the table in parts."""
    if found is None:
        return [""]
    low, high = found
    count = min(-(-(high - low + 1) // ROWS_A_PART), 64)
    edges = [low + (high - low + 1) * i // count for i in range(count + 1)]
    return [f"{table.rowid_name} BETWEEN {edges[i]} AND {edges[i + 1] - 1}" for i in range(count)]


def _plain(column: Column) -> bool:
    """Whether the declared type alone lets the values be read quickly and judged rightly."""
    return column.generated is None


def _scan_part(schema: Schema, table: Table, part: str, wanted: Mapping[str, str], _: None) -> _Piece | None:
    """None: the values need a closer look."""
    where = f" WHERE {part}" if part else ""
    with reading(schema.path) as connection:
        classes = _classes(connection, table, where, wanted)
    if classes is None:
        return None
    columns = [(i, kind) for i, kinds in enumerate(classes) for kind in kinds]
    cells = [_cell(table.columns[i], kind, len(classes[i]) > 1) for i, kind in columns]
    firsts = ", ".join(f"{_SENTINELS[kind]} AS c{n}" for n, (_, kind) in enumerate(columns))
    some = f"SELECT {', '.join(cells)} FROM {quoted(table.name)}{where}"
    sql = f"SELECT {firsts} UNION ALL SELECT * FROM ({some})"
    rows, measured = 0, [Measured()] * len(table.columns)
    try:
        with arrow.open_sqlite(schema.path) as file:
            for batch in file.batches(sql, _ROWS_A_BATCH):
                rows += batch.num_rows
                for n, (i, kind) in enumerate(columns):
                    column = table.columns[i]
                    if batch.column(n).type != _TYPES[kind]:
                        return None  # the driver took another type, for the first rows hold others
                    one = _measured(column, kind, batch.column(n), wanted.get(column.name, ""))
                    measured[i] = added(measured[i], one)
    except (Odd, SourceError):
        return None  # a damaged file is named by the closer look
    return _Piece(rows, tuple(measured))


def _classes(
    connection: sqlite3.Connection, table: Table, where: str, wanted: Mapping[str, str]
) -> list[list[str]] | None:
    """The storage classes to read of each column. One scan, which compares: SQLite orders numbers before
    texts before blobs."""
    asked, kinds = list[str](), list[str]()
    for column in table.columns:
        # A collation of the application's own is not known here, and bytes are all that is asked.
        affinity, c = _affinity(column.declared), f"{quoted(column.name)} COLLATE BINARY"
        kinds.append(affinity)
        if affinity == "text":
            asked.append(f"total({c} >= x'')")
        elif affinity == "mixed":
            asked += [f"count({c})", f"total({c} >= '')", f"total({c} >= x'')",
                      f"total(typeof({c}) = 'real')"]  # fmt: skip
    cells = []
    for start in range(0, len(asked), 400):
        some = ", ".join(asked[start : start + 400])
        cells += list(connection.execute(f"SELECT {some} FROM {quoted(table.name)}{where}").fetchone())
    answers, classes = iter(cells), list[list[str]]()
    for column, kind in zip(table.columns, kinds, strict=True):
        if kind == "text" and next(answers):
            return None
        form = wanted.get(column.name, "").partition(" ")[0]
        if (kind in ("integer", "real") and form in DATES) or (kind == "real" and form == "bool"):
            return None  # which moment a number means is seen from all of them together
        if kind != "mixed":
            classes.append([kind])
            continue
        filled, above, blobs, reals = (int(next(answers)) for _ in range(4))
        counts = {"integer": filled - above - reals, "real": reals, "text": above - blobs, "blob": blobs}
        present = [name for name, count in counts.items() if count]
        if {"integer", "real"} & set(present) and form in DATES:
            return None
        if (blobs and family_of(column.declared) != "bytes") or (reals and form == "bool"):
            return None
        classes.append(present or ["integer"])
    return classes


def _affinity(declared: str) -> str:
    """The storage class that a column of this declared type keeps, `mixed` where it may be any."""
    upper = declared.upper()
    if "INT" in upper:
        return "integer"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if "BLOB" in upper or not upper:
        return "mixed"
    return "real" if any(word in upper for word in ("REAL", "FLOA", "DOUB")) else "mixed"


def _cell(column: Column, kind: str, several: bool) -> str:
    c = quoted(column.name)
    return f"CASE WHEN typeof({c}) = '{kind}' THEN {c} END" if several else c


_IS_OF: Mapping[str, Callable[[Any], bool]] = {
    "integer": pa.types.is_integer,
    "real": pa.types.is_floating,
    "text": pa.types.is_string,
    "blob": pa.types.is_binary,
}


def _measured(column: Column, kind: str, array: Any, wanted: str) -> Measured:
    form = wanted.partition(" ")[0]
    if not _IS_OF[kind](array.type):
        raise Odd  # an affinity is no promise: 'two' and 2.5 stay what they are in an INTEGER column
    match kind:
        case "integer":
            return measure.integers(array)
        case "real":
            decimals = form == "decimal" or family_of(column.declared) == "decimal"
            return measure.reals(array, decimals=decimals)
        case "text":
            if form == "decimal":
                raise Odd
            return measure.texts(array, form=form, characters="(" in column.declared)
    return measure.blobs(array)


def _merged(
    table: Table, ends: tuple[int, int] | None, pieces: Sequence[object] | None
) -> TableProfile | None:
    """The parts together; None when one needs a closer look, or what they are together does."""
    found = [piece for piece in pieces or () if isinstance(piece, _Piece)]
    if not pieces or len(found) < len(pieces):
        return None
    rows = sum(piece.rows for piece in found)
    columns, bytes_, large, largest = {}, 0, 0, 0
    for i, column in enumerate(table.columns):
        total = Measured()
        for piece in found:
            total = added(total, piece.columns[i])
        seen = total.profile
        filled = seen.integers + seen.reals + seen.texts + seen.blobs
        if seen.classes == {"integer", "real"} and not seen.integers_exact_in_double and seen.digits is None:
            return None
        if seen.texts and (seen.integers or seen.reals):
            seen = replace(seen, digits=None, places=None)
        columns[column.name] = replace(seen, nulls=rows - filled)
        bytes_, large, largest = bytes_ + total.bytes, large + total.large, max(largest, total.largest)
    low, high = ends or (0, 0)
    return TableProfile(rows, columns, bytes_, large, largest, low, high)
