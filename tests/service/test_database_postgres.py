"""What only PostgreSQL has: a server that restarts, a pool that is empty, types of its own, a schema."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.database import DatabaseManager
from ops.database.connect import connect
from ops.errors import NotReady
from ops.values import DatabaseUrl


@pytest.fixture
def env_file(database: DatabaseUrl, tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text(f"DATABASE_TYPE=postgresql\nDATABASE_URL={database.reveal()}\n")
    return path


@pytest.fixture
def db(env_file: Path) -> Iterator[DatabaseManager]:
    manager = DatabaseManager(env_file=env_file, pool_size=2, pool_timeout=0.2, max_wait=0.3)
    yield manager
    manager.close()


def cut_all(server: DatabaseUrl, database: DatabaseUrl) -> None:
    """What a restart of the server does to its clients."""
    admin = connect(server, autocommit=True)
    with admin.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            (database.database,),
        )
    admin.close()


def test_connections_that_died_in_the_pool_are_replaced_unseen(
    db: DatabaseManager, server: DatabaseUrl, database: DatabaseUrl
) -> None:
    with db.get_connection(), db.get_connection():
        pass
    for _ in range(3):
        cut_all(server, database)
        assert db.execute_query("SELECT 1 AS one") == [{"one": 1}]
        with db.transaction() as transaction:
            assert transaction.execute_query("SELECT 1 AS one") == [{"one": 1}]


def test_who_finds_no_connection_waits_for_one(db: DatabaseManager) -> None:
    with db.get_connection() as first, db.get_connection():
        assert first is not None
        with pytest.raises(NotReady, match="2 connections") as caught:
            db.execute_query("SELECT 1")
        assert "pool_size" in caught.value.hint
        with pytest.raises(NotReady, match="2 connections") as caught:
            db.execute_update("CREATE TABLE t (a int)")
        assert "role-secret" not in str(caught.value)
    assert db.execute_query("SELECT 1 AS one") == [{"one": 1}]


def test_a_waiting_thread_gets_the_connection_that_comes_back(env_file: Path) -> None:
    db = DatabaseManager(env_file=env_file, pool_size=1, pool_timeout=20)
    found: list[object] = []
    with db.get_connection():
        thread = threading.Thread(target=lambda: found.extend(db.execute_query("SELECT 1 AS one")))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(10)
    assert found == [{"one": 1}]
    db.close()


def test_types_that_sqlite_does_not_have_come_as_sqlite_would_hold_them(db: DatabaseManager) -> None:
    [row] = db.execute_query(
        "SELECT true AS b, NULL::boolean AS nb, DATE '2026-05-01' AS d, TIME '10:20' AS t, "
        "TIMESTAMP '2026-05-01 10:20:30.5' AS ts, TIMESTAMPTZ '2026-05-01 10:20:30+02' AS tz, "
        "'{\"a\": [1, 2]}'::jsonb AS j, 12.50::numeric(9,2) AS n, 12.00::numeric(9,2) AS whole, "
        "NULL::numeric AS nn, 'NaN'::numeric <> 0 AS nan, NULL::bytea AS nx, 1e40::numeric AS big"
    )
    assert row == {
        "b": 1, "nb": None, "d": "2026-05-01", "t": "10:20:00", "ts": "2026-05-01 10:20:30.5",
        "tz": "2026-05-01 08:20:30+00", "j": '{"a": [1, 2]}', "n": 12.5, "whole": 12,
        "nn": None, "nan": 1, "nx": None, "big": 1e40,
    }  # fmt: skip
    assert type(row["b"]) is int and type(row["whole"]) is int


def test_true_fits_boolean_and_integer_columns(db: DatabaseManager) -> None:
    db.execute_update("CREATE TABLE t (a boolean, b integer)")
    db.execute_update("INSERT INTO t VALUES (?, ?)", (True, False))
    assert db.execute_query("SELECT a, b FROM t WHERE a = ? AND b = ?", (True, False)) == [{"a": 1, "b": 0}]


def test_the_schema_goes_first_in_the_search_path(db: DatabaseManager, env_file: Path) -> None:
    db.execute_update('CREATE SCHEMA "My ""own"')
    db.execute_update('CREATE TABLE "My ""own".t (a int)')
    own = DatabaseManager(env_file=env_file, schema='My "own')
    assert own.execute_update("INSERT INTO t VALUES (?)", (1,)) == 1
    own.close()


def test_a_wrong_password_is_explained_without_it(tmp_path: Path, database: DatabaseUrl) -> None:
    env = tmp_path / "other.env"
    env.write_text(f"DATABASE_URL={database.reveal().replace('role-secret', 'wr0ng-one')}\n")
    with pytest.raises(NotReady, match="refuses the password") as caught:
        DatabaseManager(env_file=env).execute_query("SELECT 1")
    assert "wr0ng-one" not in str(caught.value)


def test_a_child_process_opens_connections_of_its_own(db: DatabaseManager) -> None:
    """gunicorn forks after the application was loaded; two processes on one connection mix answers."""
    [mine] = db.execute_query("SELECT pg_backend_pid() AS pid")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            [theirs] = db.execute_query("SELECT pg_backend_pid() AS pid")
            os.write(write, str(theirs["pid"]).encode())
        finally:
            os.write(write, b" end")
            os._exit(0)
    os.waitpid(child, 0)
    pid, _ = os.read(read, 40).decode().split(" ")
    assert pid and int(pid) != mine["pid"]
    assert db.execute_query("SELECT pg_backend_pid() AS pid") == [mine]
