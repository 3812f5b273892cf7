"""What the values of a table really are: one aggregate scan, and a closer look only where they disagree."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ops.migrate import census, numbers
from ops.migrate.families import DATES, family_of
from ops.migrate.model import Column, Table
from ops.migrate.seen import ColumnProfile, TableProfile
from ops.migrate.sqlitefile import quoted
from ops.migrate.texts import Weights, look_at_texts

LARGE_VALUE = 1_000_000
_COLUMNS_A_SCAN = 200  # up to four results a column; SQLite allows 2,000


@dataclass(frozen=True)
class _Look:
    filled: int
    low: Any
    high: Any
    reals: int
    bytes: int
    longest: int


def profile_table(
    connection: sqlite3.Connection, table: Table, encoding: str, wanted: Mapping[str, str] | None = None
) -> TableProfile:
    """Scans `table`. `wanted` names the form that a column's texts and numbers are counted for (as
    `choose.wanted_form` says), by column."""
    wanted = wanted or {}
    bounds = f"min({table.rowid_name}), max({table.rowid_name})" if table.rowid_name else "0, 0"
    rows, lowest, highest = connection.execute(
        f"SELECT count(*), {bounds} FROM {quoted(table.name)}"
    ).fetchone()
    profiles, looks = {}, _look(connection, table)
    for column, look in zip(table.columns, looks, strict=True):
        seen = _profile_column(connection, table, column, rows, look, wanted.get(column.name, ""))
        profiles[column.name] = seen
    largest = max((look.longest for look in looks), default=0)
    heavy = census.bytes_above(connection, table, LARGE_VALUE) if largest > LARGE_VALUE else 0
    size = sum(look.bytes for look in looks)
    texts = {name: wanted.get(name, "") for name, seen in profiles.items() if seen.texts}
    weights = Weights(rows, size // max(rows, 1), largest)
    found = look_at_texts(connection, table, texts, encoding, weights, lowest or 0, highest or 0)
    for name, one in zip(texts, found, strict=True):
        forms = {**profiles[name].forms, **one.forms}
        profiles[name] = replace(profiles[name], nul_texts=one.nul, bad_texts=one.bad, forms=forms)
    return TableProfile(rows, profiles, size, heavy, largest, lowest or 0, highest or 0)


def _look(connection: sqlite3.Connection, table: Table) -> list[_Look]:
    """Two scans: the ends of every column, then the weight of those that hold texts or blobs."""
    ends = _scan(connection, table, [_ends(table, column) for column in table.columns])
    heavy = [isinstance(high, str | bytes) for _, _, high, _ in ends]
    weights = iter(
        _scan(connection, table, [_weight(c) for c, h in zip(table.columns, heavy, strict=True) if h])
    )
    return [
        _Look(*end, *(next(weights) if is_heavy else (0, 0)))
        for end, is_heavy in zip(ends, heavy, strict=True)
    ]


def _scan(connection: sqlite3.Connection, table: Table, groups: list[list[str]]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(groups), _COLUMNS_A_SCAN):
        some = groups[start : start + _COLUMNS_A_SCAN]
        wanted = ", ".join(expression for group in some for expression in group)
        cells = list(connection.execute(f"SELECT {wanted} FROM {quoted(table.name)}").fetchone())
        for group in some:
            found.append(tuple(cells[: len(group)]))
            del cells[: len(group)]
    return found


def _ends(table: Table, column: Column) -> list[str]:
    c = quoted(column.name)
    if column.name == table.rowid_alias:
        return ["count(*)", f"min({c})", f"max({c})", "0"]
    declared = column.declared.upper()
    # SQLite's rule: a declared INT wins over CHAR, CLOB and TEXT, which make numbers texts.
    always_text = any(word in declared for word in ("CHAR", "CLOB", "TEXT")) and "INT" not in declared
    reals = "0" if always_text else f"coalesce(sum(typeof({c}) = 'real'), 0)"
    return [f"count({c})", f"min({c} COLLATE BINARY)", f"max({c} COLLATE BINARY)", reals]


def _weight(column: Column) -> list[str]:
    c = quoted(column.name)
    octets = f"length(CAST({c} AS BLOB))"
    return [f"sum({octets})", f"max({octets})"]


def _profile_column(
    connection: sqlite3.Connection, table: Table, column: Column, rows: int, look: _Look, wanted: str
) -> ColumnProfile:
    seen = _from_extremes(rows, look)
    if seen is None:
        seen = ColumnProfile(**census.count_classes(connection, table, column.name, rows))
    if seen.texts:
        # Counting characters costs more than asking for bytes, so only where the number matters.
        declared_length = "(" in column.declared
        longest = census.longest_text(connection, table, column.name) if declared_length else look.longest
        seen = replace(seen, longest=longest)
    if _wants_decimals(column, seen, wanted):
        digits = census.decimal_digits(connection, table, column.name)
        if digits:
            seen = replace(seen, digits=digits[0], places=digits[1])
    elif seen.integers and seen.classes == {"integer"}:
        seen = replace(seen, digits=max(len(str(abs(seen.low))), len(str(abs(seen.high)))), places=0)
    if seen.reals and (wanted == "bool" or "INT" in column.declared.upper()):
        found = numbers.count_reals(connection, table, column.name)
        seen = replace(seen, whole=found["whole"], forms={"bits": found["bits"]})
    unit, _, epoch = wanted.partition(" ")
    if unit in DATES and (seen.integers or seen.reals):
        seen = replace(seen, forms=numbers.count_epochs(connection, table, column.name, epoch))
    if seen.blobs and family_of(column.declared) != "bytes":
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


def _wants_decimals(column: Column, seen: ColumnProfile, wanted: str) -> bool:
    if not seen.reals and not seen.texts:
        return False
    if wanted == "decimal" or (family_of(column.declared) == "decimal" and not seen.texts):
        return True
    # Integers too long for a double, beside reals: only a decimal can hold both.
    return seen.classes == {"integer", "real"} and not seen.integers_exact_in_double
