"""SQLite files in every state that applications leave them in: each is read whole, and left as it was."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ops.errors import Refused, SourceError
from ops.migrate import limits
from ops.migrate.snapshot import settled, snapshots
from ops.migrate.survey import survey
from ops.settings import Source
from tests.unit.migrate.applications import killed_application, listing, open_in_application

T = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)"
WAL = ("PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def make(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def ids(source: Path, folder: Path) -> list[int]:
    """The row ids that a snapshot of `source` holds; the source's folder must stay as it was."""
    before = listing(source.parent)
    with snapshots([Source(source)], folder / "own") as copies:
        with closing(sqlite3.connect(f"file:{copies[0].path}?immutable=1", uri=True)) as copy:
            found = [row[0] for row in copy.execute("SELECT id FROM t ORDER BY id")]
        assert survey(copies).rows == len(found)
    assert {k: v for k, v in listing(source.parent).items() if not k.endswith("-shm")} == {
        k: v for k, v in before.items() if not k.endswith("-shm")
    }
    assert list(listing(source.parent)) == list(before), "no file came or went"
    return found


def test_rows_of_a_log_that_a_killed_application_left_are_read_and_uncommitted_ones_are_not(
    folder: Path, tmp_path: Path
) -> None:
    path = make(folder / "a.db", WAL[0], T, "INSERT INTO t VALUES (1, 'a')")
    killed_application(
        path, *WAL, "INSERT INTO t VALUES (2, 'b')", "INSERT INTO t VALUES (3, 'c')",
        "PRAGMA cache_size = 1", "BEGIN", "INSERT INTO t VALUES (4, hex(zeroblob(99999)))",
    )  # fmt: skip
    assert {"a.db", "a.db-wal"} <= set(listing(folder))
    assert ids(path, tmp_path) == [1, 2, 3]
    (folder / "a.db-shm").unlink()
    assert ids(path, tmp_path) == [1, 2, 3], "also without the log's index, which is not made there"


def test_a_journal_that_a_killed_application_left_is_rolled_back_in_the_copy_only(
    folder: Path, tmp_path: Path
) -> None:
    path = make(folder / "a.db", T, "INSERT INTO t VALUES (1, hex(zeroblob(20000))), (2, 'b')")
    killed_application(
        path, "PRAGMA cache_size = 1", "PRAGMA cache_spill = 1", "BEGIN", "DELETE FROM t",
        "INSERT INTO t VALUES (9, hex(zeroblob(99999)))",
    )  # fmt: skip
    assert set(listing(folder)) == {"a.db", "a.db-journal"}
    assert ids(path, tmp_path) == [1, 2]


def test_a_plan_of_a_file_with_leftovers_writes_nothing_beside_it(folder: Path, tmp_path: Path) -> None:
    path = make(folder / "a.db", WAL[0], T)
    killed_application(path, *WAL, "INSERT INTO t VALUES (2, 'b')")
    (folder / "a.db-shm").unlink()
    before = listing(folder)
    with settled([Source(path)], tmp_path / "own") as sources:
        assert survey(sources).rows == 1
    assert listing(folder) == before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param((*WAL, "INSERT INTO t VALUES (2, 'b')"), id="log"),
        pytest.param(
            (*WAL, "INSERT INTO t VALUES (2, 'b')", "BEGIN IMMEDIATE", "DELETE FROM t"), id="log written"
        ),
        pytest.param(("INSERT INTO t VALUES (2, 'b')",), id="journal"),
        pytest.param(
            ("INSERT INTO t VALUES (2, 'b')", "BEGIN IMMEDIATE", "DELETE FROM t"), id="journal written"
        ),
        pytest.param(("PRAGMA journal_mode = PERSIST", "INSERT INTO t VALUES (2, 'b')"), id="journal kept"),
    ],
)
def test_a_file_that_an_application_has_open_is_read_as_of_its_last_commit(
    statements: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    path = make(folder / "a.db", T, "INSERT INTO t VALUES (1, 'a')")
    with open_in_application(path, *statements):
        assert ids(path, tmp_path) == [1, 2]


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_file_that_an_application_keeps_for_itself_is_refused_with_who_to_ask(
    mode: str, folder: Path, tmp_path: Path
) -> None:
    path = make(folder / "a.db", f"PRAGMA journal_mode = {mode}", T)
    alone = ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "INSERT INTO t VALUES (1, 'a')", "COMMIT")
    with (
        open_in_application(path, *alone),
        pytest.raises(SourceError, match="locked by another program") as told,
    ):
        ids(path, tmp_path)
    assert told.value.hint.startswith("see who holds it: fuser -v")


