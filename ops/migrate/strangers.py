"""Collations and functions that only the application itself has, and how its tables are read all the same.

SQLite asks for a collation before it reads a table, though reading needs none: the rows come in the order
they are stored in. Nothing may be searched or sorted by a stand-in.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from ops.errors import SourceError

_COLLATE = re.compile(r"""\bCOLLATE\s+(?:"([^"]+)"|'([^']+)'|\[([^\]]+)\]|`([^`]+)`|(\w+))""", re.IGNORECASE)
_UNKNOWN = re.compile(r"(?:unknown|no such) function: (\w+)")
_COMPUTED = re.compile(r"\bAS\s*\(", re.IGNORECASE)
MISSED = ("no such collation sequence", "no query solution")
"""What SQLite says when it misses a collation."""


def introduced(opening: Callable[[], sqlite3.Connection], path: Path) -> sqlite3.Connection:
    """A connection with a stand-in for each collation that SQLite does not have. `opening` gives a new one
    each time: SQLite remembers what it once missed.

    Raises SourceError where a column's values cannot be had: a function of the application's computes them
    whenever they are read.
    """
    with closing(opening()) as connection:
        known = {name.upper() for _, name in connection.execute("PRAGMA collation_list")}
        texts = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql <> '' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        ).fetchall()
        for kind, name, sql in texts:
            if kind == "table" and _COMPUTED.search(sql):
                _refuse_unreadable(connection, path, name)
    named = {next(filter(None, found)) for _, _, sql in texts for found in _COLLATE.findall(sql)}
    connection = opening()
    for name in named:
        if name.upper() not in known:
            connection.create_collation(name, lambda a, b: (a > b) - (a < b))
    return connection


def _refuse_unreadable(connection: sqlite3.Connection, path: Path, table: str) -> None:
    columns = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
    for column in (name for name, hidden in columns if hidden == 2):
        try:
            connection.execute(f"SELECT {_quoted(column)} FROM {_quoted(table)} LIMIT 0").fetchall()
        except sqlite3.OperationalError as error:
            missed = _UNKNOWN.search(str(error))
            if missed:
                raise SourceError(
                    f"`{table}.{column}` in `{path.name}` is computed whenever it is read, by"
                    f" `{missed[1]}()`, which only the application has",
                    hint="in a copy of the file drop the column, or make it STORED",
                ) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Text(bytes):
    """A text's bytes, told from a blob's."""


def batches(connection: sqlite3.Connection, sql: str, rows: int) -> Iterator[Any]:
    """The result in record batches of `rows` rows, without its first row, the sentinel, which tells the
    types: as ADBC would give it, to which no stand-in can be given."""
    connection.text_factory = _Text
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    types = [_TYPES[type(value)] for value in cursor.fetchone()]
    while found := cursor.fetchmany(rows):
        yield pa.RecordBatch.from_arrays(
            [_array(values, kind) for values, kind in zip(zip(*found, strict=True), types, strict=True)],
            names=names,
        )


_TYPES = {int: pa.int64(), float: pa.float64(), _Text: pa.string(), bytes: pa.binary()}


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    if kind == pa.string():
        return pa.array(values, pa.binary()).view(pa.string())
    return pa.array(values, kind)
