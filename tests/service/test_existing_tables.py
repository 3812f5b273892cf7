"""`--schema existing`: tables that the application made itself are filled, and left as they were."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Refused
from ops.migrate.run import Migrated, Wanted
from ops.migrate.run import migrate as run
from ops.settings import Source, Target, TypeRule
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, NoHurry, make, query

PEOPLE = """
CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, boss INTEGER REFERENCES people (id));
INSERT INTO people VALUES (1, 'ana', 3), (2, '', 1), (3, 'bo', NULL);
"""
PEOPLE_THERE = """
CREATE TABLE people (boss int REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED, name varchar(9),
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
"""


def fill(url: DatabaseUrl, folder: Path, path: Path, **target: object) -> Migrated:
    into = Target(tables="existing", **target)  # type: ignore[arg-type]
    wanted = Wanted([Source(path)], url, folder / "snapshots", target=into)
    return run(wanted, QUIET, NoHurry())


def there(url: DatabaseUrl, sql: str) -> None:
    with closing(connect(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


def keys(url: DatabaseUrl) -> list[tuple[object, ...]]:
    return query(
        url,
        "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE contype = 'f' ORDER BY 1",
    )


def test_values_take_the_types_that_the_tables_have(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        """CREATE TABLE kinds (id INTEGER PRIMARY KEY, small SMALLINT, ok BOOLEAN, price DECIMAL(10,2),
            doc TEXT, uid CHAR(32), at DATETIME, day DATE, clock TIME, took BIGINT, span DATETIME, mood TEXT,
            addr CHAR(39), tags TEXT, grid TEXT, raw BLOB, code TEXT, ratio REAL, ms INTEGER, word TEXT);
        INSERT INTO kinds VALUES
            (1, 7, 1, 12.5, '{"b": 1, "a": [1.50]}', '0123456789abcdef0123456789abcdef',
             '2024-02-29 12:30:00.123456', '2024-02-29', '23:59:59.5', 90000000, '1970-01-02 00:00:01.000000',
             'sad', '192.168.0.1', '["a, b", "q\\"x", null, "ü"]', '[[1, 2], [3, 4]]', x'00ff',
             'ab', 0.1, 1700000000123, 'Ärger'),
            (2, NULL, 0, -3, '[]', NULL, '2024-01-01T00:00:00+02:00', NULL, NULL, -1, NULL, NULL, '::1/64',
             '[]', NULL, x'', '', 1e300, NULL, '');""",
    )
    there(
        database,
        """CREATE TYPE mood AS ENUM ('happy', 'sad');
        CREATE DOMAIN short AS text CHECK (length(VALUE) < 6);
        CREATE TABLE kinds (word short, ms timestamptz(3), ratio float8, code char(4), raw bytea, grid int[],
            tags text[], addr inet, mood mood, span interval, took interval, clock time, day date,
            at timestamptz, uid uuid, doc jsonb, price numeric(10,2), ok boolean NOT NULL, small smallint,
            id int PRIMARY KEY)""",
    )
    done = fill(database, tmp_path, path)
    assert done.comparison and done.comparison.equal, done.comparison.first
    assert done.comparison.values == 40
    rows = query(
        database,
        "SELECT small, ok, price, doc::text, uid::text, at::text, day::text, clock::text, took::text,"
        " span::text, mood::text, host(addr), tags, grid, raw, code, ratio, ms::text, word FROM kinds ORDER BY id",
    )
    first, second = [[bytes(cell) if isinstance(cell, memoryview) else cell for cell in row] for row in rows]
    assert [str(cell) for cell in first[:12]] == [
        "7", "True", "12.50", '{"a": [1.50], "b": 1}', "01234567-89ab-cdef-0123-456789abcdef",
        "2024-02-29 12:30:00.123456+00", "2024-02-29", "23:59:59.5", "00:01:30", "24:00:01",
        "sad", "192.168.0.1",
    ]  # fmt: skip
    assert first[12:] == [
        ["a, b", 'q"x', None, "ü"], [[1, 2], [3, 4]], b"\x00\xff", "ab  ", 0.1, "2023-11-14 22:13:20.123+00",
        "Ärger",
    ]  # fmt: skip
    assert second[5] == "2023-12-31 22:00:00+00" and second[12] == [] and second[14] == b""
    assert second[18] == "" and second[16] == 1e300
    again = fill(database, tmp_path, path)
    assert (again.copied.rows, again.copied.already) == (0, 2)
