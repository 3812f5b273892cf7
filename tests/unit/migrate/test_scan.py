"""The quick profile says what the careful one says, or leaves the table to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.migrate import scan as scanning
from ops.migrate.catalog import read_schema
from ops.migrate.columns import wanted_forms
from ops.migrate.profile import profile_table
from ops.migrate.seen import TableProfile
from ops.migrate.sqlitefile import reading
from ops.settings import Target
from tests.service.migrating import make

QUICK = """
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE, seen DATETIME, ok BOOLEAN,
    money DECIMAL(10, 2), size VARCHAR(9), ratio REAL, photo BLOB, free, empty TEXT);
INSERT INTO users VALUES
    (-3, 'ä', '2020-01-31', '2024-05-06 07:08:09', 1, 12.5, 'äöü', 0.1, x'00ff', 5, NULL),
    (7, 'b', '2020-02-01', '2024-05-06T07:08:09.123456', 0, 3, '', -1e300, NULL, 6, NULL),
    (900000, 'c', NULL, NULL, NULL, 0.37, NULL, NULL, x'', NULL, NULL);
CREATE TABLE pairs (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO pairs VALUES ('x', 1), ('y', 9223372036854775807);
CREATE TABLE none (id INTEGER PRIMARY KEY, v TEXT);
CREATE TABLE hidden (rowid, oid, _rowid_); INSERT INTO hidden VALUES (1, 2, 3);
CREATE TABLE mixed (v, w NUMERIC); INSERT INTO mixed VALUES (1, 1.5), (2, 9e30), (NULL, 1e-7);
"""
ODD = {
    "a text in an INTEGER column": "CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1), ('x'), (2)",
    "a text first in an INTEGER column": "CREATE TABLE t (v INTEGER); INSERT INTO t VALUES ('x'), (1)",
    "a real in an INTEGER column": "CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1), (1.5)",
    "a blob in a TEXT column": "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a'), (x'ff')",
    "a text in a REAL column": "CREATE TABLE t (v REAL); INSERT INTO t VALUES (1.5), ('n/a')",
    "a NUL in a text": "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a'), ('b' || char(0))",
    "a text that is none": "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a'), (CAST(x'ff' AS TEXT))",
    "an epoch": "CREATE TABLE t (v DATETIME); INSERT INTO t VALUES (1700000000), ('2024-01-01')",
    "a text in a DECIMAL": "CREATE TABLE t (v DECIMAL); INSERT INTO t VALUES (1.5), ('12,5'), ('1.25x')",
    "a real in a BOOLEAN column": "CREATE TABLE t (v BOOLEAN); INSERT INTO t VALUES (1), (0.5)",
    "integers beside reals": "CREATE TABLE t (v NUMERIC); INSERT INTO t VALUES (9007199254740993), (0.5)",
    "UTF-16": "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('ä')",
    "a computed column": "CREATE TABLE t (v INT, w INT AS (v + 1)); INSERT INTO t VALUES (1)",
}


def both(path: Path) -> tuple[dict[str, TableProfile], dict[str, TableProfile]]:
    with reading(path) as connection:
        found = read_schema(connection, path)
        wanted = {table.name: wanted_forms(table, Target()) for table in found.tables}
        careful = {t.name: profile_table(connection, t, found.encoding, wanted[t.name]) for t in found.tables}
    return dict(scanning.scan(found, wanted, whole=True).profiles), careful


def test_the_usual_tables_are_profiled_quickly_and_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a.db", QUICK)
    careful = both(path)[1]

    def none_left(*args: object) -> None:
        raise AssertionError(f"{args[1]} was left to the careful profile")

    with reading(path) as connection:
        found = read_schema(connection, path)
    wanted = {table.name: wanted_forms(table, Target()) for table in found.tables}
    monkeypatch.setattr(scanning, "profile_table", none_left)
    quick = scanning.scan(found, wanted, whole=True).profiles
    for name, profile in careful.items():
        assert quick[name].columns == profile.columns, name
        assert (quick[name].rows, quick[name].lowest_rowid, quick[name].highest_rowid) == (
            profile.rows, profile.lowest_rowid, profile.highest_rowid
        )  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_seen_as_it_is(odd: str, tmp_path: Path) -> None:
    quick, careful = both(make(tmp_path / "a.db", ODD[odd]))
    assert quick == careful


def test_orphans_are_counted_beside(tmp_path: Path) -> None:
    sql = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p); INSERT INTO c VALUES (9)"
    path = make(tmp_path / "a.db", sql)
    with reading(path) as connection:
        counted = read_schema(connection, path)
        plain = read_schema(connection, path, orphans=False)
    wanted = {table.name: wanted_forms(table, Target()) for table in plain.tables}
    assert scanning.scan(plain, wanted, whole=False).tables == counted.tables
