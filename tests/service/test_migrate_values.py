"""Values arrive to the last bit, or are refused by table, column, key and value."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ops.errors import GigopsError, Refused
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, NoHurry, make, migrate, query, unequal_tables, verify


def filled(path: Path, create: str, rows: list[tuple[object, ...]]) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(create)
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO t VALUES ({marks})", rows)
        connection.commit()
    return path


def test_every_bit_of_every_kind_arrives(database: DatabaseUrl, tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [
        (1, 0.1 + 0.2, "", b"", 12.34, -(2**63), None),
        (2, 5e-324, "tab\t nl\n \\. \\N 'q' \"d\" é 🙂", bytes(range(256)), 0.1, 2**63 - 1, "x"),
        (3, float("inf"), "\\", b"\0", 99999999.99, 0, ""),
        (4, 1e-40, " ", None, 7, None, "NULL"),
        (5, 1727078780.123456, None, b"\xff\xfe", None, 1, None),
        (6, float("-inf"), "e\u0301", b"a", 1e5, 3, "z"),
        (7, 4503599627370497.5, "\r\n", b"b", -0.5, 4, "\x7f\x01"),
    ]
    columns = "id INTEGER PRIMARY KEY, r REAL, s TEXT, b BLOB, d DECIMAL(10,2), i INTEGER, v VARCHAR(9)"
    create = f"CREATE TABLE t ({columns})"
    path = filled(tmp_path / "a.db", create, rows)
    done = migrate(database, path)
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []
    types = dict(query(database, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                                 " WHERE attrelid = 't'::regclass AND attnum > 0"))  # fmt: skip
    assert types == {
        "id": "bigint", "r": "double precision", "s": "text", "b": "bytea", "d": "numeric(10,2)",
        "i": "bigint", "v": "character varying(9)",
    }  # fmt: skip
    assert [r[0] for r in query(database, "SELECT d::text FROM t ORDER BY id")][:4] == [
        "12.34", "0.10", "99999999.99", "7.00",
    ]  # fmt: skip


def test_decimals_that_do_not_fit_their_scale_keep_every_digit(database: DatabaseUrl, tmp_path: Path) -> None:
    values = [12.345, 1e-7, 99999999999.99, 5, -123456789012345678]
    path = filled(tmp_path / "a.db", "CREATE TABLE t (d DECIMAL(10,2))", [(v,) for v in values])
    done = migrate(database, path)
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []
    assert "declared DECIMAL(10,2), but the values need" in done.migration.tables[0].columns[0].choice.reason


@pytest.mark.parametrize(
    ("declared", "values", "postgres"),
    [
        ("INTEGER", [10, "lots", 3.7, "", 8, b"3132"], "text"),
        ("INTEGER", [1, 2.5], "double precision"),
        ("INTEGER", [2**62 + 1, 2.5], "numeric"),
        ("TEXT", ["a", b"\xff\x00"], "bytea"),
        ("TEXT", ["a", "é".encode(), b"\x80"], "bytea"),
        ("TEXT", ["a\0b", "c"], "bytea"),
        ("BLOB", ["text", b"\x00", 5, 1.5], "bytea"),
        ("", [1, "a", b"b", 2.0, 1e300, None], "text"),
    ],
)
def test_values_unlike_their_type_are_refused_or_all_carried(
    declared: str, values: list[object], postgres: str, database: DatabaseUrl, tmp_path: Path
) -> None:
    path = filled(tmp_path / "a.db", f"CREATE TABLE t (c {declared})", [(v,) for v in values])
    with pytest.raises(Refused) as refused:
        migrate(database, path)
    assert "`t.c` in `a.db`" in refused.value.message and "(the row with rowid = " in refused.value.message
    assert "--on-misfit widen" in refused.value.hint
    done = migrate(database, path, on_misfit="widen")
    assert done.migration.tables[0].columns[0].choice.postgres == postgres
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []


def test_text_that_is_no_text_is_named_and_never_cut(database: DatabaseUrl, tmp_path: Path) -> None:
    sql = "CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT); INSERT INTO t VALUES ('good', 'x')"
    path = make(tmp_path / "a.db", f"{sql}, ('bad', CAST(x'66a0' AS TEXT));")
    with pytest.raises(Refused) as refused:
        migrate(database, path)
    assert "`t.v` in `a.db`: 1 row cannot be carried: bytes that are not valid text" in refused.value.message
    assert "the row with k = 'bad' holds X'66A0'" in refused.value.message
    done = migrate(database, path, on_misfit="widen")
    assert done.comparison.equal
    assert query(database, "SELECT v FROM t WHERE k = 'bad'")[0][0].tobytes() == b"\x66\xa0"


def test_a_utf16_file_arrives_as_text(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT);"
        "INSERT INTO t VALUES ('é', 'a'), ('z', NULL), ('🙂', ''), ('\uffee', 'ü');",
    )
    done = migrate(database, path)
    assert done.comparison.equal and done.comparison.values == 8
    expected = [("z", None), ("é", "a"), ("\uffee", "ü"), ("🙂", "")]
    assert query(database, "SELECT k, v FROM t ORDER BY k") == expected


def test_tables_without_a_key_are_compared_too(database: DatabaseUrl, tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(i % 3, None if i % 2 else "x", i % 5 / 3) for i in range(200)]
    path = filled(tmp_path / "a.db", "CREATE TABLE t (a INTEGER, b TEXT, c REAL)", rows)
    done = migrate(database, path)
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []
    query(database, "UPDATE t SET b = 'y' WHERE ctid = (SELECT min(ctid) FROM t WHERE b = 'x')")
    found = verify(done.migration, database, QUIET, NoHurry())
    assert sorted(d.kind for d in found.first) == ["extra", "missing"]


TAMPERINGS = [
    ("UPDATE t SET s = 'other' WHERE id = 500", "value", "s"),
    ("UPDATE t SET s = '' WHERE id = 501", "value", "s"),
    ("UPDATE t SET s = NULL WHERE id = 502", "value", "s"),
    (f"UPDATE t SET r = {math.nextafter(500 / 7, 1000)!r} WHERE id = 500", "value", "r"),
    ("UPDATE t SET r = '-0' WHERE id = 0", "value", "r"),
    ("UPDATE t SET d = d + 0.0000000001 WHERE id = 500", "value", "d"),
    ("UPDATE t SET b = b || '\\x00' WHERE id = 500", "value", "b"),
    ("DELETE FROM t WHERE id = 500", "missing", ""),
    ("INSERT INTO t (id, s) VALUES (5000, 'x')", "extra", ""),
]


def test_verify_notices_every_kind_of_difference(database: DatabaseUrl, tmp_path: Path) -> None:
    create = "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, r REAL, d NUMERIC, b BLOB)"
    rows: list[tuple[object, ...]] = [
        (i, None if i % 3 == 0 else "" if i % 3 == 1 else "x", i / 7, i / 8, b"b") for i in range(1000)
    ]
    done = migrate(database, filled(tmp_path / "a.db", create, rows))
    assert done.comparison.equal
    query(database, "CREATE TABLE kept AS SELECT * FROM t")
    for tamper, kind, column in TAMPERINGS:
        query(database, tamper)
        found = verify(done.migration, database, QUIET, NoHurry())
        assert not found.equal and found.differences == 1, tamper
        assert (found.first[0].kind, found.first[0].column) == (kind, column)
        assert found.first[0].key in {"id = 0", "id = 500", "id = 501", "id = 502", "id = 5000"}
        query(database, "TRUNCATE t; INSERT INTO t SELECT * FROM kept")
    assert verify(done.migration, database, QUIET, NoHurry()).equal


def test_a_migration_error_is_always_one_gigops_explains(database: DatabaseUrl, tmp_path: Path) -> None:
    wide = ", ".join(f"c{i}" for i in range(1651))
    with pytest.raises(GigopsError, match="1651 columns"):
        migrate(database, make(tmp_path / "a.db", f"CREATE TABLE t ({wide})"))
