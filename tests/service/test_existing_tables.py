"""`--schema existing`: tables that the application made itself are filled, and left as they were."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Refused
from ops.migrate.rejects.retry import retry
from ops.migrate.run import Wanted, compare
from ops.migrate.survey import survey
from ops.migrate.target import create_schema
from ops.settings import Source, Target
from ops.values import DatabaseUrl
from tests.service.filling import PEOPLE, PEOPLE_THERE, fill, keys, there
from tests.service.migrating import QUIET, NoHurry, make, query


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
        " span::text, mood::text, host(addr), tags, grid, raw, code, ratio, ms::text, word"
        " FROM kinds ORDER BY id",
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


def test_keys_triggers_and_numbering_are_as_they_were(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        PEOPLE + "INSERT INTO people (id) VALUES (9); DELETE FROM people WHERE id IN (2, 9);",
    )
    there(
        database,
        PEOPLE_THERE
        + """CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.name = upper(NEW.name); RETURN NEW; END $$;
        CREATE TRIGGER shouting BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION shout();
        CREATE TRIGGER quiet BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION shout();
        ALTER TABLE people DISABLE TRIGGER quiet""",
    )
    before = keys(database)
    done = fill(database, tmp_path, path)
    assert done.comparison and done.comparison.equal and done.comparison.complete
    assert keys(database) == before
    assert query(database, "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1") == [
        ("quiet", "D"), ("shouting", "O"),
    ]  # fmt: skip
    assert query(database, "SELECT id, name, boss FROM people ORDER BY id") == [
        (1, "ana", 3),
        (3, "bo", None),
    ]
    there(database, "INSERT INTO people (name) VALUES ('cy')")
    assert query(database, "SELECT id, name FROM people WHERE id > 3") == [(10, "CY")]
    assert query(database, "SELECT * FROM _gigops.held") == []


def test_orphans_leave_the_key_for_new_rows_and_are_told(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE + "DELETE FROM people WHERE id = 3;")
    there(database, PEOPLE_THERE)
    done = fill(database, tmp_path, path)
    assert [row[2] for row in keys(database)] == [False]
    assert "rows refer to rows that are missing" in "\n".join(map(str, done.notes))
    with pytest.raises(Exception, match="violates foreign key"):
        there(database, "INSERT INTO people (boss) VALUES (99)")


def test_a_file_that_changed_fills_the_tables_anew(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE)
    there(database, PEOPLE_THERE)
    before = keys(database)
    fill(database, tmp_path, path)
    make(path, "UPDATE people SET name = 'eve' WHERE id = 1; DELETE FROM people WHERE id = 2;")
    done = fill(database, tmp_path, path)
    assert done.comparison and done.comparison.equal and done.copied.rows == 2
    assert query(database, "SELECT id, name FROM people ORDER BY 1") == [(1, "eve"), (3, "bo")]
    assert keys(database) == before
    there(database, "UPDATE people SET name = 'theirs' WHERE id = 1")
    make(path, "UPDATE people SET name = 'ours' WHERE id = 1;")
    with pytest.raises(Refused, match="copying anew would lose those rows"):
        fill(database, tmp_path, path)
    assert query(database, "SELECT name FROM people WHERE id = 1") == [("theirs",)]


def test_a_run_that_was_killed_before_the_keys_were_back_is_finished_by_the_next(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", PEOPLE)
    there(database, PEOPLE_THERE + "CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW"
          " EXECUTE FUNCTION suppress_redundant_updates_trigger()")  # fmt: skip
    before = keys(database)
    migration = survey([Source(path)], Target(tables="existing"), url=database)
    with closing(connect(database)) as connection:
        create_schema(migration, connection)
    assert keys(database) == []
    done = fill(database, tmp_path, path)
    assert done.comparison and done.comparison.equal and keys(database) == before
    assert query(database, "SELECT tgenabled FROM pg_trigger WHERE tgname = 't'") == [("O",)]


def test_verify_afterwards_needs_no_flag(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE)
    there(database, PEOPLE_THERE)
    fill(database, tmp_path, path)
    plain = Wanted([Source(path)], database, tmp_path / "snapshots")
    assert compare(plain, QUIET, NoHurry()).equal
    there(database, "UPDATE people SET name = 'Ana' WHERE id = 1")
    found = compare(plain, QUIET, NoHurry())
    assert [str(each) for each in found.first] == [
        "people.name: 'ana' in SQLite, 'Ana' in PostgreSQL (id = 1)"
    ]


def test_a_run_that_died_before_the_triggers_were_back_is_finished_by_the_next(
    database: DatabaseUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a.db", PEOPLE)
    there(database, PEOPLE_THERE + "CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW"
          " EXECUTE FUNCTION suppress_redundant_updates_trigger()")  # fmt: skip
    before = keys(database)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("ops.migrate.finish.give_back", dies)
        fill(database, tmp_path, path)
    assert query(database, "SELECT tgenabled FROM pg_trigger WHERE tgname = 't'") == [("D",)]
    done = fill(database, tmp_path, path)
    assert done.copied.already == 3 and keys(database) == before
    assert query(database, "SELECT tgenabled FROM pg_trigger WHERE tgname = 't'") == [("O",)]
    assert query(database, "SELECT * FROM _gigops.held") == []


def test_rows_that_do_not_fit_are_set_aside_on_demand_and_carried_later(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        """CREATE TABLE notes (id INTEGER PRIMARY KEY, code TEXT, at DATETIME, mood TEXT,
            twice INT AS (id * 2) STORED);
        INSERT INTO notes VALUES (1, 'abc', '2024-02-30', 'sad'), (2, 'abcdef', NULL, 'sad'),
            (3, 'abc', '2024-02-29', 'blue'), (4, 'abc', '2024-02-29', 'sad');""",
    )
    there(
        database,
        """CREATE TYPE mood AS ENUM ('sad');
        CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(5), at timestamptz,
            mood mood, twice int GENERATED ALWAYS AS (id * 2) STORED)""",
    )
    with pytest.raises(Refused, match=r"notes\.code 1 value does not fit"):
        fill(database, tmp_path, path)
    done = fill(database, tmp_path, path, on_misfit="reject", allow_rejects=3)
    assert done.comparison and done.comparison.equal
    assert query(database, "SELECT id FROM notes") == [(4,)]
    assert "1 row is set aside" in "\n".join(map(str, done.notes))
    there(database, "ALTER TYPE mood ADD VALUE 'blue'")
    with closing(connect(database)) as connection:
        retry(done.aside[0], connection, ())
        connection.commit()
    assert query(database, "SELECT id, mood::text, twice FROM notes ORDER BY id") == [
        (3, "blue", 6), (4, "sad", 8),
    ]  # fmt: skip
