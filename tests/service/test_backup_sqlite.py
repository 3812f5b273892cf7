"""Backups of SQLite files while an application writes to them, and their way back into a folder."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ops.backup import catalogue, sqlite_source
from ops.backup.origin import SqliteFiles
from ops.errors import Refused, SourceError, UsageError, VerificationFailed
from tests.service.backing import Place, folder_place, restorer, taker


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return folder_place(tmp_path / "backups")


def make(path: Path, *statements: str, mode: str = "delete") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        for statement in statements:
            connection.execute(statement)
    return path


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def held_open(path: Path, *statements: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection


def test_three_files_come_back_with_every_row(place: Place, tmp_path: Path) -> None:
    sources = (
        make(tmp_path / "app/metrics.db", "CREATE TABLE m (v REAL)", "INSERT INTO m VALUES (1.5), (2.5)"),
        make(tmp_path / "app/a b ö.db", "CREATE TABLE u (id INTEGER PRIMARY KEY)", mode="wal"),
        make(tmp_path / "other/metrics.db", "CREATE TABLE s (id)", "INSERT INTO s VALUES ('x')"),
    )
    with held_open(sources[1], "INSERT INTO u VALUES (1), (2), (3)"):  # still in the WAL, not in the file
        taken = taker(place.store, SqliteFiles(sources), tmp_path / "work").take()

    assert (taken.kind, taken.tables, taken.rows, taken.one_point) == ("sqlite", 3, 6, True)
    back = restorer(place.store, tmp_path / "work")
    done = back.restore(back.find("latest"))
    assert sorted(path.name for path in done.files[0].parent.iterdir()) == sorted(p.name for p in done.files)
    assert [path.name for path in done.files] == ["metrics.db", "a b ö.db", "metrics-2.db"]
    assert rows(done.files[0], "SELECT v FROM m") == [(1.5,), (2.5,)]
    assert rows(done.files[1], "SELECT count(*) FROM u") == [(3,)]
    assert rows(done.files[2], "SELECT id FROM s") == [("x",)]
    assert not list((tmp_path / "work").iterdir())


WRITER = """
import sqlite3, sys
a, b = (sqlite3.connect(path, isolation_level=None, timeout=20) for path in sys.argv[1:])
for connection in (a, b):
    connection.execute("PRAGMA synchronous = OFF")
while True:
    for connection in (a, b):
        connection.execute("UPDATE n SET v = v + 1")
