"""What only SQLite has: one writer at a time, files that are not databases, a journal mode to leave alone."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ops.database import DatabaseManager, integrity_errors
from ops.errors import NotReady, SourceError


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder and the environment name no database."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_TYPE", "DATABASE_URL", "POSTGRES_URL", "POSTGRESQL_URL", "GIGOPS_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[DatabaseManager]:
    manager = DatabaseManager("app.db", max_wait=0.3)
    manager.execute_update("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER REFERENCES t)")
    yield manager
    manager.close()


def test_a_thread_that_waits_too_long_for_another_is_told_for_what(db: DatabaseManager) -> None:
    found: list[str] = []

    def write() -> None:
        try:
            db.execute_update("INSERT INTO t VALUES (1, NULL)")
        except NotReady as error:
            found.append(error.message)

    with db.transaction():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    assert found and "write lock of `app.db`" in found[0]
    write()
    assert len(found) == 1


def test_the_journal_mode_is_left_as_it_is(db: DatabaseManager) -> None:
    assert db.execute_query("PRAGMA journal_mode") == [{"journal_mode": "delete"}]


def test_foreign_keys_are_kept_as_postgresql_keeps_them_unless_told_otherwise(db: DatabaseManager) -> None:
    with pytest.raises(integrity_errors()):
        db.execute_update("INSERT INTO t VALUES (1, 99)")
    loose = DatabaseManager("app.db", foreign_keys=False)
    assert loose.execute_update("INSERT INTO t VALUES (1, 99)") == 1
    loose.close()


def test_a_place_that_cannot_hold_a_file_is_named() -> None:
    with pytest.raises(SourceError, match=r"no/such/app\.db"):
        DatabaseManager("no/such/app.db").execute_query("SELECT 1")


def test_an_env_file_that_was_named_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"missing\.env"):
        DatabaseManager("app.db", env_file="missing.env")


def test_the_env_file_of_the_environment_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deploy.env").write_text("DATABASE_URL=sqlite:///from-env.db\n")
    monkeypatch.setenv("GIGOPS_ENV_FILE", "deploy.env")
    DatabaseManager().execute_update("CREATE TABLE t (a)")
    assert (tmp_path / "from-env.db").exists()


def test_a_closed_manager_opens_again_when_it_is_used(db: DatabaseManager) -> None:
    db.close()
    assert db.execute_query("SELECT * FROM t") == []


def test_the_drivers_own_errors_pass(db: DatabaseManager) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        db.execute_query("SELECT * FROM nobody")
    Path("text.db").write_text("this is no database, and long enough for SQLite to look at it" * 20)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        DatabaseManager("text.db").execute_query("SELECT * FROM t")


def test_connections_do_not_pile_up(db: DatabaseManager, tmp_path: Path) -> None:
    with closing(sqlite3.connect("app.db")) as other:
        for _ in range(50):
            db.execute_query("SELECT * FROM t")
        other.execute("BEGIN EXCLUSIVE")
    open_files = [p for p in Path("/proc/self/fd").iterdir() if p.exists() and p.resolve().name == "app.db"]
    assert len(open_files) <= 2
