"""The fast way by columns and the careful way by values give the same, or both refuse."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from ops.errors import Refused
from ops.migrate import careful
from ops.migrate.careful import BadText, Misfit, convert_value
from ops.migrate.convert import arrow_type, from_sqlite
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.model import Column, Table
from ops.migrate.reading import Part
from ops.migrate.seen import ColumnProfile, TableProfile
from ops.migrate.types import Carriage, Kind, TypeChoice

ID = "0f8fad5b-d9cd-469f-a165-70867728950e"
POSTGRES = {"int": "bigint", "real": "double precision", "decimal": "numeric", "bytes": "bytea"}
SOURCES = {int: "integer", float: "real", str: "text", bytes: "blob"}


def planned(kind: Kind, postgres: str = "", **carriage: Any) -> ColumnPlan:
    choice = TypeChoice(
        postgres or POSTGRES.get(kind, kind),
        Carriage(kind, frozenset({"integer", "real", "text", "blob"}), **carriage),
        "",
    )
    return ColumnPlan(Column("c", ""), "c", ColumnProfile(digits=20, places=carriage.get("places")), choice)


def by_columns(column: ColumnPlan, values: list[Any]) -> Any:
    """The values of one storage class, converted as a batch."""
    source = SOURCES[type(next(v for v in values if v is not None))]
    types = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string(), "blob": pa.binary()}
    table = TablePlan(Path("a.db"), Path("a.db"), "UTF-8", Table("t", ()), TableProfile(0), "public", "t",
                      (column,))  # fmt: skip
    batch = pa.record_batch([pa.array(values, types[source])], names=["p0"])
    return from_sqlite(table, [Part(0, source, "")], batch).column(0)


def as_arrow(column: ColumnPlan, value: Any) -> Any:
    made = convert_value(column, value)
    if isinstance(made, UUID):
        return made.bytes
    return b"\x01" + str(made).encode() if column.choice.carriage.kind == "jsonb" else made


MEANINGS: list[tuple[ColumnPlan, object, object]] = [
    (planned("bool"), 1, True),
    (planned("bool"), 0, False),
    (planned("bool"), 1.0, True),
    (planned("bool"), "TRUE", True),
    (planned("bool"), "f", False),
    (planned("int"), 3.0, 3),
    (planned("int"), 9223372036854775807, 9223372036854775807),
    (planned("decimal", places=3), "12.345", Decimal("12.345")),
    (planned("decimal", places=1), 0.1, Decimal("0.1")),
    (planned("date"), "2024-02-29", date(2024, 2, 29)),
    (planned("date"), "2024-02-29 00:00:00", date(2024, 2, 29)),
    (planned("time"), "23:59:59.5", time(23, 59, 59, 500_000)),
    (planned("time"), "07:05", time(7, 5)),
    (planned("timestamp"), "2024-01-02 03:04", datetime(2024, 1, 2, 3, 4)),
    (planned("timestamp"), "2024-01-02T03:04:05.1234567", datetime(2024, 1, 2, 3, 4, 5, 123457)),
    (planned("timestamp"), "2024-01-02 03:04:05.1234565", datetime(2024, 1, 2, 3, 4, 5, 123457)),
    (planned("timestamp"), "2024-01-02 03:04:05.12345649", datetime(2024, 1, 2, 3, 4, 5, 123456)),
    (planned("timestamp"), "2024-12-31 23:59:59.9999995", datetime(2025, 1, 1)),
    (planned("timestamptz"), "0001-01-01 00:00:00+00:00", datetime(1, 1, 1, tzinfo=UTC)),
    (planned("timestamptz"), "2021-07-26T00:00:00+02:00", datetime(2021, 7, 25, 22, tzinfo=UTC)),
    (planned("timestamptz"), "2021-07-26 12:51:46.122 +0000 UTC",
     datetime(2021, 7, 26, 12, 51, 46, 122_000, UTC)),
    (planned("timestamptz"), "2021-07-26", datetime(2021, 7, 26, tzinfo=UTC)),
    (planned("timestamptz", epoch="unix"), 1598313600, datetime(2020, 8, 25, tzinfo=UTC)),
    (planned("timestamptz", epoch="unix"), -1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    (planned("timestamptz", epoch="unix_ms"), 1781074020380,
     datetime(2026, 6, 10, 6, 47, 0, 380_000, UTC)),
    (planned("timestamptz", epoch="unix"), 1727078780.123456,
     datetime(2024, 9, 23, 8, 6, 20, 123456, UTC)),
    (planned("timestamptz", epoch="julian"), 2459580.5, datetime(2022, 1, 1, tzinfo=UTC)),
    (planned("timestamptz", epoch="julian"), 2440587.75, datetime(1970, 1, 1, 6, tzinfo=UTC)),
    (planned("timestamptz", epoch="mac2001"), 635403600.25,
     datetime(2021, 2, 19, 5, 0, 0, 250_000, UTC)),
    (planned("timestamptz", epoch="webkit1601"), 13_300_000_000_000_000,
     datetime(2022, 6, 18, 4, 26, 40, tzinfo=UTC)),
    (planned("uuid"), ID, UUID(ID)),
    (planned("uuid"), ID.replace("-", "").upper(), UUID(ID)),
    (planned("uuid"), "{" + ID + "}", UUID(ID)),
    (planned("uuid"), UUID(ID).bytes, UUID(ID)),
    (planned("json"), '{"a":1,"a":2}', '{"a":1,"a":2}'),
    (planned("jsonb"), '{"a": 1.10}', '{"a": 1.10}'),
    (planned("jsonb"), 5, "5"),
    (planned("text"), "", ""),
    (planned("text"), 1e300, "1e+300"),
    (planned("text", nul="strip"), "a\0b", "ab"),
    (planned("text", nul="escape"), "a\0b", "a\\x00b"),
    (planned("text", empty="null"), "", None),
    (planned("date", empty="null"), "", None),
    (planned("bytes"), 1.5, b"1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "expected"), MEANINGS)
def test_a_value_means_the_same_both_ways(column: ColumnPlan, value: object, expected: object) -> None:
    assert convert_value(column, value) == expected  # type: ignore[arg-type]
    assert type(convert_value(column, value)) is type(expected)  # type: ignore[arg-type]
    found = by_columns(column, [None, value, value])
    assert found.type == arrow_type(column)
    wanted = pa.array([None, as_arrow(column, value), as_arrow(column, value)], arrow_type(column))
    assert found.equals(wanted)


MISFITS: list[tuple[ColumnPlan, object]] = [
    *[(planned("bool"), v) for v in (2, -1, 0.5, "maybe", "", b"1")],
    *[(planned("int"), v) for v in (3.7, "", "lots", " 1", b"1", 1e19)],
    (planned("int", "smallint"), 40_000),
    *[(planned("decimal", places=2), v) for v in ("12,50", "n/a", "", float("inf"), 12.345)],
    (planned("decimal", "numeric(4,2)", places=2), 123),
    *[
        (planned("timestamptz"), v)
        for v in ("0000-00-00", "0000-01-01", "2023-02-30", "29/02/2024", "24:00:00", "", "now", 5, b"x",
                  "2024-01-01 24:00:00", "9999-12-31T23:00:00-02:00", "2024-01-01 1", "2024-1-1")
    ],
    (planned("date"), "2024-01-01 10:00:00"),
    (planned("time"), "24:00:00"),
    (planned("time"), "12:00:00+01:00"),
    (planned("timestamptz", epoch="unix"), 10**15),
    (planned("timestamptz", epoch="unix"), float("nan")),
    *[(planned("json"), v) for v in ("", "#no", "NaN", "{'a':1}", b"{}", float("inf"))],
    *[(planned("jsonb"), v) for v in ('{"a":1,"a":2}', '"\\u0000"', '"\\ud800"')],
    *[(planned("uuid"), v) for v in ("not-a-uuid", ID[:-1], b"short", 5)],
    (planned("text"), "a\0b"),
    (planned("text"), b"\xff"),
    (planned("text", "varchar(3)"), "four"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), MISFITS)
def test_what_is_not_meant_is_never_invented(column: ColumnPlan, value: Any) -> None:
    with pytest.raises(Misfit):
        convert_value(column, value)
    kind = column.choice.carriage.kind
    if "(" in column.choice.postgres or kind in ("json", "jsonb"):
        return  # PostgreSQL itself looks at these again
    with pytest.raises(Refused, match=r"`t\.c` in `a\.db` holds"):
        by_columns(column, [None, value])


def test_text_that_is_no_text_becomes_what_the_rule_says() -> None:
    broken = BadText(b"file\x96name")
    assert convert_value(planned("text", utf8="cp1252"), broken) == "file–name"
    assert convert_value(planned("text", utf8="replace"), broken) == "file\ufffdname"
    assert convert_value(planned("bytes"), broken) == b"file\x96name"
    with pytest.raises(Misfit):
        convert_value(planned("text"), broken)


KINDS: tuple[Kind, ...] = ("bool", "int", "real", "date", "time", "timestamp", "timestamptz", "uuid", "text")
NEARLY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?( ?[Z+-]...)?"
TEXTS = some.one_of(
    some.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(str),
    some.datetimes().map(lambda d: d.isoformat("T", "minutes")),
    some.datetimes().map(lambda d: f"{d:%Y-%m-%d %H:%M:%S}+05:30"),
    some.datetimes().map(lambda d: f"{d.isoformat()}Z"),
    some.dates().map(str),
    some.times().map(str),
    some.uuids().map(str),
    some.from_regex(NEARLY, fullmatch=True),
    some.sampled_from(["true", "F", "1", "0", "", "12", "-0", "007", "1.5", "1e5", "\0"]),
    some.text(max_size=4),
)  # fmt: skip
VALUES = some.one_of(
    some.lists(TEXTS, min_size=1, max_size=4),
    some.lists(some.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4),
    some.lists(some.integers(-3, 3), min_size=1, max_size=4),
    some.lists(some.floats(), min_size=1, max_size=4),
    some.lists(some.floats(1e6, 6e6), min_size=1, max_size=4),
    some.lists(some.binary(max_size=17), min_size=1, max_size=4),
)
EPOCHS = some.sampled_from(["unix", "unix_ms", "unix_us", "unix_ns", "julian", "mac2001", "webkit1601"])


@given(some.sampled_from(KINDS), VALUES, EPOCHS)
def test_both_ways_agree_on_any_value(kind: Kind, values: list[Any], epoch: str) -> None:
    column = planned(kind, epoch=epoch)
    try:
        expected = pa.array([as_arrow(column, v) for v in values], arrow_type(column))
    except Misfit:
        with pytest.raises(Refused):
            by_columns(column, values)
        return
    found = by_columns(column, values)
    assert found.equals(expected) or (kind == "real" and str(found) == str(expected))


@given(some.floats())
def test_a_real_in_a_text_column_reads_back_as_the_same_real(value: float) -> None:
    text = careful.text_of_real(value)
    assert text == by_columns(planned("text"), [value])[0].as_py()
    assert repr(float(text)) == repr(value)
