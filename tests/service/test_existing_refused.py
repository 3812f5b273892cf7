"""`--schema existing`: what stands against it is told before anything is changed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Refused
from ops.migrate.run import Wanted
from ops.migrate.run import migrate as run
from ops.migrate.survey import survey
from ops.migrate.target import create_schema
from ops.settings import Source, Target, TypeRule
from ops.values import DatabaseUrl
from tests.service.filling import PEOPLE, PEOPLE_THERE, fill, guest, keys, there
from tests.service.migrating import QUIET, NoHurry, make, query


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
    for said in (
        "Users.idle: is in SQLite only",
        "users.also: is in PostgreSQL only",
        "void: is in SQLite only",
        "elsewhere: is in PostgreSQL only",
    ):
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
        INSERT INTO roles VALUES (1, 'admin', '2024-01-01 00:00:00'), (2, 'guest', NULL), (3, 'x', NULL);""",
    )
    there(database, "CREATE TABLE roles (name text, made timestamptz, id serial PRIMARY KEY)")
    there(database, "INSERT INTO roles (name, made) VALUES ('admin', '2024-01-01 00:00+00'), ('guest', NULL)")
    done = fill(database, tmp_path, path)
    assert done.comparison and done.comparison.equal
    assert query(database, "SELECT count(*) FROM roles") == [(3,)]
    there(database, "INSERT INTO roles (name) VALUES ('next')")
    assert query(database, "SELECT max(id) FROM roles") == [(4,)]


def test_a_new_migration_never_drops_tables_that_were_filled(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", PEOPLE)
    there(database, PEOPLE_THERE)
    fill(database, tmp_path, path)
    make(path, "UPDATE people SET name = 'eve' WHERE id = 1;")
    with pytest.raises(Refused, match="which gigops did not make"):
        run(Wanted([Source(path)], database, tmp_path / "snapshots"), QUIET, NoHurry())
    with closing(connect(database)) as connection:
        create_schema(survey([Source(path)]), connection)
    assert query(database, "SELECT count(*) FROM people") == [(3,)]


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
