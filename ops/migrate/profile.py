"""What the values of a table really are: one aggregate scan, and a closer look only where they disagree."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ops.migrate import census
from ops.migrate.model import Column, Table
from ops.migrate.sqlitefile import quoted

LARGE_VALUE = 1_000_000
EXACT_IN_DOUBLE = 2**53
_COLUMNS_A_SCAN = 200  # seven results a column; SQLite allows 2,000


@dataclass(frozen=True)
class ColumnProfile:
    """Counts by storage class, ranges, and what PostgreSQL's text cannot hold.

    `digits` and `places` are the decimal digits before and after the point that the numbers need
    (None: not looked at, or not finite); `bad_texts` and `bad_blobs` are those that are no valid text.
    """

    nulls: int = 0
    integers: int = 0
    reals: int = 0
    texts: int = 0
    blobs: int = 0
    low: int = 0
    high: int = 0
    finite: bool = True
    longest: int = 0
    nul_texts: int = 0
    bad_texts: int = 0
    bad_blobs: int = 0
    digits: int | None = None
    places: int | None = None

    @property
    def classes(self) -> frozenset[str]:
        """The storage classes present, NULL aside."""
        counts = {"integer": self.integers, "real": self.reals, "text": self.texts, "blob": self.blobs}
        return frozenset(name for name, count in counts.items() if count)

    @property
    def integers_exact_in_double(self) -> bool:
        return self.low >= -EXACT_IN_DOUBLE and self.high <= EXACT_IN_DOUBLE


@dataclass(frozen=True)
class TableProfile:
    """`bytes` is what texts and blobs weigh, `large_bytes` the part of it in values over a megabyte,
    `largest` the heaviest value. `lowest_rowid` and `highest_rowid` bound the key ranges."""

    rows: int
    columns: Mapping[str, ColumnProfile] = field(default_factory=dict)
    bytes: int = 0
    large_bytes: int = 0
    largest: int = 0
    lowest_rowid: int = 0
    highest_rowid: int = 0


@dataclass(frozen=True)
class _Look:
    filled: int
    low: Any
    high: Any
    reals: int
    chars: int
    bytes: int
    largest: int


def profile_table(
    connection: sqlite3.Connection, table: Table, encoding: str, *, thorough: bool = False
) -> TableProfile:
    """Scans `table`. `thorough` also finds text that is not valid in its encoding."""
    bounds = f"min({table.rowid_name}), max({table.rowid_name})" if table.rowid_name else "0, 0"
    rows, lowest, highest = connection.execute(
        f"SELECT count(*), {bounds} FROM {quoted(table.name)}"
    ).fetchone()
    profiles, looks = {}, _look(connection, table)
    for column, look in zip(table.columns, looks, strict=True):
        profiles[column.name] = _profile_column(connection, table, column, rows, look, encoding, thorough)
    largest = max((look.largest for look in looks), default=0)
    heavy = census.bytes_above(connection, table, LARGE_VALUE) if largest > LARGE_VALUE else 0
    size = sum(look.bytes for look in looks)
    return TableProfile(rows, profiles, size, heavy, largest, lowest or 0, highest or 0)


def _look(connection: sqlite3.Connection, table: Table) -> list[_Look]:
    found = []
    for start in range(0, len(table.columns), _COLUMNS_A_SCAN):
        group = table.columns[start : start + _COLUMNS_A_SCAN]
        wanted = ", ".join(expression for column in group for expression in _first_look(column))
        cells = connection.execute(f"SELECT {wanted} FROM {quoted(table.name)}").fetchone()
        for i in range(0, len(cells), 7):
            filled, low, high, *counts = cells[i : i + 7]
            found.append(_Look(filled, low, high, *(count or 0 for count in counts)))
    return found


def _first_look(column: Column) -> Sequence[str]:
    c = quoted(column.name)
    # `>= ''` holds for texts and blobs only: numbers sort before them.
    octets = f"CASE WHEN {c} >= '' THEN length(CAST({c} AS BLOB)) END"
    return [
        f"count({c})",
        f"min({c} COLLATE BINARY)",
        f"max({c} COLLATE BINARY)",
        f"sum(typeof({c}) = 'real')",
        f"sum(CASE WHEN {c} >= '' THEN length({c}) END)",
        f"sum({octets})",
        f"max({octets})",
    ]


def _profile_column(
    connection: sqlite3.Connection,
    table: Table,
    column: Column,
    rows: int,
    look: _Look,
    encoding: str,
    thorough: bool,
) -> ColumnProfile:
    seen = _from_extremes(rows, look)
    if seen is None:
        seen = ColumnProfile(**census.count_classes(connection, table, column.name, rows))
    if seen.texts:
        if "(" in column.declared:
            seen = replace(seen, longest=census.longest_text(connection, table, column.name))
        # length() ends at a NUL, so as many characters as bytes prove that there is none.
        if look.chars != look.bytes:
            seen = replace(seen, nul_texts=census.texts_with_nul(connection, table, column.name))
        if thorough:
            seen = replace(seen, bad_texts=census.bad_texts(connection, table, column.name, encoding))
    elif seen.reals and not seen.blobs:
        digits = (
            census.decimal_digits(connection, table, column.name) if _wants_decimals(column, seen) else None
        )
        if digits:
            seen = replace(seen, digits=digits[0], places=digits[1])
    elif seen.integers and not seen.blobs:
        seen = replace(seen, digits=max(len(str(abs(seen.low))), len(str(abs(seen.high)))), places=0)
    if seen.blobs and "BLOB" not in column.declared.upper():
        seen = replace(seen, bad_blobs=census.bad_blobs(connection, table, column.name))
    return seen


def _from_extremes(rows: int, look: _Look) -> ColumnProfile | None:
    """The profile, when the two ends tell: SQLite orders numbers before texts before blobs."""
    nulls, low, high = rows - look.filled, look.low, look.high
    if look.filled == 0:
        return ColumnProfile(nulls=nulls)
    if isinstance(low, int) and isinstance(high, int) and look.reals == 0:
        return ColumnProfile(nulls=nulls, integers=look.filled, low=low, high=high)
    if isinstance(low, float) and isinstance(high, float) and look.reals == look.filled:
        finite = float("-inf") < low and high < float("inf")
        return ColumnProfile(nulls=nulls, reals=look.filled, finite=finite)
    if isinstance(low, str) and isinstance(high, str):
        return ColumnProfile(nulls=nulls, texts=look.filled)
    if isinstance(low, bytes) and isinstance(high, bytes):
        return ColumnProfile(nulls=nulls, blobs=look.filled)
    return None


def _wants_decimals(column: Column, seen: ColumnProfile) -> bool:
    declared = column.declared.upper()
    if any(word in declared for word in ("DEC", "NUM", "MONEY", "CURRENCY")):
        return True
    # Integers too long for a double, beside reals: only a decimal can hold both.
    return seen.integers > 0 and not seen.integers_exact_in_double
