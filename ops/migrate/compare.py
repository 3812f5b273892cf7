"""Compares two ordered streams of column batches, value by value; names what differs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

FIRST_DIFFERENCES = 10
Kind = Literal["value", "missing", "extra", "type"]


@dataclass(frozen=True)
class Difference:
    """`missing`: a row of SQLite that PostgreSQL does not have; `extra`: the reverse; `type`: a column
    whose values cannot even be compared. `source` and `target` are the values, shortened."""

    table: str
    kind: Kind
    key: str
    column: str = ""
    source: str = ""
    target: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "missing":
                return f"{self.table}: the row {self.key} is not in PostgreSQL"
            case "extra":
                return f"{self.table}: the row {self.key} is only in PostgreSQL"
            case "type":
                return f"{self.table}.{self.column}: {self.target}"
        return (
            f"{self.table}.{self.column}: {self.source} in SQLite, {self.target} in PostgreSQL ({self.key})"
        )


@dataclass
class Tally:
    """What a comparison has found so far. `zeros` counts rows that differ by the sign of a zero alone, one
    up for each of SQLite's and one down for each of PostgreSQL's: sorted by all columns they may stand in
    another order on either side."""

    table: str
    source_rows: int = 0
    target_rows: int = 0
    values: int = 0
    count: int = 0
    first: list[Difference] = field(default_factory=list)
    zeros: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def add(self, kind: Kind, key: str, column: str = "", source: str = "", target: str = "") -> None:
        self.count += 1
        if len(self.first) < FIRST_DIFFERENCES:
            self.first.append(Difference(self.table, kind, key, column, source, target))


def compare_streams(
    source: Iterator[Any], target: Iterator[Any], columns: Sequence[str], key: Sequence[int], tally: Tally
) -> Iterator[int]:
    """Compares two streams of batches with the same columns, both ordered by the columns `key`.

    Fills `tally`; yields the number of rows compared after each window.
    """
    left, right = _Window(source), _Window(target)
    while True:
        left.fill()
        right.fill()
        if left.empty or right.empty:
            break
        rows = min(left.rows, right.rows)
        one, two = left.batch.slice(0, rows), right.batch.slice(0, rows)
        if all(same(one.column(i), two.column(i)) for i in key):
            _compare_aligned(one, two, columns, key, tally)
            used_left = used_right = rows
        else:
            used_left, used_right = _merge(left.batch, right.batch, columns, key, tally)
        tally.source_rows += used_left
        tally.target_rows += used_right
        left.drop(used_left)
        right.drop(used_right)
        yield max(used_left, used_right)
    while not left.empty:
        tally.source_rows += left.rows
        _one_sided(left.batch, columns, key, "missing", tally)
        left.drop(left.rows)
        left.fill()
    while not right.empty:
        tally.target_rows += right.rows
        _one_sided(right.batch, columns, key, "extra", tally)
        right.drop(right.rows)
        right.fill()
    for row, count in tally.zeros.items():
        for _ in range(abs(count)):
            tally.add("missing" if count > 0 else "extra", _told(columns, row))


def same(one: Any, two: Any) -> bool:
    """Whether two arrays are equal to the last bit (`-0.0` is not `0.0`, NaN is NaN)."""
    if one.type != two.type:
        return False  # the values decide, one by one
    if pa.types.is_floating(one.type):
        one, two = one.view(pa.int64()), two.view(pa.int64())
    return bool(one.equals(two))


def show(value: object) -> str:
    """A value as people read it, shortened."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        text = f"x'{value[:24].hex()}{'…' if len(value) > 24 else ''}' ({len(value)} bytes)"
    else:
        text = repr(value) if isinstance(value, str | float) else str(value)
    return text if len(text) <= 80 else text[:77] + "…" + f" ({len(text)} characters)"


