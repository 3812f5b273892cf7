"""Booleans, dates, JSON and UUIDs become PostgreSQL's own, in every way SQLite's applications write them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from ops.errors import Refused
from ops.settings import TypeRule
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, Done, NoHurry, make, migrate, query, unequal_tables, verify

ID = "0f8fad5b-d9cd-469f-a165-70867728950e"


def column_of(
    database: DatabaseUrl, folder: Path, declared: str, values: list[object], **target: Any
) -> tuple[Done, str, list[Any]]:
    """Migrates a table of one column; its type in PostgreSQL and its values there, in order."""
    path = folder / "a.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {declared})")
        connection.executemany("INSERT INTO t (c) VALUES (?)", [(value,) for value in values])
        connection.commit()
    query(database, "DROP TABLE IF EXISTS t; DROP SCHEMA IF EXISTS _gigops CASCADE")
    done = migrate(database, path, **target)
    assert done.comparison.equal, done.comparison.first
    assert unequal_tables(path, database, done.migration) == []
    kind = query(database, "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
                           " WHERE attrelid = 't'::regclass AND attname = 'c'")  # fmt: skip
    arrived = [row[0] for row in query(database, "SELECT c FROM t ORDER BY id")]
    return done, kind[0][0], [bytes(v) if isinstance(v, memoryview) else v for v in arrived]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


NATIVE: list[tuple[str, list[object], str, list[object]]] = [
    ("BOOLEAN", [0, 1, "true", "t", "TRUE", 1.0, None], "boolean",
     [False, True, True, True, True, True, None]),
    ("TINYINT(1)", [0, 1], "boolean", [False, True]),
    ("TINYINT(1)", [0, 5], "smallint", [0, 5]),
    ("NUMERIC DEFAULT false", [0, 1, None], "boolean", [False, True, None]),
    ("DATE", ["2024-02-29", None], "date", [date(2024, 2, 29), None]),
    ("DATE", ["2024-02-29", "2024-03-01 10:00"], "timestamp without time zone",
     [datetime(2024, 2, 29), datetime(2024, 3, 1, 10)]),
    ("DATETIME", ["2024-02-29", "2024-02-29T01:02:03.123456"], "timestamp without time zone",
     [datetime(2024, 2, 29), datetime(2024, 2, 29, 1, 2, 3, 123456)]),
    ("TIMESTAMP", ["2024-02-29T00:00:00+02:00", "0001-01-01 00:00:00+00:00"], "timestamp with time zone",
     [utc(2024, 2, 28, 22), utc(1, 1, 1)]),
    ("DATETIME", [1781074020380, 1627303906122], "timestamp with time zone",
     [utc(2026, 6, 10, 6, 47, 0, 380_000), utc(2021, 7, 26, 12, 51, 46, 122_000)]),
    ("DATETIME", [1598313600, 0, -1], "timestamp with time zone",
     [utc(2020, 8, 25), utc(1970, 1, 1), utc(1969, 12, 31, 23, 59, 59)]),
    ("DATETIME", [2459580.5, 2440587.75], "timestamp with time zone",
     [utc(2022, 1, 1), utc(1970, 1, 1, 6)]),
    ("DATETIME", [635403600.25], "double precision", [635403600.25]),
    ("DATETIME", ["2024-02-29 10:00:00", 1598313600], "timestamp with time zone",
     [utc(2024, 2, 29, 10), utc(2020, 8, 25)]),
    ("TIME", ["23:59:59.999999", "07:05"], "time without time zone", [time(23, 59, 59, 999999), time(7, 5)]),
    ("JSON", ['{"a": 1.10, "b": [null, "é"]}', 5, "[]"], "jsonb", [{"a": 1.1, "b": [None, "é"]}, 5, []]),
    ("JSON", ['{"a":1,"a":2}', "[1]"], "json", [{"a": 2}, [1]]),
    ("JSONB", ['{"z": 1,\n "a": 1e2}'], "jsonb", [{"z": 1, "a": 100}]),
    ("UUID", [ID, ID.upper().replace("-", ""), None], "uuid", [ID, ID, None]),
    ("GUID", [bytes(range(16))], "bytea", [bytes(range(16))]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "values", "kind", "expected"), NATIVE)
def test_values_arrive_in_postgresqls_own_types(
    declared: str, values: list[object], kind: str, expected: list[object], database: DatabaseUrl,
    tmp_path: Path,
) -> None:  # fmt: skip
    _, found, arrived = column_of(database, tmp_path, declared, values)
    assert (found, arrived) == (kind, expected)


@pytest.mark.parametrize(("declared", "values"), [(d, v) for d, v, *_ in NATIVE if d not in ("GUID",)])
def test_compat_keeps_what_the_applications_sql_relies_on(
    declared: str, values: list[object], database: DatabaseUrl, tmp_path: Path
) -> None:
    _, found, _ = column_of(database, tmp_path, declared, values, compat=True, on_misfit="widen")
    assert found in ("bigint", "smallint", "text", "double precision", "numeric")


DIRTY: list[tuple[str, list[object], str]] = [
    ("BOOLEAN", [1, 2, "maybe", "", None], "text"),
    ("BOOLEAN", [1, 2], "bigint"),
    ("DATE", ["2024-01-01", "0000-00-00"], "text"),
    ("DATETIME", ["2024-01-01", "2023-02-30", "29/02/2024", "24:00:00", ""], "text"),
    ("DATETIME", ["2024-01-01", 5], "text"),
    ("TIME", ["24:00:00"], "text"),
    ("JSON", ['{"a":1}', "", "#not json", "NaN"], "text"),
    ("UUID", [ID, "not-a-uuid"], "text"),
]


@pytest.mark.parametrize(("declared", "values", "wide"), DIRTY)
def test_values_of_another_form_are_refused_or_all_carried_as_they_are(
    declared: str, values: list[object], wide: str, database: DatabaseUrl, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"`t\.c` in `a\.db`"):
        column_of(database, tmp_path, declared, values)
    _, found, _ = column_of(database, tmp_path, declared, values, on_misfit="widen")
    assert found == wide


def test_what_is_rounded_or_read_as_utc_is_noted_with_its_count(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    values: list[object] = ["2024-01-01 00:00:00.123456789", "2024-01-01 00:00:00.1234560", 1598313600]
    done, _, arrived = column_of(database, tmp_path, "DATETIME", values)
    assert arrived[0] == utc(2024, 1, 1, 0, 0, 0, 123457)
    assert "t.c: 1 values have digits below a microsecond" in done.noted()
    assert "t.c: 2 values say no time zone: they are read as UTC" in done.noted()


def test_a_key_keeps_apart_what_sqlite_keeps_apart(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (d DATETIME UNIQUE, u UUID UNIQUE, j JSON UNIQUE, k DATETIME PRIMARY KEY);"
        f"INSERT INTO t VALUES ('2024-01-01', '{ID}', '[1]', '2024-01-01 00:00:00'),"
        f" ('2024-01-01 00:00:00', '{ID.upper()}', '[1 ]', '2024-01-02 00:00:00');",
    )
    done = migrate(database, path)
    assert done.comparison.equal and done.comparison.complete
    types = {c.name: c.choice.postgres for c in done.migration.tables[0].columns}
    assert types == {"d": "text", "u": "text", "j": "text", "k": "timestamp"}


def test_both_ends_of_a_foreign_key_get_one_type(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE p (id UUID PRIMARY KEY); CREATE TABLE c (p TEXT REFERENCES p, q UUID REFERENCES p);"
        f"INSERT INTO p VALUES ('{ID}'); INSERT INTO c VALUES ('{ID}', '{ID}');",
    )
    done = migrate(database, path)
    assert done.comparison.equal and done.comparison.complete and done.notes == ()
    assert {c.choice.postgres for table in done.migration.tables for c in table.columns} == {"text"}


RULES: list[tuple[str, list[object], TypeRule, str, list[object]]] = [
    ("DATETIME", [635403600.25], TypeRule("t.c", epoch="mac2001"), "timestamp with time zone",
     [utc(2021, 2, 19, 5, 0, 0, 250_000)]),
    ("INTEGER", [1598313600], TypeRule(declared="int*", column="*.c", epoch="unix"),
     "timestamp with time zone", [utc(2020, 8, 25)]),
    ("BLOB", [bytes(range(16))], TypeRule("t.c", type="uuid"), "uuid",
     ["00010203-0405-0607-0809-0a0b0c0d0e0f"]),
    ("INTEGER", [0, 1], TypeRule("T.C", type="boolean"), "boolean", [False, True]),
    ("TEXT", ["1.50", "2"], TypeRule("t.c", type="numeric(6,2)"), "numeric(6,2)", None),
    ("DATE", ["", "2024-01-01"], TypeRule("t.c", empty="null"), "date", [None, date(2024, 1, 1)]),
    ("INTEGER", ["", 5], TypeRule("t.c", empty="null"), "bigint", [None, 5]),
    ("TEXT", ["a\0b", "c"], TypeRule("t.c", nul="strip"), "text", ["ab", "c"]),
    ("TEXT", ["a\0b", "c"], TypeRule("t.c", nul="escape"), "text", ["a\\x00b", "c"]),
    ("DATETIME", ["2024-01-01"], TypeRule("t.c", type="text"), "text", ["2024-01-01"]),
    ("INTEGER", [1, 2], TypeRule("t.c", type="integer"), "integer", [1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "values", "rule", "kind", "expected"), RULES)
def test_the_user_has_the_last_word(
    declared: str, values: list[object], rule: TypeRule, kind: str, expected: list[object] | None,
    database: DatabaseUrl, tmp_path: Path,
) -> None:  # fmt: skip
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {declared})")
        connection.executemany("INSERT INTO t (c) VALUES (?)", [(value,) for value in values])
        connection.commit()
    done = migrate(database, path, types=(rule,))
    assert done.comparison.equal
    found = query(database, "SELECT c FROM t ORDER BY id")
    assert done.migration.tables[0].column("c").choice.postgres in (kind, "timestamptz")
    assert expected is None or [row[0] for row in found] == expected


def test_invalid_text_becomes_what_a_rule_says(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (c TEXT); INSERT INTO t VALUES (CAST(x'66a0' AS TEXT)),"
                                   " ('file'), (CAST(x'6696' AS TEXT));")  # fmt: skip
    done = migrate(database, path, types=(TypeRule("t.c", utf8="cp1252"),))
    assert done.comparison.equal and "t.c: 2 texts are not valid" in done.noted()
    assert {row[0] for row in query(database, "SELECT c FROM t")} == {"f\u00a0", "f–", "file"}


def test_a_type_that_does_not_hold_is_refused_with_column_and_value(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER);"
                                   "INSERT INTO t VALUES (1, 0), (2, 7);")  # fmt: skip
    for how in ("fail", "widen"):
        with pytest.raises(Refused) as refused:
            migrate(database, path, types=(TypeRule("t.c", type="boolean"),), on_misfit=how)
        assert "`t.c`" in refused.value.message and "id = 2" in refused.value.message
        assert "holds 7" in refused.value.message
    done = migrate(database, path, types=(TypeRule("t.c", type="boolean"),), on_misfit="reject",
                   allow_rejects=1)  # fmt: skip
    assert query(database, "SELECT id, c FROM t") == [(1, False)]
    assert [reject.key for reject in done.migration.tables[0].rejects] == [(2,)]


TAMPERINGS = [
    "UPDATE t SET b = NOT b WHERE id = 5",
    "UPDATE t SET d = d + 1 WHERE id = 5",
    "UPDATE t SET ts = ts + interval '1 microsecond' WHERE id = 5",
    "UPDATE t SET tz = tz - interval '1 hour' WHERE id = 5",
    "UPDATE t SET h = h + interval '1 second' WHERE id = 5",
    "UPDATE t SET j = jsonb_set(j, '{a}', '6') WHERE id = 5",
    "UPDATE t SET u = gen_random_uuid() WHERE id = 5",
]


def test_verify_sees_every_change_of_a_native_value(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b BOOLEAN, d DATE, ts DATETIME, tz TIMESTAMPTZ, h TIME,"
        " j JSON, u UUID);"
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO t SELECT i, i % 2,"
        " date('2024-01-01', i || ' days'), datetime('2024-01-01', i || ' hours'),"
        " datetime('2024-01-01', i || ' hours') || 'Z', time(i * 60, 'unixepoch'),"
        " json_object('b', i / 3.0, 'a', i), printf('00000000-0000-0000-0000-%012d', i) FROM n;",
    )
    done = migrate(database, path)
    kinds = [c.choice.postgres for c in done.migration.tables[0].columns[1:]]
    assert kinds == ["boolean", "date", "timestamp", "timestamptz", "time", "jsonb", "uuid"]
    query(database, "CREATE TABLE kept AS SELECT * FROM t")
    for tamper in TAMPERINGS:
        query(database, tamper)
        found = verify(done.migration, database, QUIET, NoHurry())
        assert found.differences == 1 and found.first[0].key == "id = 5", tamper
        query(database, "TRUNCATE t; INSERT INTO t SELECT * FROM kept")
    assert verify(done.migration, database, QUIET, NoHurry()).equal


def test_native_keys_and_tables_without_one_are_compared_in_order(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE k (at DATETIME, u UUID, PRIMARY KEY (at, u)) WITHOUT ROWID;"
        "CREATE TABLE n (b BOOLEAN, at DATETIME, d DATE, u GUID, j JSON, h TIME);"
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
        " INSERT INTO k SELECT datetime('2024-01-01', (i * 7 % 300) || ' hours'),"
        " lower(hex(randomblob(4)) || '-0000-0000-0000-' || hex(randomblob(6))) FROM n;"
        "INSERT INTO n SELECT random() % 2 = 0, at, date(at), NULL, '[' || (random() % 5) || ']', time(at)"
        " FROM k; INSERT INTO n SELECT 1, '2024-01-01T00:00:00Z', NULL, x'00', NULL, NULL;"
        "INSERT INTO n SELECT * FROM n;"
        "CREATE TABLE z (at DATETIME, n INTEGER);"  # as texts they sort otherwise than as instants
        "INSERT INTO z SELECT strftime('%Y-%m-%dT%H:%M:%S', at) || printf('%+03d:00', rowid % 24 - 12), rowid"
        " FROM n;",
    )
    done = migrate(database, path, on_misfit="widen")
    assert done.comparison.equal, done.comparison.first
    assert done.comparison.rows == 300 + 602 + 602
    assert unequal_tables(path, database, done.migration) == []
