"""Closer looks at one column: exact counts by storage class, decimal digits, bad texts, an example."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from ops.migrate.careful import DECIMAL
from ops.migrate.model import Table
from ops.migrate.sqlitefile import quoted

_CLASSES = ("integer", "real", "text", "blob")
_NON_ASCII = "'*[^' || char(1) || '-' || char(127) || ']*'"


def count_classes(connection: sqlite3.Connection, table: Table, column: str, rows: int) -> dict[str, Any]:
    """The counts and ranges of a ColumnProfile, by name."""
    c = quoted(column)
    counts = [f"sum(typeof({c}) = '{kind}')" for kind in _CLASSES]
    whole = f"CASE WHEN typeof({c}) = 'integer' THEN {c} END"
    broken = f"CASE WHEN typeof({c}) = 'real' THEN abs({c}) END"
    cells = _row(connection, table, *counts, f"min({whole})", f"max({whole})", f"max({broken})")
    integers, reals, texts, blobs, low, high, largest = cells
    return {
        "nulls": rows - integers - reals - texts - blobs,
        "integers": integers,
        "reals": reals,
        "texts": texts,
        "blobs": blobs,
        "low": low or 0,
        "high": high or 0,
        "finite": largest is None or largest < float("inf"),
    }


def longest_text(connection: sqlite3.Connection, table: Table, column: str) -> int:
    """The characters of the longest text."""
    c = quoted(column)
    return int(_row(connection, table, f"max(CASE WHEN typeof({c}) = 'text' THEN length({c}) END)")[0] or 0)


def bad_blobs(connection: sqlite3.Connection, table: Table, column: str) -> int:
    """Blobs that would not be valid text: not UTF-8, or with a NUL byte."""
    _define(connection, "UTF-8")
    c = quoted(column)
    condition = f"typeof({c}) = 'blob' AND (gigops_invalid(CAST({c} AS BLOB)) OR instr({c}, x'00') > 0)"
    return int(_row(connection, table, f"sum({condition})")[0] or 0)


def decimal_digits(connection: sqlite3.Connection, table: Table, column: str) -> tuple[int, int] | None:
    """The digits before and after the point that hold every number of the column; None: not all finite."""
    connection.create_aggregate("gigops_decimals", 1, _Decimals)  # type: ignore[arg-type]
    c = quoted(column)  # a text that is no number stays out: it may be no text either
    number = f"CASE WHEN typeof({c}) <> 'text' OR {c} NOT GLOB '*[^-+.0-9eE]*' THEN {c} END"
    found = _row(connection, table, f"gigops_decimals({number})")[0]
    if not found:
        return None
    digits, places = found.split(",")
    return int(digits), int(places)


def bytes_above(connection: sqlite3.Connection, table: Table, size: int) -> int:
    """What the values over `size` bytes weigh together."""
    total = 0
    for column in table.columns:
        octets = f"length(CAST({quoted(column.name)} AS BLOB))"
        total += _row(connection, table, f"sum(CASE WHEN {octets} > {size} THEN {octets} END)")[0] or 0
    return total


def example(
    connection: sqlite3.Connection, table: Table, column: str, problem: str, encoding: str
) -> tuple[str, str]:
    """The key and the value of one row, for people. `problem` is a storage class, `nul` or `utf8`."""
    _define(connection, encoding)
    names = [quoted(name) for name in table.primary_key] or ([table.rowid_name] if table.rowid_name else [])
    c = quoted(column)
    value = f"CAST({c} AS BLOB)" if problem in ("nul", "utf8") else c
    wanted = ", ".join([f"quote({value})", *(f"quote({name})" for name in names)])
    sql = f"SELECT {wanted} FROM {quoted(table.name)} WHERE {_problem(column, problem, encoding)} LIMIT 1"
    row = connection.execute(sql).fetchone()
    if row is None:
        return "", ""
    keys = [f"{name.strip(chr(34))} = {_short(key)}" for name, key in zip(names, row[1:], strict=True)]
    return ", ".join(keys), _short(row[0])


class _Decimals:
    """Looks at each number's shortest form that reads back as the same double, and at texts that are one."""

    def __init__(self) -> None:
        self.digits, self.places, self.finite = 0, 0, True

    def step(self, value: float | str | bytes | None) -> None:
        if value is None or isinstance(value, bytes):
            return
        if isinstance(value, str) and not DECIMAL.fullmatch(value):
            return
        text = value if isinstance(value, str) else repr(value).removesuffix(".0")
        _, digits, exponent = Decimal(text).as_tuple()
        if not isinstance(exponent, int):
            self.finite = False
            return
        self.digits = max(self.digits, len(digits) + exponent)
        self.places = max(self.places, -exponent)

    def finalize(self) -> str:
        return f"{self.digits},{self.places}" if self.finite else ""


def _problem(column: str, problem: str, encoding: str) -> str:
    c = quoted(column)
    if problem == "nul":
        return f"(typeof({c}) = 'text' AND instr({c}, char(0)) > 0)"
    if problem == "utf8":
        suspect = f"{c} GLOB {_NON_ASCII} AND" if encoding == "UTF-8" else ""
        return f"(typeof({c}) = 'text' AND {suspect} gigops_invalid(CAST({c} AS BLOB)))"
    return f"(typeof({c}) = '{problem}')"


def _define(connection: sqlite3.Connection, encoding: str) -> None:
    def invalid(value: bytes | None) -> int:
        try:
            (value or b"").decode(encoding)
        except UnicodeDecodeError:
            return 1
        return 0

    connection.create_function("gigops_invalid", 1, invalid, deterministic=True)


def _row(connection: sqlite3.Connection, table: Table, *wanted: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = connection.execute(
        f"SELECT {', '.join(wanted)} FROM {quoted(table.name)}"
    ).fetchone()
    return tuple(
        0 if cell is None and "sum" in text else cell for cell, text in zip(found, wanted, strict=True)
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
