"""`gigops migrate` killed with SIGKILL at fifty random moments of its work and run again each time: at the
end every row is there, and there once."""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

import pytest

from ops.migrate.survey import survey
from ops.settings import Source
from ops.values import DatabaseUrl
from tests.journey.killing import Killer
from tests.service.migrating import make, query, unequal_tables

KILLS, KILLS_A_ROUND, SEED = 50, 17, 2026
SQL = """
CREATE TABLE author (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, born TEXT);
CREATE TABLE book (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES author(id), title TEXT,
    price DECIMAL(10, 2) CHECK (price >= 0));
CREATE TABLE shelf (place TEXT, number INTEGER, book INTEGER REFERENCES book(id),
    PRIMARY KEY (place, number)) WITHOUT ROWID;
CREATE TABLE visit (day TEXT, n INTEGER);
CREATE TABLE cover (book INTEGER UNIQUE REFERENCES book(id), image BLOB, said TEXT);
CREATE INDEX book_title ON book (title);
CREATE INDEX book_author ON book (author, price DESC);
CREATE INDEX visit_day ON visit (day);
CREATE INDEX shelf_book ON shelf (book);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO author SELECT i, 'name ' || i, date(i * 86400, 'unixepoch') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
INSERT INTO book SELECT i * 7 - 60000, i % 2000 + 1, hex(i * 2654435761), i / 100.0 FROM n;
INSERT INTO shelf SELECT 'room ' || id % 9, id, id FROM book;
INSERT INTO visit SELECT 'day ' || id % 3, id % 2 FROM book;
INSERT INTO cover SELECT id, CAST(hex(zeroblob(id % 300)) || x'00ff' AS BLOB),
    iif(id % 2, NULL, 'said ' || id) FROM book WHERE id % 5 = 0;
"""
TABLES = ["author", "book", "shelf", "visit", "cover"]


@pytest.mark.timeout(600)
def test_killed_at_fifty_random_moments_of_a_migration_every_row_is_there_once(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    source = make(tmp_path / "library.db", SQL)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(
        ["ops.cli.app", "ops.cli.migrate", "ops.migrate.run", "ops.migrate.arrow", "ops.migrate.convert",
         "ops.migrate.copy", "ops.wiring.migrate", "psycopg2", "yaml"]
    )  # fmt: skip
    migration = survey([Source(source)])
    moments, killed = random.Random(SEED), 0
    with Killer(processes, source, tmp_path, database) as killer:
        killer.run_whole()
        while killed < KILLS:
            query(database, "DROP SCHEMA _gigops, public CASCADE; CREATE SCHEMA public")
            more = min(KILLS_A_ROUND, KILLS - killed)
            for moment in sorted(moments.uniform(-0.15, 2.1) for _ in range(more)):
                killed += killer.kill_at(moment)
                assert killer.unmarked(TABLES) == {}, f"after {killed} kills"
            killer.run_whole()
            assert unequal_tables(source, database, migration) == []
            assert killer.unmarked(TABLES) == {}
    assert list((tmp_path / ".gigops/snapshots").iterdir()) == [], "no copy of a killed run is left"
    assert query(database, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == [(0,)]
    print(f"{killed} kills")
