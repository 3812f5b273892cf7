"""`--schema existing`: tables that the application made itself are filled, and left as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Refused
from ops.migrate.run import Migrated, Wanted, compare
from ops.migrate.run import migrate as run
from ops.migrate.survey import survey
from ops.migrate.target import create_schema
from ops.settings import Source, Target, TypeRule
from ops.values import DatabaseUrl, Secret
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


@contextmanager
def guest(server: DatabaseUrl, url: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """A role that may read and write the tables of `url`, and owns none of them."""
    name = f"{url.database}_guest"
    there(server, f"CREATE ROLE {name} LOGIN PASSWORD 'guest-secret'")
    there(url, f"GRANT CREATE ON DATABASE {url.database} TO {name}")
    there(url, f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
    there(url, f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    own = replace(url, user=name, password=Secret("guest-secret"))
    try:
        yield own
    finally:
        there(replace(server, database=url.database), f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


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


def test_keys_triggers_and_numbering_are_as_they_were(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE + "DELETE FROM people WHERE id = 2;")
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
    assert query(database, "SELECT id, name FROM people WHERE id > 3") == [(4, "CY")]
    assert query(database, "SELECT * FROM _gigops.held") == []


def test_orphans_leave_the_key_for_new_rows_and_are_told(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE + "DELETE FROM people WHERE id = 3;")
    there(database, PEOPLE_THERE)
    done = fill(database, tmp_path, path)
    assert [row[2] for row in keys(database)] == [False]
    assert "rows refer to rows that are missing" in "\n".join(map(str, done.notes))
    with pytest.raises(Exception, match="violates foreign key"):
        there(database, "INSERT INTO people (boss) VALUES (99)")


def test_what_stands_on_one_side_only_is_told_before_anything_changes(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        """CREATE TABLE "Users" (id INTEGER PRIMARY KEY, "fullName" TEXT, old TEXT, idle TEXT DEFAULT 'no');
        INSERT INTO "Users" VALUES (1, 'ana', 'x', 'no');
        CREATE TABLE gone (a); INSERT INTO gone VALUES (1); CREATE TABLE void (a);
        CREATE TABLE narrow (id INTEGER PRIMARY KEY, code TEXT, n INTEGER, must TEXT, mood TEXT);
        INSERT INTO narrow VALUES (1, 'abc', 1, 'x', 'sad'), (2, 'abcdef', 3000000000, NULL, 'blue');
        CREATE TABLE full (id INTEGER PRIMARY KEY); INSERT INTO full VALUES (1);""",
    )
    there(
        database,
        """CREATE TYPE mood AS ENUM ('sad');
        CREATE TABLE users (id int PRIMARY KEY, fullname text, plus text NOT NULL, also int);
        CREATE TABLE narrow (id int PRIMARY KEY, code varchar(5), n int, must text NOT NULL, mood mood);
        CREATE TABLE "full" (id int PRIMARY KEY); INSERT INTO "full" VALUES (7);
        CREATE TABLE elsewhere (id int)""",
    )
    with pytest.raises(Refused):
        fill(database, tmp_path, path)
    into = Target(tables="existing")
    migration = survey([Source(path)], into, url=database)
    assert migration.filling
    refusals = {note.where: note.what for note in migration.filling.refusals}
    assert refusals == {
        "Users.old": "is in SQLite only, and 1 rows have a value there",
        "users.plus": "is in PostgreSQL only, is NOT NULL and has no default",
        "gone": "is in SQLite only, with 1 rows",
        "narrow.must": "is NOT NULL, and 1 rows hold NULL (one with id = 2)",
        "narrow.code": "1 value does not fit varchar(5): 'abcdef' is 6 characters, too long for varchar(5)"
        " (the row with id = 2)",
        "narrow.n": "the integers reach 1..3000000000, beyond integer",
        "narrow.mood": "1 value does not fit public.mood: 'blue' is none of the words of public.mood"
        " (the row with id = 2)",
        "full": "holds rows that SQLite does not have",
    }
    told = "\n".join(map(str, migration.notes))
    for said in ("Users.idle: is in SQLite only", "users.also: is in PostgreSQL only", "void: is in SQLite only",
                 "elsewhere: is in PostgreSQL only"):  # fmt: skip
        assert said in told
    assert query(database, "SELECT to_regnamespace('_gigops')") == [(None,)]


def test_a_rule_leaves_a_column_or_a_table_behind(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        """CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, old TEXT);
        INSERT INTO users VALUES (1, 'ana', 'x');
        CREATE TABLE gone (a); INSERT INTO gone VALUES (1);""",
    )
    there(database, "CREATE TABLE users (id int PRIMARY KEY, name text)")
    rules = (TypeRule("users.old", type="skip"), TypeRule("gone.*", type="skip"))
    done = fill(database, tmp_path, path, types=rules)
    assert query(database, "SELECT * FROM users") == [(1, "ana")]
    told = "\n".join(map(str, done.notes))
    assert "users.old: stays behind, as gigops.yaml says: 1 values" in told
    assert "gone: stays behind, as gigops.yaml says: 1 rows" in told


def test_other_migrations_on_either_side_are_refused_with_both_levels(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        PEOPLE
        + "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('a1');",
    )
    there(database, PEOPLE_THERE + "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    there(database, "INSERT INTO alembic_version VALUES ('b2')")
    with pytest.raises(Refused, match="only SQLite has `a1`, only PostgreSQL `b2`"):
        fill(database, tmp_path, path)
    there(database, "UPDATE alembic_version SET version_num = 'a1'")
    assert fill(database, tmp_path, path).comparison
    assert query(database, "SELECT * FROM alembic_version") == [("a1",)]


def test_rows_that_the_migrations_put_there_are_replaced_by_the_same_rows(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        """CREATE TABLE roles (id INTEGER PRIMARY KEY, name TEXT, made TIMESTAMP);
        INSERT INTO roles VALUES (1, 'admin', '2024-01-01 00:00:00'), (2, 'guest', NULL), (3, 'own', NULL);""",
    )
    there(database, "CREATE TABLE roles (name text, made timestamptz, id serial PRIMARY KEY)")
    there(database, "INSERT INTO roles (name, made) VALUES ('admin', '2024-01-01 00:00+00'), ('guest', NULL)")
    done = fill(database, tmp_path, path)
    assert done.comparison and done.comparison.equal
    assert query(database, "SELECT count(*) FROM roles") == [(3,)]
    there(database, "INSERT INTO roles (name) VALUES ('next')")
    assert query(database, "SELECT max(id) FROM roles") == [(4,)]


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


def test_a_new_migration_never_drops_tables_that_were_filled(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE)
    there(database, PEOPLE_THERE)
    fill(database, tmp_path, path)
    make(path, "UPDATE people SET name = 'eve' WHERE id = 1;")
    with pytest.raises(Refused, match="which gigops did not make"):
        run(Wanted([Source(path)], database, tmp_path / "snapshots"), QUIET, NoHurry())
    assert query(database, "SELECT count(*) FROM people") == [(3,)]


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


def test_a_role_that_owns_nothing_loads_parents_first(
    server: DatabaseUrl, database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        """CREATE TABLE a_child (id INTEGER PRIMARY KEY, parent INT); INSERT INTO a_child VALUES (1, 7);
        CREATE TABLE z_parent (id INTEGER PRIMARY KEY); INSERT INTO z_parent VALUES (7);""",
    )
    there(
        database,
        """CREATE TABLE z_parent (id int PRIMARY KEY);
        CREATE TABLE a_child (id serial PRIMARY KEY, parent int REFERENCES z_parent);""",
    )
    with guest(server, database) as url:
        done = fill(url, tmp_path, path)
        assert done.comparison and done.comparison.equal
        assert done.migration.ordered and [row[2] for row in keys(database)] == [True]
        there(url, "INSERT INTO a_child (parent) VALUES (7)")
    there(database, "ALTER TABLE z_parent ADD child int REFERENCES a_child")
    make(path, "ALTER TABLE z_parent ADD child int REFERENCES a_child")
    with guest(server, database) as url, pytest.raises(Refused, match="refers to itself by way of"):
        fill(url, tmp_path, path)


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
