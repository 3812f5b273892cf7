"""What a killed run left working in the server is ended before the next run reads how far it came."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from ops.database.connect import connect
from ops.errors import Busy
from ops.migrate import state
from ops.migrate.copy import copy_rows
from ops.migrate.finish import finish_schema
from ops.migrate.migration import Migration
from ops.migrate.survey import survey
from ops.migrate.target import create_schema
from ops.settings import Source
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, NoHurry, make, migrate, query

SQL = """CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a'), ('b'); CREATE INDEX i ON t (v);"""


@pytest.fixture
def migration(database: DatabaseUrl, tmp_path: Path) -> Iterator[Migration]:
    found = survey([Source(make(tmp_path / "a.db", SQL))])
    with closing(connect(database)) as connection:
        create_schema(found, connection)
    yield found


def test_a_batch_that_a_killed_run_was_about_to_commit_is_not_there_twice(
    migration: Migration, database: DatabaseUrl
) -> None:
    with closing(connect(database)) as left, left.cursor() as cursor:
        cursor.execute(state.AT_WORK)
        oid = query(database, "SELECT 't'::regclass::oid")[0][0]
        cursor.execute("INSERT INTO t VALUES ('a'), ('b')")
        cursor.execute(state.mark_statement(oid, 0, 2, 2, True))
        late = threading.Timer(0.5, _commits, (left,))
        late.start()
        copied = copy_rows(migration, database, QUIET, NoHurry())
        late.join()
    assert copied.rows == 2
    assert query(database, "SELECT v FROM t ORDER BY v") == [("a",), ("b",)]


def test_an_index_that_a_killed_run_is_still_building_is_built_anew(
    migration: Migration, database: DatabaseUrl
) -> None:
    copy_rows(migration, database, QUIET, NoHurry())
    with closing(connect(database)) as left, left.cursor() as cursor:
        cursor.execute(state.AT_WORK)
        cursor.execute("CREATE INDEX i ON t (v)")
        assert finish_schema(migration, database, NoHurry()) == ()
    assert query(database, "SELECT count(*) FROM pg_indexes WHERE indexname = 'i'") == [(1,)]


def test_sessions_of_somebody_with_more_rights_are_named(
    server: DatabaseUrl, migration: Migration, database: DatabaseUrl
) -> None:
    with closing(connect(server.with_database(database.database))) as left, left.cursor() as cursor:
        cursor.execute(state.AT_WORK)
        with pytest.raises(Busy, match="still at work in the server") as told:
            copy_rows(migration, database, QUIET, NoHurry())
        assert f"pg_terminate_backend({left.info.backend_pid})" in told.value.hint


def test_other_databases_are_left_alone(server: DatabaseUrl, database: DatabaseUrl, tmp_path: Path) -> None:
    with closing(connect(server)) as other, other.cursor() as cursor:
        cursor.execute(state.AT_WORK)
        assert migrate(database, make(tmp_path / "b.db", SQL)).comparison.equal
        cursor.execute("SELECT 1")


def _commits(connection: psycopg2.extensions.connection) -> None:
    with suppress(psycopg2.Error):  # it was ended, as it must be
        connection.commit()
