"""A copy that was interrupted goes on; nothing is copied twice, and nothing of others is ever dropped."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Busy, Interrupted, NotReady, Refused
from ops.migrate import state
from ops.migrate.copy import copy_rows
from ops.migrate.survey import survey
from ops.migrate.target import create_schema, inspect_target
from ops.settings import Source
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, NoHurry, make, migrate, query, unequal_tables

MANY = """CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO t SELECT i * 3, 'value ' || i FROM n;
INSERT INTO w SELECT 'key ' || id, id FROM t;"""


@dataclass
class Until:
    """A pace that ends at its `left`-th check."""

    left: int

    def check(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Interrupted("stopped")


def test_a_stopped_copy_goes_on_at_the_first_batch_that_is_not_marked(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", MANY)
    migration = survey([Source(path)])
    with closing(connect(database)) as connection:
        create_schema(migration, connection)
    there = []
    for stop_at in (1, 2, 3, 2, 2):
        with pytest.raises(Interrupted):
            copy_rows(migration, database, QUIET, Until(stop_at))
        there.append(query(database, "SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM w)")[0][0])
    assert there == sorted(there) and 0 < there[1] < 240_000
    done = migrate(database, path)
    assert done.report.already == there[-1] and done.report.rows == 240_000 - there[-1]
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []
    assert migrate(database, path).report.rows == 0, "a second run finds all done"


_KILLED = """
import os, signal, sys
from pathlib import Path
from contextlib import closing
from ops.clients.console import ConsoleReporter
from ops.database.connect import connect
from ops.migrate.copy import copy_rows
from ops.migrate.survey import survey
from ops.migrate.target import create_schema
from ops.settings import Source
from ops.values import DatabaseUrl
class Killer:
    left = 3
    def check(self):
        Killer.left -= 1
        if Killer.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
url = DatabaseUrl.parse(os.environ["URL"])
migration = survey([Source(Path(sys.argv[1]))])
with closing(connect(url)) as connection:
    create_schema(migration, connection)