"""


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_files_written_to_one_after_the_other_are_copied_at_one_moment(tmp_path: Path, mode: str) -> None:
    sources = [
        make(tmp_path / name, "CREATE TABLE n (v)", "INSERT INTO n VALUES (0)", mode=mode)
        for name in ("first.db", "second.db")
    ]
    writer = subprocess.Popen([sys.executable, "-c", WRITER, *map(str, sources)])
    seen = []
    try:
        while rows(sources[0], "SELECT v FROM n") == [(0,)]:  # until it writes
            assert writer.poll() is None
        for number in range(60):
            targets = [tmp_path / f"copy {number} {name}" for name in ("first", "second")]
            assert sqlite_source.copy_all(sources, targets, wait=20).why_not == ""
            seen.append([rows(target, "SELECT v FROM n")[0][0] for target in targets])
    finally:
        writer.kill()
        writer.wait()

    apart = [pair for pair in seen if int(str(pair[0])) - int(str(pair[1])) not in (0, 1)]
    assert apart == []
    assert seen[-1] != seen[0]


def test_a_file_whose_write_lock_is_held_is_copied_and_the_manifest_says_so(tmp_path: Path) -> None:
    sources = [
        make(tmp_path / f"{n}.db", "CREATE TABLE t (v)", "INSERT INTO t VALUES (1)") for n in ("a", "b")
    ]
    with held_open(sources[1], "BEGIN IMMEDIATE", "INSERT INTO t VALUES (2)"):
        copies = sqlite_source.copy_all(sources, [tmp_path / "1", tmp_path / "2"], wait=0.1)

    assert "b.db" in copies.why_not
    assert rows(tmp_path / "2", "SELECT v FROM t") == [(1,)]


def test_the_lock_of_one_file_is_let_go_when_another_cannot_be_had(tmp_path: Path) -> None:
    sources = [make(tmp_path / f"{name}.db", "CREATE TABLE t (v)") for name in ("a", "b")]
    with held_open(sources[1], "BEGIN IMMEDIATE"):
        sqlite_source.copy_all(sources, [tmp_path / "1", tmp_path / "2"], wait=0.1)
        with held_open(sources[0], "PRAGMA busy_timeout = 0", "INSERT INTO t VALUES (1)"):
            pass


def _corrupt(path: Path) -> None:
    statements = ["CREATE TABLE t (id INTEGER PRIMARY KEY, v)", "CREATE INDEX i ON t (v)"]
    values = ", ".join(f"('{'v' * 200}{n}')" for n in range(300))
    make(path, *statements, f"INSERT INTO t (v) VALUES {values}")
    data = bytearray(path.read_bytes())
    data[4096 * 5 : 4096 * 6] = bytes(4096)
    path.write_bytes(data)


@pytest.mark.parametrize("wrong", ["missing", "not SQLite", "corrupt", "locked"])
def test_a_file_that_cannot_be_backed_up_fails_by_name_and_stores_nothing(
    place: Place, tmp_path: Path, wrong: str
) -> None:
    good, bad = make(tmp_path / "good.db", "CREATE TABLE t (v)"), tmp_path / "bad.db"
    if wrong == "not SQLite":
        bad.write_bytes(b"\x01\x02encrypted perhaps" * 500)
    elif wrong == "corrupt":
        _corrupt(bad)
    elif wrong == "locked":
        make(bad, "CREATE TABLE t (v)")

    holder = sqlite3.connect(bad, isolation_level=None) if wrong == "locked" else None
    if holder:
        holder.execute("BEGIN EXCLUSIVE")
    taking = replace(taker(place.store, SqliteFiles((good, bad)), tmp_path / "work"), lock_wait=0.1)
    try:
        with pytest.raises(SourceError, match=r"bad\.db") as caught:
            taking.take()
    finally:
        if holder:
            holder.close()

    assert caught.value.hint
    assert place.left() == []
    assert bad.exists() is (wrong != "missing")
    assert not list((tmp_path / "work").glob("*/*"))


@pytest.fixture
def stored(place: Place, tmp_path: Path) -> Path:
    """A backup of one file; gives the file."""
    source = make(tmp_path / "app.db", "CREATE TABLE t (v)", "INSERT INTO t VALUES (1), (2)")
    taker(place.store, SqliteFiles((source,)), tmp_path / "work").take()
    return source


@pytest.mark.parametrize("there", ["app.db", "app.db-wal", "app.db-journal"])
def test_a_restore_never_replaces_a_file_nor_joins_a_strangers_journal(
    place: Place, stored: Path, tmp_path: Path, there: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / there).write_bytes(b"mine")
    back = restorer(place.store, tmp_path / "work")

    with pytest.raises(Refused, match="never replaces"):
        back.restore(back.find("latest"), str(tmp_path / "out"))

    assert [(p.name, p.read_bytes()) for p in (tmp_path / "out").iterdir()] == [(there, b"mine")]


@pytest.mark.parametrize("how", ["flipped", "truncated"])
def test_a_damaged_file_is_refused_before_one_gets_its_name(
    place: Place, stored: Path, tmp_path: Path, how: str
) -> None:
    (path,) = (tmp_path / "backups").rglob("app.db")
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[-1] ^= 1
    else:
        del data[-1]
    path.write_bytes(data)
    back = restorer(place.store, tmp_path / "work")

    with pytest.raises(VerificationFailed, match="nothing was changed"):
        back.restore(back.find("latest"), str(tmp_path / "out"))

    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_and_a_url_are_not_taken_for_each_other(place: Place, stored: Path, tmp_path: Path) -> None:
    back = restorer(place.store, tmp_path / "work")
    with pytest.raises(UsageError, match="into a folder"):
        back.restore(back.find("latest"), "postgresql://db/app")


def test_objects_without_a_manifest_are_no_backup_and_are_mentioned(
    place: Place, stored: Path, tmp_path: Path
) -> None:
    whole = catalogue.find(place.store, "shop", "latest").id
    taking = taker(place.store, SqliteFiles((stored,)), tmp_path / "work")
    cut = taking.take().id
    place.store.delete(next(f.key for f in place.store.list() if cut in f.key and "manifest" in f.key))

    found = catalogue.read(place.store, "shop")
    assert [manifest.id for manifest in found.backups] == [whole]
    assert found.unfinished == (cut,)
    assert catalogue.find(place.store, "shop", "latest").id == whole
