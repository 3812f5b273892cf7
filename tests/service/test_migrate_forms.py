"""Files of applications that bring collations, functions and modules of their own, in other encodings, or
with values of great size: every value arrives."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ops.errors import SourceError
from ops.values import DatabaseUrl
from tests.service.migrating import make, migrate, query

ANKI = """
CREATE TABLE notes (id INTEGER PRIMARY KEY, sfld INTEGER NOT NULL, tags TEXT);
CREATE TABLE tags (tag TEXT NOT NULL PRIMARY KEY COLLATE unicase, usn INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE decks (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL COLLATE unicase, common BLOB);
CREATE TABLE used (tag TEXT COLLATE unicase REFERENCES tags(tag), note INTEGER REFERENCES notes(id));
CREATE UNIQUE INDEX idx_decks_name ON decks (name);
CREATE INDEX idx_used ON used (tag COLLATE "unicase", note);
INSERT INTO notes VALUES (1, 'front', 'b A'), (2, 7, NULL);
INSERT INTO decks VALUES (1, 'Default', x'00ff'), (3, 'ältere', NULL), (4, 'Äpfel', x'');
INSERT INTO tags VALUES ('b', 1), ('A', 2), ('ß', 3), ('c', 4);
INSERT INTO used VALUES ('A', 1), ('b', 1), ('c', 2);
"""


def _with(path: Path, prepare: Callable[[sqlite3.Connection], object], sql: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        prepare(connection)
        connection.executescript(sql)
    return path


def _unicase(connection: sqlite3.Connection) -> None:
    connection.create_collation("unicase", lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))


def _own_function(connection: sqlite3.Connection) -> None:
    connection.create_function("app_norm", 1, lambda text: str(text).lower(), deterministic=True)


def test_tables_sorted_by_a_collation_of_the_application_arrive_whole(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = _with(tmp_path / "collection.anki2", _unicase, ANKI)
    done = migrate(database, path, on_misfit="widen")
    assert done.comparison.equal and done.comparison.complete and done.comparison.rows == 12
    assert query(database, 'SELECT tag, usn FROM tags ORDER BY tag COLLATE "C"') == [
        ("A", 2), ("b", 1), ("c", 4), ("ß", 3),
    ]  # fmt: skip
    assert query(database, "SELECT name FROM decks ORDER BY id") == [("Default",), ("ältere",), ("Äpfel",)]
    assert query(database, "SELECT sfld FROM notes ORDER BY id") == [("front",), ("7",)]
    assert "decks.name is COLLATE UNICASE" in done.noted().replace(": ", " ")


def test_checks_and_indexes_with_functions_of_the_application_are_told_and_the_rows_arrive(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = _with(
        tmp_path / "a.db",
        _own_function,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT CHECK (app_norm(v) <> 'x'),"
        " low TEXT GENERATED ALWAYS AS (app_norm(v)) STORED);"
        "CREATE INDEX by_norm ON t (app_norm(v)); CREATE INDEX some ON t (v) WHERE app_norm(v) > 'a';"
        "INSERT INTO t (id, v) VALUES (1, 'B'), (2, NULL);",
    )
    done = migrate(database, path)
    assert done.comparison.equal
    assert query(database, "SELECT id, v, low FROM t ORDER BY id") == [(1, "B", "b"), (2, None, "none")]
    for what in ("by_norm", "some", "CHECK", "t.low"):
        assert what in done.noted(), what


def test_a_column_that_only_the_application_can_compute_is_named(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = _with(
        tmp_path / "a.db",
        _own_function,
        "CREATE TABLE t (v TEXT, low TEXT GENERATED ALWAYS AS (app_norm(v)) VIRTUAL);"
        "INSERT INTO t (v) VALUES ('B');",
    )
    with pytest.raises(
        SourceError, match=r"`t.low` in `a.db` is computed whenever it is read, by `app_norm\(\)`"
    ):
        migrate(database, path)


def test_a_virtual_table_of_a_module_that_is_not_here_is_told_and_the_others_arrive(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (v); INSERT INTO t VALUES ('a'), ('b');")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('table', 'places', 'places', 0,"
            " 'CREATE VIRTUAL TABLE places USING VirtualSpatialIndex()'); PRAGMA writable_schema = OFF;"
        )
    done = migrate(database, path)
    assert done.comparison.equal and done.comparison.rows == 2
    assert "places" in done.noted()


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_file_in_utf_16_arrives_with_every_character(
    encoding: str, database: DatabaseUrl, tmp_path: Path
) -> None:
    texts = ["plain", "Größe ß", "日本語", "😀🇺🇳", "", "a\tb\nc\\.", None]
    path = make(
        tmp_path / "a.db",
        f"PRAGMA encoding = '{encoding}';\n"
        'CREATE TABLE "Größe" (id INTEGER PRIMARY KEY, "näme" TEXT UNIQUE);'
        "CREATE TABLE k (k TEXT PRIMARY KEY, v) WITHOUT ROWID;",
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany('INSERT INTO "Größe" VALUES (?, ?)', enumerate(texts))
        connection.executemany("INSERT INTO k VALUES (?, ?)", [(t, i) for i, t in enumerate(texts) if t])
        connection.commit()
        assert connection.execute("PRAGMA encoding").fetchone()[0].lower() == encoding.lower()
    assert migrate(database, path).comparison.equal
    assert query(database, 'SELECT "näme" FROM "Größe" ORDER BY id') == [(text,) for text in texts]
    assert {k for (k,) in query(database, "SELECT k FROM k")} == {t for t in texts if t}


def test_strict_tables_with_any_and_rows_without_any_key_arrive(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE s (id INTEGER PRIMARY KEY, i INT NOT NULL, r REAL, t TEXT, b BLOB, a ANY) STRICT;"
        "INSERT INTO s VALUES (1, 1, 1.5, 'x', x'00', 'any'), (2, 2, NULL, NULL, NULL, 'other');"
        "CREATE TABLE twins (a, b); INSERT INTO twins VALUES (1, 'x'), (1, 'x'), (NULL, NULL), (NULL, NULL);",
    )
    assert migrate(database, path).comparison.equal
    assert query(database, "SELECT i, r, t, encode(b, 'hex'), a FROM s WHERE id = 1") == [
        (1, 1.5, "x", "00", "any")
    ]
    assert query(database, "SELECT a, b, count(*) FROM twins GROUP BY 1, 2 ORDER BY 1") == [
        (1, "x", 2), (None, None, 2),
    ]  # fmt: skip


def test_a_value_of_200_mb_arrives_in_bounded_memory(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB);"
        "INSERT INTO t VALUES (1, x'00'), (2, randomblob(200000000)), (3, x'ff');",
    )
    environment = {**os.environ, "GIGOPS_TARGET_URL": database.reveal()}
    command = [sys.executable, "-m", "ops.cli.app", "migrate", "--source", str(path)]
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (tmp_path / "output").read_text()
    print(f"{usage.ru_maxrss / 1024:.0f} MB")
    assert query(database, "SELECT id, length(v) FROM t ORDER BY id") == [(1, 1), (2, 200_000_000), (3, 1)]
    assert usage.ru_maxrss / 1024 < 1_500