copy_rows(migration, url, ConsoleReporter(quiet=True), Killer())
"""


def test_a_killed_copy_goes_on(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", MANY)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path)], env={**os.environ, "URL": database.reveal()}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    done = migrate(database, path)
    assert 0 < done.report.already < 240_000
    assert done.comparison.equal and unequal_tables(path, database, done.migration) == []


def test_a_changed_source_is_copied_anew(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db", "CREATE TABLE t (a); CREATE TABLE gone (a); INSERT INTO t VALUES (1), (2);"
    )
    migrate(database, path)
    make(path, "UPDATE t SET a = 7 WHERE a = 1; DROP TABLE gone; CREATE TABLE fresh (a REFERENCES t);")
    done = migrate(database, path)
    assert done.report.already == 0 and done.comparison.equal
    assert query(database, "SELECT a FROM t ORDER BY a") == [(2,), (7,)]
    assert query(database, "SELECT to_regclass('gone')") == [(None,)]


@pytest.mark.parametrize(
    "write", ["INSERT INTO t VALUES (9)", "UPDATE t SET a = a", "DELETE FROM t WHERE a = 1"]
)
def test_rows_that_others_wrote_are_never_dropped(write: str, database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);")
    migrate(database, path)
    query(database, write)
    before = query(database, "SELECT a FROM t ORDER BY a")
    make(path, "INSERT INTO t VALUES (3);")
    with pytest.raises(Refused, match="copying anew would lose those rows"):
        migrate(database, path)
    assert query(database, "SELECT a FROM t ORDER BY a") == before
    assert migrate(database, path, schema="beside").comparison.equal


def test_nothing_is_copied_once_the_application_is_open(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    migration = migrate(database, path).migration
    with closing(connect(database)) as connection:
        state.mark_opened(connection)
        for attempt in (
            lambda: inspect_target(migration, connection),
            lambda: create_schema(migration, connection),
            lambda: copy_rows(migration, database, QUIET, NoHurry()),
        ):
            with pytest.raises(Refused, match="already works on the tables of"):
                attempt()
        make(path, "INSERT INTO t VALUES (2);")
        with pytest.raises(Refused):
            create_schema(survey([Source(path)]), connection)
    assert query(database, "SELECT a FROM t") == [(1,)]


def test_a_target_that_is_not_empty_is_refused_with_the_ways_out(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    query(database, "CREATE TABLE theirs (x int); INSERT INTO theirs VALUES (5)")
    with pytest.raises(Refused, match="the target is not empty: it has `public") as refused:
        migrate(database, path)
    assert "--into-existing" in refused.value.hint and "--schema-name NAME" in refused.value.hint
    assert query(database, "SELECT to_regnamespace('_gigops')") == [(None,)], "nothing was made"
    assert migrate(database, path, into=True).comparison.equal
    assert migrate(database, path, schema="other").comparison.equal
    clash = make(tmp_path / "b.db", "CREATE TABLE theirs (x);")
    with pytest.raises(Refused, match="which gigops did not make"):
        migrate(database, clash, into=True)
    assert query(database, "SELECT x FROM theirs") == [(5,)]


def test_a_role_without_the_right_is_told_which_grant_helps(
    server: DatabaseUrl, database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a);")
    name = database.user
    query(server, f"ALTER DATABASE {name} OWNER TO postgres; REVOKE ALL ON DATABASE {name} FROM {name}")
    with pytest.raises(NotReady) as refused:
        migrate(database, path, schema="app")
    assert refused.value.hint == f'as its owner: GRANT CREATE ON DATABASE "{name}" TO "{name}"'
    query(server, f"GRANT CREATE ON DATABASE {name} TO {name}")
    with pytest.raises(NotReady) as refused:
        migrate(database, path, schema="pg_catalog")
    assert "GRANT USAGE, CREATE ON SCHEMA" in refused.value.hint
    assert migrate(database, path, schema="app").comparison.equal


def test_two_runs_at_once_do_not_meet(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    migration = migrate(database, path).migration
    with closing(connect(database)) as first, closing(connect(database)) as second:
        state.hold(first, session=True)
        with pytest.raises(Busy):
            create_schema(migration, second)
        with pytest.raises(Busy):
            copy_rows(migration, database, QUIET, NoHurry())


def test_the_fence_lets_the_copy_pass_and_others_not(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    migration = survey([Source(path)])
    with closing(connect(database)) as connection:
        create_schema(migration, connection)
    query(
        database,
        "CREATE FUNCTION fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF coalesce(current_setting('gigops.copying', true), '') <> 'on' THEN"
        " RAISE EXCEPTION 'gigops-fence: no' USING ERRCODE = 'GG001'; END IF; RETURN NULL; END $$;"
        " CREATE TRIGGER f BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION fence()",
    )
    assert copy_rows(migration, database, QUIET, NoHurry()).rows == 1


def test_a_file_that_changes_between_survey_and_copy_is_noticed(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    migration = survey([Source(path)])
    with closing(connect(database)) as connection:
        create_schema(migration, connection)
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO t VALUES (2)")
        other.commit()
    with pytest.raises(Exception, match="changed since it was surveyed"):
        copy_rows(migration, database, QUIET, NoHurry())


def test_a_batch_whose_mark_fails_is_not_there_either(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    migration = survey([Source(path)])
    with closing(connect(database)) as connection:
        create_schema(migration, connection)
    query(
        database,
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no mark'; END $$;"
        " CREATE TRIGGER n BEFORE INSERT ON _gigops.copied FOR EACH ROW EXECUTE FUNCTION no()",
    )
    with pytest.raises(NotReady, match="no mark"):
        copy_rows(migration, database, QUIET, NoHurry())
    assert query(database, "SELECT count(*) FROM t") == [(0,)]
    query(database, "DROP TRIGGER n ON _gigops.copied")
    assert copy_rows(migration, database, QUIET, NoHurry()).rows == 1


_FREEZER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
c.execute("INSERT INTO t VALUES (2)")
c.execute("BEGIN IMMEDIATE")
fence = "BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'gigops-fence: moved'); END"
c.execute("CREATE TRIGGER _gigops_fence_t " + fence)
print("frozen", flush=True)
sys.stdin.readline()
c.execute("COMMIT")
"""


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_file_that_another_process_holds_frozen_is_copied_directly(
    mode: str, database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    command = [sys.executable, "-c", _FREEZER, str(path), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as freezer:
        assert freezer.stdin and freezer.stdout
        assert freezer.stdout.readline() == "frozen\n"
        done = migrate(database, path)
        assert done.comparison.equal and done.comparison.rows == 2
        with closing(sqlite3.connect(path, timeout=0)) as late, pytest.raises(sqlite3.OperationalError):
            late.execute("INSERT INTO t VALUES (3)")
        freezer.communicate("go on\n")
    with closing(sqlite3.connect(path)) as late, pytest.raises(sqlite3.IntegrityError, match="gigops-fence"):
        late.execute("INSERT INTO t VALUES (3)")
    assert survey([Source(path)]).notes == (), "gigops's own fence is no object of the application"
