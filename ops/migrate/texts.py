"""Looks at the bytes of every text: NUL bytes, and bytes that are no text, neither of which PostgreSQL takes;
and at the forms of those whose column promises one.

SQLite joins some thousand texts into one, and Python looks at that one at the speed of C: about a third of a
second for a hundred megabytes. Only where something is wrong are the texts looked at one by one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.migrate.model import Table
from ops.migrate.sqlitefile import quoted

_BYTES_AT_ONCE = 8_000_000
_MOST_BYTES_AT_ONCE = 64_000_000
_ROWS_AT_ONCE = 20_000


@dataclass
class TextsFound:
    """Texts with a NUL byte, and texts that are not valid in the file's encoding. `wanted` is the family
    whose forms are counted (`""`: none)."""

    nul: int = 0
    bad: int = 0
    wanted: str = ""
    forms: Counter[str] = field(default_factory=Counter)

    def count(self, texts: Any) -> None:
        """Counts the forms of an Arrow array of strings."""
        from ops.migrate.forms import count_forms

        self.forms += count_forms(self.wanted, texts)


@dataclass(frozen=True)
class Weights:
    """How many rows there are, and what texts and blobs of one weigh in the middle and at most (bytes)."""

    rows: int
    average: int
    largest: int

    @property
    def rows_at_once(self) -> int:
        """As many rows as stay small enough together, however unlike they are."""
        by_average = _BYTES_AT_ONCE // max(self.average, 1)
        by_largest = _MOST_BYTES_AT_ONCE // max(self.largest, 1)
        return max(1, min(_ROWS_AT_ONCE, by_average, by_largest))


def look_at_texts(
    connection: sqlite3.Connection,
    table: Table,
    columns: Mapping[str, str],
    encoding: str,
    weights: Weights,
    low: int,
    high: int,
) -> list[TextsFound]:
    """What was found in `columns`, each with the form it promises, of the rows with row ids from `low` to
    `high` (all rows of a table that has no row ids). Results of several ranges add up."""
    found = [TextsFound(wanted=wanted.partition(" ")[0]) for wanted in columns.values()]
    names = list(columns)
    if not columns:
        return found
    factory, connection.text_factory = connection.text_factory, bytes
    try:
        if encoding != "UTF-8" or table.rowid_name is None:
            cursor = connection.execute(f"SELECT {_each(names)} FROM {quoted(table.name)}")
            while rows := cursor.fetchmany(weights.rows_at_once):
                _look_at(found, rows, encoding)
                _count_each(found, rows, encoding)
            return found
        for where, joined, counts in _joined(connection, table, columns, weights, low, high):
            wrong = [i for i, texts in enumerate(joined) if texts is not None and not _fine(texts)]
            if wrong:
                some = _each([names[i] for i in wrong])
                rows = connection.execute(f"SELECT {some} FROM {quoted(table.name)} WHERE {where}").fetchall()
                _look_at([found[i] for i in wrong], rows, encoding)
            for one, name, texts, count in zip(found, names, joined, counts, strict=True):
                if not one.wanted or texts is None:
                    continue
                if texts.count(b"\n") + 1 == count:
                    one.count(_split(texts))
                else:
                    sql = f"SELECT {_each([name])} FROM {quoted(table.name)} WHERE {where}"
                    _count_each([one], connection.execute(sql).fetchall(), encoding)
    finally:
        connection.text_factory = factory
    return found


def is_text(value: bytes, encoding: str) -> bool:
    """Whether `value` is valid in `encoding` (a name of `PRAGMA encoding`)."""
    try:
        value.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def has_nul(value: bytes, encoding: str) -> bool:
    """Whether the text that `value` encodes holds a NUL character."""
    if encoding == "UTF-8" or b"\0" not in value:
        return b"\0" in value
    return "\0" in value.decode(encoding, "replace")


def _joined(
    connection: sqlite3.Connection,
    table: Table,
    columns: Mapping[str, str],
    weights: Weights,
    low: int,
    high: int,
) -> Iterator[tuple[str, Sequence[bytes | None], Sequence[int]]]:
    """Rows after rows: the condition that finds them again, the texts of each column as one with a newline
    between (so that a cut character does not grow together with what follows), and how many they are."""
    key, name, rows = table.rowid_name, quoted(table.name), weights.rows_at_once
    outer = ", ".join(f"group_concat(t{i}, '\n')" for i in range(len(columns)))
    outer += "".join(f", count(t{i})" if formed else ", 0" for i, formed in enumerate(columns.values()))
    inner = ", ".join(f"{_text(column)} AS t{i}" for i, column in enumerate(columns))
    some = f"SELECT {key} AS k, {inner} FROM {name} WHERE {key} BETWEEN ? AND ?"
    # Where the row ids leave gaps, LIMIT finds as many rows as there should be, a little slower.
    dense = high - low < 4 * weights.rows
    some += "" if dense else f" ORDER BY {key} LIMIT {rows}"
    while low <= high:
        until = min(high, low + rows - 1) if dense else high
        last, *cells = connection.execute(f"SELECT max(k), {outer} FROM ({some})", (low, until)).fetchone()
        if not dense and last is None:
            return
        until = until if dense else last
        yield f"{key} BETWEEN {low} AND {until}", cells[: len(columns)], cells[len(columns) :]
        low = until + 1


def _look_at(found: Sequence[TextsFound], rows: Sequence[Sequence[bytes | None]], encoding: str) -> None:
    for one, column in zip(found, zip(*rows, strict=True), strict=True):
        texts = [text for text in column if text is not None]
        if encoding == "UTF-8" and _fine(b"\n".join(texts)):
            continue
        one.bad += sum(not is_text(text, encoding) for text in texts)
        one.nul += sum(has_nul(text, encoding) for text in texts)


def _count_each(found: Sequence[TextsFound], rows: Sequence[Sequence[bytes | None]], encoding: str) -> None:
    for one, column in zip(found, zip(*rows, strict=True), strict=True):
        texts = [text.decode(encoding, "replace") for text in column if text is not None]
        if one.wanted and texts:
            import pyarrow as pa

            one.count(pa.array(texts, pa.string()))


def _split(texts: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.split_pattern(pa.array([texts.decode("utf-8", "replace")]), "\n").flatten()


def _fine(texts: bytes) -> bool:
    return b"\0" not in texts and (texts.isascii() or is_text(texts, "UTF-8"))


def _each(columns: Sequence[str]) -> str:
    return ", ".join(f"CAST({_text(column)} AS BLOB)" for column in columns)


def _text(column: str) -> str:
    c = quoted(column)
    return f"CASE WHEN typeof({c}) = 'text' THEN {c} END"
