"""Rows that cannot be carried: named before anything is changed, set aside whole, all others carried."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ops.errors import Refused
from ops.settings import TypeRule
from ops.values import DatabaseUrl
from tests.service.migrating import make, query
from tests.service.rejecting import compare, lines, migrate, rejects

TABLES = {
    "text in a whole number": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER NOT NULL); INSERT INTO t VALUES"
        " (1, 10), (2, 'lots-of-it'), (3, 5), (4, 12.5), (5, 3.7), (6, ''), (7, 8), (8, x'3132');",
        [1, 3, 7], "no whole number",
    ),
    "not a boolean": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v BOOLEAN); INSERT INTO t VALUES"
        " (1, 1), (2, 2), (3, 'maybe'), (4, ''), (5, NULL), (6, 'true');",
        [1, 5, 6], "neither true nor false",
    ),
    "no date": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v DATETIME); INSERT INTO t VALUES"
        " (1, '2020-02-29 00:00:00'), (2, '0000-00-00'), (3, '2023-02-30'), (4, '29/02/2024'),"
        " (5, '2023-01-01 24:00:00'), (6, '');",
        [1], "no date in ISO form",
    ),
    "no JSON": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v JSON); INSERT INTO t VALUES"
        """ (1, '{"a":1}'), (2, ''), (3, '#not json'), (4, 'NaN');""",
        [1], "no JSON",
    ),
    "no UUID": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v UUID); INSERT INTO t VALUES"
        " (1, '6e9b3f2e-1c3a-4c56-9d4e-0123456789ab'), (2, 'not-a-uuid'), (3, 7);",
        [1], "no UUID",
    ),
    "not UTF-8": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'),"
        " (2, CAST(x'66696c6596' AS TEXT)), (3, 'é'), (4, CAST(x'eda080' AS TEXT)), (5, ''),"
        " (6, CAST(x'c3' AS TEXT));",
        [1, 3, 5], "bytes that are not valid text",
    ),
    "a NUL byte": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"
        " INSERT INTO t VALUES (1, 'a'), (2, 'a' || char(0) || 'b'), (3, char(0));",
        [1], "a NUL byte, which PostgreSQL's text cannot hold",
    ),
    "no number": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL(10, 2)); INSERT INTO t VALUES"
        " (1, 12.34), (2, '12,50'), (3, 'n/a'), (4, 0.1);",
        [1, 4], "no number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_rows_that_do_not_fit_are_refused_by_name_or_set_aside_and_the_others_carried(
    case: str, database: DatabaseUrl, tmp_path: Path
) -> None:
    sql, carried, reason = TABLES[case]
    path = make(tmp_path / "a.db", sql)
    with pytest.raises(Refused) as refused:
        migrate(database, path)
    assert "`t.v` in `a.db`" in refused.value.message and "the row with id = 2 holds" in refused.value.message
    left = sorted(set(range(1, 9)) - set(carried) & set(range(1, 9)))
    assert query(database, "SELECT to_regclass('t')") == [(None,)], "nothing was made"
    done = migrate(database, path, on_misfit="reject", allow_rejects=8)
    assert [row for (row,) in query(database, "SELECT id FROM t ORDER BY id")] == carried
    found = lines(path, "t")
    assert [line["key"]["id"] for line in found] == [i for i in left if i <= len(carried) + len(found)]
    assert done.migration.found.rows == len(found)
    assert reason in {problem["reason"] for line in found for problem in line["problems"]}
    assert f"--allow-rejects {len(found)}" in refused.value.hint
    assert done.comparison and done.comparison.equal and done.comparison.rows == len(carried)
    assert compare(database, path).equal, "a later comparison knows the rejects, without any flag"


def test_more_rejects_than_allowed_are_refused_with_all_counts(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
        "INSERT INTO t SELECT i, iif(i % 2, 'x', i), iif(i % 5, 'fine', 'a' || char(0)) FROM n;",
    )
    with pytest.raises(Refused) as refused:
        migrate(database, path, allow_rejects=299)
    assert "300 rows cannot be carried" in refused.value.message
    assert "t.a: 250 x no whole number" in refused.value.details
    assert any("t.b: 100 x a NUL byte" in line for line in refused.value.details)
    assert sum("the row with id = " in line for line in refused.value.details) == 10
    done = migrate(database, path, allow_rejects=300)
    assert done.comparison and done.comparison.equal and done.comparison.rows == 200


def test_what_is_set_aside_is_whole_private_and_loses_nothing(database: DatabaseUrl, tmp_path: Path) -> None:
    name = "table/with/../slashes.csv"
    path = make(
        tmp_path / "a.db",
        f'CREATE TABLE "{name}" (k TEXT PRIMARY KEY, n INTEGER, r REAL, b BLOB, t TEXT, x) WITHOUT ROWID;'
        f"INSERT INTO \"{name}\" VALUES ('é''\"', 9223372036854775807, 0.1, x'00ff', 'a', NULL),"
        " ('bad', 'word', -1e999, x'', 'a' || char(0) || '\u2028', CAST(x'ff' AS TEXT)),"
        " (CAST(x'ff00' AS TEXT), 1, 5e-324, x'01', '', 9007199254740993);",
    )
    done = migrate(database, path, on_misfit="reject", allow_rejects=2)
    first, second = lines(path, name)
    assert first["row"] == {
        "k": "bad", "n": "word", "r": {"real": "-inf"}, "b": {"blob": ""}, "t": "a\0\u2028",
        "x": {"text": "ff"},
    }  # fmt: skip
    assert second["key"] == {"k": {"text": "ff00"}}
    assert second["row"]["r"] == {"real": "5e-324"} and second["row"]["x"] == 9007199254740993
    assert [p["columns"] for p in first["problems"]] == [["n"], ["t"]]
    folder = rejects(path).folder
    assert sorted(p.name for p in folder.iterdir()) == ["run.json", "table%2Fwith%2F..%2Fslashes.csv.jsonl"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert done.comparison and done.comparison.equal and done.comparison.rows == 1


def test_rejects_of_keys_of_every_kind_are_left_out_exactly(database: DatabaseUrl, tmp_path: Path) -> None:
    reals = "0.1, 1e308, 5e-324, -2.5e-8, 1e15, 123456789.123456789, 4.35, 2.2250738585072014e-308, 3, -0.0"
    rows = ", ".join(f"({real}, {i}, x'{i:02x}', 'x')" for i, real in enumerate(reals.split(", ")))
    good = ", ".join(f"({i}.5, {i}, x'{i:02x}', {i})" for i in range(20, 30))
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (r REAL, n, b BLOB, v INTEGER, PRIMARY KEY (r, n, b)) WITHOUT ROWID;"
        f"INSERT INTO t VALUES {rows}, {good};",
    )
    done = migrate(database, path, on_misfit="reject", allow_rejects=10)
    assert query(database, "SELECT count(*), count(v) FROM t") == [(10, 10)]
    assert done.comparison and done.comparison.equal and len(lines(path, "t")) == 10


def test_two_spellings_of_one_value_do_not_meet_in_a_key(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE); INSERT INTO t VALUES"
        " (1, '6E9B3F2E-1C3A-4C56-9D4E-0123456789AB'), (2, '6e9b3f2e1c3a4c569d4e0123456789ab'), (3, NULL),"
        " (4, NULL), (5, '00000000-0000-4000-8000-000000000000');",
    )
    rules = (TypeRule(column="t.u", type="uuid"),)
    with pytest.raises(
        Refused, match=r"`t.u` in `a.db`: 1 row cannot be carried: the same uuid as an earlier"
    ):
        migrate(database, path, types=rules)
    done = migrate(database, path, types=rules, allow_rejects=1)
    assert query(database, "SELECT id FROM t ORDER BY id") == [(1,), (3,), (4,), (5,)]
    assert done.comparison and done.comparison.equal and done.comparison.complete


def test_a_value_that_only_postgres_refuses_is_named_with_its_row(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    good = ", ".join(f"({i}, '10.0.{i // 256}.{i % 256}')" for i in range(1000) if i != 777)
    path = make(
        tmp_path / "a.db",
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, ip TEXT);INSERT INTO t VALUES {good}, (777, '10.0.0.256');",
    )
    with pytest.raises(Refused) as refused:
        migrate(database, path, types=(TypeRule(column="t.ip", type="inet"),))
    assert "a row of `t` in `a.db`, the one with id = 777: invalid input syntax for type inet" in str(
        refused.value
    )
    assert query(database, "SELECT count(*) FROM t") == [(0,)]
    make(path, "UPDATE t SET ip = '10.0.0.25' WHERE id = 777")
    done = migrate(database, path, types=(TypeRule(column="t.ip", type="inet"),))
    assert done.comparison and done.comparison.equal and done.comparison.rows == 1000


def test_a_row_that_nobody_set_aside_is_a_difference(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 'two');",
    )
    migrate(database, path, allow_rejects=1)
    make(path, "INSERT INTO t VALUES (3, 'three')")
    found = compare(database, path)
    assert [(d.kind, d.key) for d in found.first] == [("missing", "id = 3")] and found.differences == 1
