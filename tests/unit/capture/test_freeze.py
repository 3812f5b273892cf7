"""Freezing and fencing real SQLite files, seen from another connection as an application would."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.capture import fence, gate
from ops.capture.freeze import Freezer
from ops.errors import NotReady, SourceError

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(params=["delete", "wal"])
def files(tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    made = [tmp_path / "a.db", tmp_path / "it's b.db"]
    for path in made:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA journal_mode = {request.param}")
            connection.executescript(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE);"
                'CREATE TABLE "we\'ird ""one" (k TEXT PRIMARY KEY) WITHOUT ROWID;'
                "INSERT INTO t VALUES (1, 'one');"
            )
    return made


@pytest.fixture
def freezer(files: list[Path]) -> Iterator[Freezer]:
    made = Freezer(files)
    yield made
    made.release()


def _write(path: Path, statement: str = "INSERT INTO t (v) VALUES ('late')") -> None:
    with closing(sqlite3.connect(path, timeout=0)) as connection, connection:
        connection.execute(statement)


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])


def test_while_frozen_nobody_writes_and_everybody_reads(files: list[Path], freezer: Freezer) -> None:
    freezer.freeze(within=5, hold_for=60)
    for path in files:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            _write(path)
        assert _count(path) == 1
    freezer.release()
    for path in files:
        _write(path)
        assert _count(path) == 2


def test_a_file_that_stays_locked_leaves_the_others_free(files: list[Path], freezer: Freezer) -> None:
    with closing(sqlite3.connect(files[1], isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotReady, match=r"it's b\.db.*stayed locked"):
            freezer.freeze(within=0.3, hold_for=60)
    assert not freezer.held
    _write(files[0])


def test_a_writer_that_lets_go_in_time_is_waited_for(files: list[Path], freezer: Freezer) -> None:
    writer = sqlite3.connect(files[0], isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, writer.rollback).start()
    freezer.freeze(within=10, hold_for=60)
    assert freezer.held
    writer.close()


def test_when_gigops_is_killed_the_application_can_write_again(files: list[Path]) -> None:
    env_file = files[0].with_name(".env")
    gate.put_up(env_file, NOW)
    script = (
        "import sys; from pathlib import Path; from ops.capture import gate\n"
        "from ops.capture.freeze import Freezer\n"
        f"gates = gate.paths_for(Path({str(env_file)!r}))\n"
        "f = Freezer([Path(p) for p in sys.argv[1:]], gates); f.freeze(within=5, hold_for=60)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", script, *map(str, files)]
    gigops = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert gigops.stdout and gigops.stdout.readline() == "held\n"
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        _write(files[0])
    os.kill(gigops.pid, signal.SIGKILL)
    gigops.wait()
    with closing(sqlite3.connect(files[0], timeout=10)) as connection, connection:
        connection.execute("INSERT INTO t (v) VALUES ('free again')")
    assert gate.paths_for(env_file) == [env_file.with_name(".env.gate")]
    assert not env_file.with_name(".env.gate").exists()


def test_the_locks_are_let_go_when_the_time_is_up(files: list[Path], freezer: Freezer) -> None:
    freezer.freeze(within=5, hold_for=0.3)
    with closing(sqlite3.connect(files[0], timeout=10)) as connection, connection:
        connection.execute("INSERT INTO t (v) VALUES ('later')")
    with pytest.raises(NotReady):
        freezer.commit({})


def test_a_file_that_is_not_sqlite_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "notes.db"
    broken.write_text("these are notes, " * 1000)
    with pytest.raises(SourceError, match=r"notes\.db.*not a database"):
        Freezer([broken]).freeze(within=1, hold_for=1)
    with pytest.raises(SourceError, match=r"gone\.db"):
        Freezer([tmp_path / "gone.db"]).freeze(within=1, hold_for=1)
    assert not (tmp_path / "gone.db").exists()


REFUSED = [
    "INSERT INTO t (v) VALUES ('late')",
    "INSERT OR IGNORE INTO t VALUES (1, 'late')",
    "INSERT OR REPLACE INTO t VALUES (1, 'late')",
    "INSERT INTO t VALUES (1, 'late') ON CONFLICT (id) DO UPDATE SET v = 'late'",
    "UPDATE t SET v = 'late'",
    "UPDATE OR IGNORE t SET v = 'late'",
    "DELETE FROM t",
    'INSERT INTO "we\'ird ""one" VALUES (\'late\')',
]


def test_no_write_comes_between_the_freeze_and_the_fence(files: list[Path], freezer: Freezer) -> None:
    before = sqlite3.connect(files[0], timeout=0, isolation_level=None)
    before.execute("SELECT * FROM t").fetchall()
    freezer.freeze(within=5, hold_for=60)
    waiting = sqlite3.connect(files[0], timeout=20, isolation_level=None, check_same_thread=False)
    told: list[str] = []

    def late() -> None:
        try:
            waiting.execute("INSERT INTO t (v) VALUES ('waited')")
        except sqlite3.Error as error:
            told.append(str(error))

    thread = threading.Thread(target=late)
    thread.start()
    env_file = Path("/srv/it's/.env")
    freezer.commit({path: fence.statements(path, NOW, env_file) for path in files})
    thread.join()
    assert told == [
        "gigops-fence: this database moved to PostgreSQL on 2026-01-02; see DATABASE_URL in /srv/it's/.env"
    ]
    for statement in REFUSED:
        with pytest.raises(sqlite3.IntegrityError, match="gigops-fence: this database moved"):
            before.execute(statement)
    assert _count(files[0]) == 1
    before.close()
    waiting.close()


def test_lifting_the_fence_brings_the_file_back_as_it_was(files: list[Path], freezer: Freezer) -> None:
    with closing(sqlite3.connect(files[0])) as connection:
        schema = connection.execute("SELECT * FROM sqlite_master").fetchall()
    freezer.freeze(within=5, hold_for=60)
    freezer.commit({path: fence.statements(path, NOW, Path(".env")) for path in files})
    assert fence.standing(files[0])
    assert fence.lift(files) == 2
    assert fence.lift(files) == 0
    with closing(sqlite3.connect(files[0])) as connection:
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == schema
    _write(files[0])


def test_a_file_with_full_text_search_is_fenced_without_harm_to_its_index(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);"
            "CREATE VIRTUAL TABLE found USING fts5(body, content='notes', content_rowid='id');"
            "INSERT INTO notes VALUES (1, 'hello'); INSERT INTO found(found) VALUES ('rebuild');"
        )
    freezer = Freezer([path])
    freezer.freeze(within=5, hold_for=60)
    freezer.commit({path: fence.statements(path, NOW, Path(".env"))})
    with pytest.raises(sqlite3.IntegrityError, match="gigops-fence"):
        _write(path, "INSERT INTO notes VALUES (2, 'late')")
    with closing(sqlite3.connect(path)) as connection:
        hits = connection.execute("SELECT rowid FROM found WHERE found MATCH 'hello'").fetchall()
    assert hits == [(1,)]


def test_an_env_file_behind_a_link_has_a_gate_under_both_names(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "env").touch()
    (tmp_path / ".env").symlink_to("shared/env")
    gate.put_up(tmp_path / ".env", NOW)
    assert (tmp_path / ".env.gate").exists()
    assert (tmp_path / "shared" / "env.gate").exists()
    gate.take_down(tmp_path / ".env")
    assert not (tmp_path / "shared" / "env.gate").exists()


def test_the_gate_stands_beside_the_env_file_until_it_is_taken_down(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    gate.put_up(env_file, NOW)
    assert (tmp_path / ".env.gate").read_text() == '{"deadline": "2026-01-02T00:00:00+00:00"}'
    gate.take_down(env_file)
    gate.take_down(env_file)
    assert list(tmp_path.iterdir()) == []