def test_the_file_behind_a_link_is_read_with_its_log(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = make(tmp_path / "data/real.db", T, "INSERT INTO t VALUES (1, 'a')")
    link = folder / "a.db"
    link.symlink_to(path)
    with open_in_application(path, *WAL, "INSERT INTO t VALUES (2, 'b')"):
        assert ids(link, tmp_path) == [1, 2]
    killed_application(path, *WAL, "INSERT INTO t VALUES (3, 'c')")
    assert ids(link, tmp_path) == [1, 2, 3]


def test_a_log_that_got_lost_is_told(folder: Path, tmp_path: Path) -> None:
    path = make(folder / "a.db", WAL[0], T)
    assert survey([Source(path)]).notes == (), "an application that ended well leaves no log"
    killed_application(path, *WAL, "INSERT INTO t VALUES (2, 'b')")
    (folder / "a.db-wal").unlink()
    with snapshots([Source(path)], tmp_path / "own") as copies:
        (note,) = survey(copies).notes
    assert note.where == "a.db" and "write-ahead log" in note.what and "-wal" in note.do
    (folder / "a.db-shm").unlink()
    path.unlink()
    make(path, WAL[0])
    assert [note.where for note in survey([Source(path)]).notes] == ["a.db"], "all rows were in the log"


@pytest.mark.parametrize(
    ("value_bytes", "said"),
    [(3000, "`t.v` in `a.db` holds a value of 4.0 kB (the row with id = 2)"),
     (4500, "`t` in `a.db` has a row of 5.0 kB (the row with id = 2)")],
)  # fmt: skip
def test_a_value_or_a_row_over_what_postgresql_holds_is_named(
    value_bytes: int, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "VALUE_BYTES", value_bytes)
    monkeypatch.setattr(limits, "DUMPED_BYTES", 2000)
    path = make(
        folder / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB, w BLOB)",
        "INSERT INTO t VALUES (1, x'00', x'00'), (2, zeroblob(4000), zeroblob(1000))",
    )  # fmt: skip
    with pytest.raises(Refused, match=re.escape(said)) as told:
        survey([Source(path)])
    assert "file" in told.value.hint


def test_a_value_that_pg_dump_cannot_write_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DUMPED_BYTES", 2000)
    path = make(folder / "a.db", "CREATE TABLE t (v BLOB)", "INSERT INTO t VALUES (zeroblob(4000)), (NULL)")
    (note,) = survey([Source(path)]).notes
    assert note.where == "t.v" and "pg_dump cannot write it" in note.what


@pytest.mark.parametrize("name", ["settings", "Settings"])
def test_tables_of_two_files_that_would_meet_are_refused_before_anything_is_made(
    name: str, folder: Path
) -> None:
    one = make(folder / "a.db", "CREATE TABLE settings (a)", "CREATE INDEX by_a ON settings (a)")
    two = make(folder / "b.db", f"CREATE TABLE {name} (a)", f"CREATE INDEX by_a ON {name} (a)")
    with pytest.raises(Refused) as refused:
        survey([Source(one), Source(two)])
    assert "--schema-per-source" in refused.value.hint and "--prefix" in refused.value.hint
    apart = survey([Source(one, schema="a"), Source(two, schema="b")])
    assert {(t.schema, t.name) for t in apart.tables} == {("a", "settings"), ("b", name)}
    assert [step.name for step in apart.after if step.kind == "index"] == ["by_a", "by_a"]
    beside = survey([Source(one, prefix="a_"), Source(two, prefix="b_")])
    assert {t.name for t in beside.tables} == {"a_settings", f"b_{name}"}
    assert len({step.name for step in beside.after if step.kind == "index"}) == 2


def test_a_table_too_wide_is_refused_before_anything_is_made(folder: Path) -> None:
    wide = ", ".join(f"c{i}" for i in range(1651))
    path = make(folder / "a.db", T, f"CREATE TABLE wide ({wide})")
    with pytest.raises(Refused, match=r"`wide` in `a.db` has 1651 columns, and PostgreSQL allows 1600"):
        survey([Source(path)])
