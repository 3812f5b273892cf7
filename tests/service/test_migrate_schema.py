"""What a SQLite schema promises, PostgreSQL keeps: keys, constraints, defaults, sequences."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg2
import pytest

from ops.errors import Refused
from ops.settings import Source
from ops.values import DatabaseUrl
from tests.service.migrating import make, migrate, query, unequal_tables


def test_constraints_hold_after_the_move(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        """
        CREATE TABLE parent (id INTEGER PRIMARY KEY, code VARCHAR(5) NOT NULL UNIQUE, boss REFERENCES parent);
        CREATE TABLE child (
            a INTEGER, b TEXT, parent_id INTEGER NOT NULL REFERENCES parent ON DELETE CASCADE,
            code TEXT REFERENCES parent (CODE) DEFERRABLE INITIALLY DEFERRED,
            state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done')),
            made TEXT DEFAULT CURRENT_TIMESTAMP, amount REAL CHECK (amount >= 0), PRIMARY KEY (b, a)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX live ON child (code) WHERE state = 'new';
        CREATE INDEX down ON child (made DESC, lower(b));
        INSERT INTO parent VALUES (1, 'x', NULL), (2, 'y', 1);
        INSERT INTO child (a, b, parent_id, code, state)
            VALUES (1, 'k', 1, 'x', 'done'), (2, 'k', 1, 'x', 'done');
        """,
    )
    done = migrate(database, path)
    assert done.comparison.equal and done.comparison.complete
    assert done.migration.notes == done.notes == ()
    for statement, error in [
        ("INSERT INTO parent (code) VALUES ('x')", psycopg2.errors.UniqueViolation),
        ("INSERT INTO parent (code) VALUES ('sixsix')", psycopg2.errors.StringDataRightTruncation),
        ("INSERT INTO parent (code) VALUES (NULL)", psycopg2.errors.NotNullViolation),
        ("INSERT INTO child (a, b, parent_id) VALUES (3, 'k', 99)", psycopg2.errors.ForeignKeyViolation),
        ("INSERT INTO child (a, b, parent_id) VALUES (1, 'k', 1)", psycopg2.errors.UniqueViolation),
        (
            "INSERT INTO child (a, b, parent_id, state) VALUES (3, 'k', 1, 'odd')",
            psycopg2.errors.CheckViolation,
        ),
        (
            "INSERT INTO child (a, b, parent_id, amount) VALUES (3, 'k', 1, -1)",
            psycopg2.errors.CheckViolation,
        ),
    ]:
        with pytest.raises(error):
            query(database, statement)
    query(database, "INSERT INTO child (a, b, parent_id) VALUES (3, 'k', 2)")
    state, made = query(database, "SELECT state, made FROM child WHERE a = 3")[0]
    assert state == "new" and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", made), "SQLite's own text form"
    query(database, "DELETE FROM parent WHERE id = 2")
    assert query(database, "SELECT count(*) FROM child WHERE a = 3") == [(0,)], "ON DELETE CASCADE"
    definitions = "\n".join(row[0] for row in query(database, "SELECT indexdef FROM pg_indexes"))
    assert "WHERE (state = 'new'::text)" in definitions and "made DESC" in definitions
    assert "DEFERRABLE INITIALLY DEFERRED" in query(
        database, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'child_code_fkey'"
    )[0][0]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2);", 3),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, v);", 1),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (-5, 1), (0, 1);", 1),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t(v) VALUES (1), (1), (1);"
         " DELETE FROM t WHERE id > 1;", 4),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t(v) VALUES (1);"
         " DELETE FROM t;", 2),
    ],
)  # fmt: skip
def test_the_next_id_is_the_one_sqlite_would_not_reuse(
    sql: str, expected: int, database: DatabaseUrl, tmp_path: Path
) -> None:
    migrate(database, make(tmp_path / "a.db", sql))
    assert query(database, "INSERT INTO t (v) VALUES (7) RETURNING id") == [(expected,)]


def test_what_cannot_be_carried_is_noted_and_the_rest_goes_on(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        """
        CREATE TABLE p (x INTEGER, name TEXT COLLATE NOCASE UNIQUE);
        CREATE TABLE c (k TEXT PRIMARY KEY, a INTEGER REFERENCES p (x), b INTEGER REFERENCES nowhere,
            d INTEGER REFERENCES q, e TEXT AS (printf('%05d', a)), f TEXT DEFAULT (hex(zeroblob(3))),
            CHECK (printf('%05d', a) <> 'x'));
        CREATE TABLE q (id INTEGER PRIMARY KEY);
        CREATE INDEX odd ON c (strftime('%Y', k));
        CREATE VIEW v AS SELECT x FROM nowhere;
        CREATE TRIGGER tr AFTER INSERT ON q BEGIN SELECT 1; END;
        INSERT INTO p VALUES (1, 'Ärger'), (2, 'ärger');
        INSERT INTO q VALUES (1);
        INSERT INTO c (k, a, b, d) VALUES (NULL, 1, NULL, 1), (NULL, 2, 5, 77);
        """,
    )
    done = migrate(database, path)
    assert done.comparison.equal
    noted = done.noted()
    for expected in [
        "c(a) REFERENCES p: the foreign key is not carried: (x) is no key of `p`",
        "c(b) REFERENCES nowhere: the foreign key is not carried: there is no table `nowhere`",
        "c(d) REFERENCES q: 1 rows have no parent (77): kept for new rows (NOT VALID)",
        "c.e: is computed by SQLite (printf('%05d', a))",
        "c.f: the default is not carried",
        "CHECK (printf('%05d', a) <> 'x'): not carried",
        "c.odd: the index is not carried",
        'c: the primary key ("k") holds NULL',
        "v: the view is not carried",
        "tr: the trigger on `q` is not carried",
        "p.name: is COLLATE NOCASE",
    ]:
        assert expected in noted
    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(database, "INSERT INTO p VALUES (3, 'äRGER')")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        query(database, "INSERT INTO c (k, d) VALUES ('new', 78)")


def test_odd_names_arrive_as_they_are(database: DatabaseUrl, tmp_path: Path) -> None:
    long = "a_column_with_a_very_long_name_that_postgresql_has_no_room_for_at_all_"
    path = make(
        tmp_path / "a.db",
        f"""
        CREATE TABLE "select" ("quo""te" TEXT, "Mixed Case" INTEGER PRIMARY KEY, xmin TEXT,
            {long}1 INT, {long}2 INT);
        CREATE TABLE "table/with/slashes.csv" (a, "A b");
        CREATE TABLE "Order Details" (rowid TEXT, oid TEXT, _rowid_ TEXT);
        INSERT INTO "select" VALUES ('q', 1, 'x', 10, 20);
        INSERT INTO "table/with/slashes.csv" VALUES (1, 2);
        INSERT INTO "Order Details" VALUES ('a', 'b', 'c'), ('a', 'b', 'c'), (NULL, '', 'd');
        """,
    )
    done = migrate(database, path)
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []
    assert query(database, 'SELECT "quo""te", "Mixed Case", xmin_ FROM "select"') == [("q", 1, "x")]
    assert "PostgreSQL cannot have this name: it is `xmin_` there" in done.noted()


def test_equal_names_in_two_files_are_refused_with_both_ways_out(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    one = make(tmp_path / "one.db", "CREATE TABLE t (a); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1);")
    two = make(tmp_path / "two.db", "CREATE TABLE t (a); CREATE INDEX i ON t (a); INSERT INTO t VALUES (2);")
    with pytest.raises(Refused) as refused:
        migrate(database, one, two)
    assert "`t` is a table of both `one.db` and `two.db`" in refused.value.message
    assert "--schema-per-source" in refused.value.hint and "--prefix" in refused.value.hint
    apart = migrate(database, Source(one, schema="one"), Source(two, schema="two"))
    assert apart.comparison.equal
    assert query(database, "SELECT a FROM one.t UNION ALL SELECT a FROM two.t") == [(1,), (2,)]
    beside = migrate(database, Source(one, prefix="one_"), Source(two, prefix="two_"))
    assert beside.comparison.equal and beside.comparison.complete
    assert query(database, "SELECT a FROM one_t UNION ALL SELECT a FROM two_t") == [(1,), (2,)]
    assert "the index is named `i_" in beside.noted()
