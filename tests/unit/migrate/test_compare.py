from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from ops.migrate.compare import Tally, compare_streams, same

Rows = list[tuple[Any, ...]]
SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("x", pa.float64())])
FULL: Rows = [(i, f"n{i}", i / 7) for i in range(1, 8)]


def stream(rows: Rows, size: int) -> Iterator[Any]:
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        yield pa.record_batch(
            [pa.array(c, t) for c, t in zip(zip(*some, strict=True), SCHEMA.types, strict=True)],
            schema=SCHEMA,
        )


def compared(left: Rows, right: Rows, sizes: tuple[int, int] = (3, 2), key: tuple[int, ...] = (0,)) -> Tally:
    tally = Tally("t")
    for _ in compare_streams(stream(left, sizes[0]), stream(right, sizes[1]), SCHEMA.names, key, tally):
        pass
    return tally


@pytest.mark.parametrize("sizes", [(1, 1), (3, 2), (7, 1), (2, 7), (100, 100)])
def test_equal_streams_are_equal_however_they_are_cut(sizes: tuple[int, int]) -> None:
    tally = compared(FULL, FULL, sizes)
    assert (tally.count, tally.values, tally.source_rows, tally.target_rows) == (0, 21, 7, 7)


@pytest.mark.parametrize("gone", range(7))
@pytest.mark.parametrize("sizes", [(1, 1), (3, 2), (2, 7), (100, 100)])
def test_a_missing_and_an_extra_row_are_named_and_all_others_still_compared(
    gone: int, sizes: tuple[int, int]
) -> None:
    less = FULL[:gone] + FULL[gone + 1 :]
    missing, extra = compared(FULL, less, sizes), compared(less, FULL, sizes)
    assert [(d.kind, d.key) for d in missing.first] == [("missing", f"id = {gone + 1}")]
    assert [(d.kind, d.key) for d in extra.first] == [("extra", f"id = {gone + 1}")]
    assert missing.values == extra.values == 18


@pytest.mark.parametrize(
    "other", [(3, None, 3 / 7), (3, "", 3 / 7), (3, "n3", math.nextafter(3 / 7, 1)), (3, "n3", None)]
)
def test_a_changed_value_is_named_with_its_column_and_key(other: tuple[Any, ...]) -> None:
    tally = compared(FULL, [*FULL[:2], other, *FULL[3:]])
    assert tally.count == 1
    assert tally.first[0].kind == "value" and tally.first[0].key == "id = 3"


def test_minus_zero_is_not_zero_and_nan_is_nan() -> None:
    assert not same(pa.array([0.0]), pa.array([-0.0]))
    assert same(pa.array([float("nan"), None]), pa.array([float("nan"), None]))
    assert not same(pa.array([None, 1.0]), pa.array([0.0, 1.0]))


def test_equal_rows_are_counted_in_tables_without_a_key() -> None:
    row = (1, "a", 1.0)
    tally = compared([row, row, row], [row, row], key=(0, 1, 2))
    assert [d.kind for d in tally.first] == ["missing"]


def test_rows_without_a_key_that_differ_by_the_sign_of_a_zero_may_stand_in_any_order() -> None:
    plus, minus, other = (1, "a", 0.0), (1, "a", -0.0), (2, "b", 0.0)
    for sizes in ((1, 1), (3, 2), (9, 9)):
        assert compared([plus, minus, other], [minus, plus, other], sizes, key=(0, 1, 2)).count == 0
        lost = compared([plus, minus, other], [plus, plus, other], sizes, key=(0, 1, 2))
        assert sorted((d.kind, d.key) for d in lost.first) == [
            ("extra", "id = 1, name = 'a', x = 0.0"),
            ("missing", "id = 1, name = 'a', x = -0.0"),
        ]


def test_only_the_first_differences_are_kept_but_all_are_counted() -> None:
    tally = compared([(i, "a", 0.0) for i in range(50)], [(i, "b", 0.0) for i in range(50)])
    assert tally.count == 50 and len(tally.first) == 10
