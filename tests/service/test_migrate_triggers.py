"""Triggers: what a change does in PostgreSQL is what it does in SQLite, or the trigger is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from ops.values import DatabaseUrl
from tests.service.migrating import make, migrate, query

TABLES = """
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, amount INT, hidden BOOLEAN DEFAULT 0,
        touched TEXT);
    CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, item INT);
    CREATE TABLE sums (name TEXT PRIMARY KEY, total INT NOT NULL);
    INSERT INTO items VALUES (1, 'a', 5, 0, NULL), (2, 'b', 7, 1, 'then');
    INSERT INTO sums VALUES ('a', 5), ('b', 7);
"""
LOGGING = """
    CREATE TRIGGER added AFTER INSERT ON items BEGIN
        INSERT INTO log (what, item) VALUES ('new ' || NEW.name, NEW.id);
        UPDATE sums SET total = total + NEW.amount WHERE name = NEW.name;
        INSERT INTO sums SELECT NEW.name, NEW.amount
            WHERE NOT EXISTS (SELECT 1 FROM sums WHERE name = NEW.name);
    END;
    CREATE TRIGGER changed AFTER UPDATE OF amount ON items WHEN NEW.amount <> OLD.amount BEGIN
        UPDATE sums SET total = total + NEW.amount - OLD.amount WHERE name = NEW.name;
    END;
    CREATE TRIGGER gone AFTER DELETE ON items BEGIN
        INSERT INTO log (what, item) VALUES ('gone', OLD.id);
        DELETE FROM sums WHERE name = OLD.name;
    END;
"""
TOUCHING = """
    CREATE TRIGGER touch AFTER UPDATE ON items WHEN NEW.touched IS OLD.touched BEGIN
        UPDATE items SET touched = 'now ' || NEW.name WHERE id = NEW.id;
    END;
"""
REFUSING = """
    CREATE TRIGGER positive BEFORE INSERT ON items WHEN NEW.amount < 0 BEGIN
        SELECT RAISE(ABORT, 'amount below 0');
    END;
    CREATE TRIGGER visible BEFORE DELETE ON items BEGIN
        SELECT CASE WHEN OLD.hidden THEN RAISE(ABORT, 'it''s hidden') END;
        SELECT RAISE(ROLLBACK, 'the last one') WHERE (SELECT count(*) FROM items) = 1;
    END;
"""


@pytest.mark.parametrize(
    ("made", "changes"),
    [
        (LOGGING, ["INSERT INTO items (id, name, amount) VALUES (3, 'a', 4), (4, 'z', 1)",
                   "UPDATE items SET amount = 10 WHERE id = 2", "UPDATE items SET name = name",
                   "DELETE FROM items WHERE id = 1"]),
        (TOUCHING, ["UPDATE items SET amount = 6 WHERE id = 1",
                    "UPDATE items SET touched = 'x' WHERE id = 2"]),
        (REFUSING, ["INSERT INTO items (id, name, amount) VALUES (3, 'c', -1)",
                    "DELETE FROM items WHERE id = 2",
                    "DELETE FROM items WHERE id = 1", "INSERT INTO items (id, amount) VALUES (4, NULL)"]),
    ],
)  # fmt: skip
def test_changes_have_the_same_effects_on_both_sides(
    database: DatabaseUrl, tmp_path: Path, made: str, changes: list[str]
) -> None:
    path = make(tmp_path / "app.db", TABLES + made)
    done = migrate(database, path)
    assert "not carried" not in done.noted() and done.comparison.complete
    assert query(database, "SELECT count(*) FROM log") == [(0,)], "no trigger runs while rows are loaded"
    with closing(sqlite3.connect(path)) as source:
        for change in changes:
            assert _done(source, change) == _asked(database, change), change
        for table in ("items", "log", "sums"):
            columns = [row[0] for row in source.execute("SELECT name FROM pragma_table_info(?)", (table,))]
            sql = f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1"
            assert [tuple(map(_plain, row)) for row in source.execute(sql)] == [
                tuple(map(_plain, row)) for row in query(database, sql)
            ], table


@pytest.mark.parametrize(
    "trigger",
    [
        "CREATE TRIGGER x AFTER INSERT ON items BEGIN INSERT OR REPLACE INTO sums VALUES (NEW.name, 1); END;",
        "CREATE TRIGGER x AFTER INSERT ON items BEGIN SELECT unheard(NEW.name); END;",
        "CREATE TRIGGER x AFTER UPDATE ON items BEGIN UPDATE items SET amount = 0 WHERE amount = 1; END;",
        "CREATE TRIGGER x AFTER INSERT ON items BEGIN SELECT RAISE(IGNORE); END;",
        "CREATE TRIGGER x AFTER INSERT ON items BEGIN INSERT INTO log (item) VALUES (NEW.name); END;",
    ],
)
def test_a_trigger_of_uncertain_meaning_is_told_with_its_text(
    database: DatabaseUrl, tmp_path: Path, trigger: str
) -> None:
    done = migrate(database, make(tmp_path / "app.db", TABLES + trigger))
    assert "x: the trigger on `items` is not carried: " in done.noted() and trigger[:-1] in done.noted()
    assert query(database, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]


def test_triggers_that_fire_each_other_are_not_carried(database: DatabaseUrl, tmp_path: Path) -> None:
    rounds = """
        CREATE TRIGGER there AFTER INSERT ON items BEGIN INSERT INTO log (what) VALUES ('x'); END;
        CREATE TRIGGER back AFTER INSERT ON log BEGIN INSERT INTO items (name) VALUES ('y'); END;
    """
    told = migrate(database, make(tmp_path / "app.db", TABLES + rounds)).noted()
    assert told.count("would fire it again in PostgreSQL, without end") == 2


def test_a_trigger_that_sets_what_another_one_looks_at_is_not_carried(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    looking = "CREATE TRIGGER look AFTER UPDATE ON items BEGIN INSERT INTO log (what) VALUES (NEW.name); END;"
    done = migrate(database, make(tmp_path / "app.db", TABLES + TOUCHING + looking))
    assert "touch: the trigger on `items` is not carried: the trigger `look` would see" in done.noted()
    assert query(database, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == [("look",)]


def test_a_view_takes_rows_through_its_trigger(database: DatabaseUrl, tmp_path: Path) -> None:
    made = """
        CREATE VIEW names AS SELECT id, name FROM items;
        CREATE TRIGGER naming INSTEAD OF INSERT ON names BEGIN
            INSERT INTO items (id, name) VALUES (NEW.id, NEW.name);
        END;
    """
    migrate(database, make(tmp_path / "app.db", TABLES + made))
    query(database, "INSERT INTO names (id, name) VALUES (9, 'n')")
    assert query(database, "SELECT name FROM items WHERE id = 9") == [("n",)]


def _done(source: sqlite3.Connection, sql: str) -> str:
    try:
        source.execute(sql)
        source.commit()
    except sqlite3.Error as error:
        source.rollback()
        return str(error)
    return ""


def _asked(url: DatabaseUrl, sql: str) -> str:
    try:
        query(url, sql)
    except psycopg2.Error as error:
        return str(error.diag.message_primary)
    return ""


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
