from __future__ import annotations

from ops.migrate.model import Check
from ops.migrate.sqltext import read_create_index, read_create_table


def test_checks_are_found_wherever_they_stand() -> None:
    text = read_create_table(
        """CREATE TABLE "a,b" ( -- a comment with CHECK (no)
            id INTEGER PRIMARY KEY AUTOINCREMENT, /* CHECK (nor this) */
            state TEXT DEFAULT 'CHECK (x)' CONSTRAINT known CHECK (state IN ('a', ')')) COLLATE nocase,
            [odd name] INT CHECK ([odd name] > 0),
            CHECK (id > 0) CHECK (id < 9)
        )"""
    )
    assert text.checks == (
        Check("state IN ('a', ')')", "known"),
        Check("[odd name] > 0"),
        Check("id > 0"),
        Check("id < 9"),
    )
    assert text.autoincrement
    assert text.columns["state"].collation == "NOCASE"
    assert set(text.columns) == {"id", "state", "odd name"}


def test_each_reference_says_whether_it_is_deferred() -> None:
    text = read_create_table(
        """CREATE TABLE t (a INT REFERENCES p, b INT REFERENCES p(x) DEFERRABLE INITIALLY DEFERRED,
            c INT REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED,
            FOREIGN KEY (a, b) REFERENCES q (x, y) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)"""
    )
    assert text.deferred == (False, True, False, True)


def test_a_generated_column_gives_its_expression() -> None:
    text = read_create_table(
        "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * (2 + 1)) STORED, c AS (a) )"
    )
    assert text.columns["b"].generated == "a * (2 + 1)"
    assert text.columns["c"].generated == "a"
    assert text.columns["a"].generated is None


def test_without_rowid_is_an_option_and_not_a_column() -> None:
    assert read_create_table("CREATE TABLE t (k TEXT PRIMARY KEY) STRICT, WITHOUT ROWID").without_rowid
    assert not read_create_table("CREATE TABLE t (k TEXT DEFAULT 'WITHOUT ROWID')").without_rowid


def test_an_index_gives_its_expressions_and_its_predicate() -> None:
    parts, where = read_create_index(
        "CREATE UNIQUE INDEX i ON [t x] (lower(email) COLLATE nocase DESC, b ASC, substr(c, 1, 2))"
        " WHERE d IS NULL;"
    )
    assert parts == ("lower(email)", "b", "substr(c, 1, 2)")
    assert where == "d IS NULL"
