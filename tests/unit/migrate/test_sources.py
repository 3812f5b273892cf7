"""SQLite files as they come: broken, locked, open in an application; they are read and stay as they are."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ops.errors import NotReady, Refused, SourceError, UsageError
from ops.migrate.migration import Migration
from ops.migrate.snapshot import snapshot, snapshots
from ops.migrate.sqlitefile import identity
from ops.migrate.survey import survey
from ops.settings import Source

T = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a');"


def made(path: Path, sql: str = T) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    return path


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def rows_of(migration: Migration) -> int:
    return migration.rows


@contextmanager
def sleeping_wal(path: Path) -> Iterator[sqlite3.Connection]:
    """A file in WAL mode with rows in its -wal only, open in an application."""
    made(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);")
    with closing(sqlite3.connect(path)) as application:
        application.execute("PRAGMA wal_autocheckpoint = 0")
        application.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        application.commit()
        yield application


def test_what_is_no_readable_sqlite_file_is_named_with_what_helps(tmp_path: Path) -> None:
    text = tmp_path / "notes.db"
    text.write_text("not a database, but long enough to have a header of its own\n" * 5)
    encrypted = tmp_path / "encrypted.db"
    encrypted.write_bytes(random.Random(1).randbytes(4096))
    for path, said in [
        (tmp_path / "nowhere.db", "there is no file"),
        (tmp_path, "is a folder"),
        (text, "is not a SQLite file, or it is encrypted"),
        (encrypted, "is not a SQLite file, or it is encrypted"),
    ]:
        with pytest.raises(SourceError, match=said) as refused:
            survey([Source(path)])
        assert str(path) in refused.value.message and refused.value.hint


def test_a_damaged_file_is_refused_before_anything_is_copied(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db", "CREATE TABLE t (v TEXT);" + "INSERT INTO t VALUES (hex(zeroblob(2000)));" * 50
    )
    data = bytearray(path.read_bytes())
    data[8192:8292] = b"\xff" * 100
    path.write_bytes(data)
    with pytest.raises(SourceError, match="is damaged") as refused:
        survey([Source(path)])
    assert ".recover" in refused.value.hint


def test_an_exclusively_locked_file_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as application:
        application.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceError, match="is locked by another program"):
            survey([Source(path)])


def test_the_same_file_twice_is_a_mistake(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    with pytest.raises(UsageError, match="named twice"):
        survey([Source(path), Source(tmp_path / "." / "a.db")])


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    assert survey([Source(tmp_path / "a.db")]).tables == ()


def test_a_snapshot_holds_what_is_in_the_wal_and_the_source_stays_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    path = tmp_path / "app" / "a b?#.db"
    with sleeping_wal(path):
        before = hashes(path.parent)
        with snapshots([Source(path)], tmp_path / "own") as copies:
            after = hashes(path.parent)
            assert {k: v for k, v in after.items() if not k.endswith("-shm")} == {
                k: v for k, v in before.items() if not k.endswith("-shm")
            }
            assert rows_of(survey(copies)) == 2
            assert identity(copies[0].path)[0] == path.resolve()
            assert stat.S_IMODE(copies[0].path.stat().st_mode) == 0o600
    assert list((tmp_path / "own").iterdir()) == [], "the copies are gone afterwards"


def test_a_wal_file_that_nobody_has_open_gets_no_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    path = made(
        tmp_path / "app" / "a.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);"
    )
    before = hashes(path.parent)
    assert rows_of(survey([Source(path)])) == 1
    with snapshots([Source(path)], tmp_path / "own") as copies:
        assert rows_of(survey(copies)) == 1
    assert hashes(path.parent) == before


def test_a_read_only_file_in_a_read_only_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    path = made(tmp_path / "app" / "a.db")
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with snapshots([Source(path)], tmp_path / "own") as copies:
            assert rows_of(survey(copies)) == 1
    finally:
        path.parent.chmod(0o700)


def test_a_snapshot_of_an_unchanged_file_is_known_as_that_file_and_a_changed_one_is_not(
    tmp_path: Path,
) -> None:
    path = made(tmp_path / "a.db")
    first = identity(snapshot([Source(path)], tmp_path / "1")[0].path)
    assert first == identity(snapshot([Source(path)], tmp_path / "2")[0].path) == identity(path)
    made(path, "UPDATE t SET v = 'b';")
    assert identity(snapshot([Source(path)], tmp_path / "3")[0].path) != first


def test_leftovers_of_a_killed_run_are_swept_and_those_of_a_running_one_are_not(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    dead = tmp_path / "own" / "run-dead"
    dead.mkdir(parents=True)
    (dead / "lock").touch()
    with snapshots([Source(path)], tmp_path / "own") as copies:
        assert not dead.exists()
        with snapshots([Source(path)], tmp_path / "own"):
            assert copies[0].path.exists()


def test_a_snapshot_that_does_not_fit_is_refused_before_it_is_begun(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    with path.open("r+b") as file:
        file.truncate(os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize + 10**9)
    with pytest.raises(NotReady, match="a copy of the sources needs"):
        snapshot([Source(path)], tmp_path / "own")


def test_a_misfit_names_the_row(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a, b INTEGER, PRIMARY KEY (a, b)); INSERT INTO t VALUES ('k', 'x');",
    )
    with pytest.raises(Refused) as refused:
        survey([Source(path)])
    assert "(the row with a = 'k', b = 'x' holds 'x')" in refused.value.message


def test_virtual_tables_are_read_as_tables_and_their_shadows_left_out(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE VIRTUAL TABLE f USING fts5(x); CREATE VIRTUAL TABLE r USING rtree(id, a, b);"
        "CREATE VIRTUAL TABLE outside USING fts5(x, content='f_mine');"
        "CREATE TABLE f_mine (x); CREATE TABLE r_content (x);",
    )
    migration = survey([Source(path)])
    assert [t.name for t in migration.tables] == ["f", "r", "f_mine", "r_content"]
    assert [c.name for c in migration.tables[0].columns] == ["rowid", "x"]
    told = "\n".join(map(str, migration.notes))
    assert "outside: the virtual table is not carried: it indexes `f_mine`" in told
    assert "f_data: the shadow table is not carried" in told