class _Window:
    """The rows of a stream that are read and not yet compared."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = batches
        self.batch: Any = None
        self._ended = False

    @property
    def rows(self) -> int:
        return self.batch.num_rows if self.batch is not None else 0

    @property
    def empty(self) -> bool:
        return self._ended and self.rows == 0

    def fill(self) -> None:
        while self.rows == 0 and not self._ended:
            self.batch = next(self._batches, None)
            self._ended = self.batch is None

    def drop(self, rows: int) -> None:
        self.batch = self.batch.slice(rows)


def _compare_aligned(one: Any, two: Any, columns: Sequence[str], key: Sequence[int], tally: Tally) -> None:
    tally.values += one.num_rows * len(columns)
    if len(key) == len(columns):
        one, two = _without_zeros(one, two, tally)
    for i, name in enumerate(columns):
        if not same(one.column(i), two.column(i)):
            left, right = one.column(i).to_pylist(), two.column(i).to_pylist()
            for row, (a, b) in enumerate(zip(left, right, strict=True)):
                if _bits(a) != _bits(b):
                    tally.add("value", _shown_key(one, columns, key, row), name, show(a), show(b))


def _without_zeros(one: Any, two: Any, tally: Tally) -> tuple[Any, Any]:
    """The rows but those that differ by the sign of a zero alone, which are counted."""
    floats = [i for i, column in enumerate(one.columns) if pa.types.is_floating(column.type)]
    if all(same(one.column(i), two.column(i)) for i in floats):
        return one, two
    kept = []
    for row in range(one.num_rows):
        left, right = ([column[row].as_py() for column in side.columns] for side in (one, two))
        bits = [tuple(map(_bits, side)) for side in (left, right)]
        if left == right and bits[0] != bits[1]:
            tally.zeros[bits[0]] += 1
            tally.zeros[bits[1]] -= 1
        else:
            kept.append(row)
    return one.take(pa.array(kept, pa.int64())), two.take(pa.array(kept, pa.int64()))


def _merge(one: Any, two: Any, columns: Sequence[str], key: Sequence[int], tally: Tally) -> tuple[int, int]:
    """Pairs the rows of two windows by key, and returns how many of each are done with."""
    left, right = _sort_keys(one, key), _sort_keys(two, key)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] == right[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif left[i] < right[j]:
            tally.add("missing", _shown_key(one, columns, key, i))
            i += 1
        else:
            tally.add("extra", _shown_key(two, columns, key, j))
            j += 1
    if pairs:
        matched_left = one.take(pa.array([a for a, _ in pairs]))
        matched_right = two.take(pa.array([b for _, b in pairs]))
        _compare_aligned(matched_left, matched_right, columns, key, tally)
    return i, j


def _one_sided(batch: Any, columns: Sequence[str], key: Sequence[int], kind: Kind, tally: Tally) -> None:
    shown = max(0, FIRST_DIFFERENCES - len(tally.first))
    for row in range(min(shown, batch.num_rows)):
        tally.add(kind, _shown_key(batch, columns, key, row))
    tally.count += max(0, batch.num_rows - shown)


def _sort_keys(batch: Any, key: Sequence[int]) -> list[tuple[tuple[int, Any], ...]]:
    """Keys that Python orders as both databases do: NULL last, text by its bytes."""
    cells = [[_orderable(value) for value in batch.column(i).to_pylist()] for i in key]
    return list(zip(*cells, strict=True))


def _orderable(value: Any) -> tuple[int, Any]:
    if value is None:
        return 1, 0
    return 0, value.encode() if isinstance(value, str) else value


def _bits(value: object) -> tuple[object, ...]:
    return (value.hex(),) if isinstance(value, float) else (type(value), value)


def _told(columns: Sequence[str], bits: Sequence[Any]) -> str:
    """A row without a key, out of its bits."""
    values = [float.fromhex(each[0]) if len(each) == 1 else each[1] for each in bits]
    named = [f"{name} = {show(value)}" for name, value in zip(columns[:8], values, strict=False)]
    return ", ".join(named) + (", …" if len(columns) > 8 else "")


def _shown_key(batch: Any, columns: Sequence[str], key: Sequence[int], row: int) -> str:
    named = [f"{columns[i]} = {show(batch.column(i)[row].as_py())}" for i in key[:8]]
    return ", ".join(named) + (", …" if len(key) > 8 else "")
