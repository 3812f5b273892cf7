"""The migration with a hosting provider's rights: over TLS, few connections, short timeouts, a pooler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.errors import NotReady
from ops.values import DatabaseUrl
from tests.servers.managed import Authority, owned_database, pooler
from tests.service.migrating import make, query

SHORT = (
    "statement_timeout = '150ms'",
    "lock_timeout = '2s'",
    "idle_in_transaction_session_timeout = '150ms'",
    "idle_session_timeout = '150ms'",
)
"""Shorter than the copy, the building of an index and the comparison take."""
ROWS = 150_000
APPLICATION = f"""
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE);
CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES people(id),
    place TEXT, bill DECIMAL(10, 2) CHECK (bill >= 0), data BLOB);
CREATE TABLE words (word TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
CREATE TABLE log (line);
CREATE INDEX visits_place ON visits (place);
CREATE INDEX visits_of ON visits (person);
CREATE INDEX log_line ON log (line);
CREATE VIEW named AS SELECT p.name, v.place FROM people p JOIN visits v ON v.person = p.id;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO people SELECT i, 'name ' || i, date(i, 'unixepoch') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
INSERT INTO visits SELECT i, i % 1000 + 1, hex(i * 2654435761), i / 100.0, CAST('blob ' || i AS BLOB) FROM n;
INSERT INTO words SELECT 'word ' || id, id FROM visits WHERE id % 3 = 0;
INSERT INTO log SELECT 'line ' || id % 100 FROM visits WHERE id % 5 = 0;
"""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("application") / "app.db", APPLICATION)


def _gigops(folder: Path, url: DatabaseUrl, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops.cli.app", *command],
        cwd=folder,
        env={**os.environ, "GIGOPS_TARGET_URL": url.reveal()},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _migrates(folder: Path, url: DatabaseUrl, application: Path) -> None:
    """Migrates by the command line; every row and key is there, and no word tells the password."""
    done = _gigops(folder, url, "migrate", "--source", str(application))
    assert done.returncode == 0, done.stderr + done.stdout
    assert url.password and url.password.reveal() not in done.stdout + done.stderr
    counted = query(url, "SELECT (SELECT count(*) FROM visits), (SELECT count(*) FROM words)")
    assert counted == [(ROWS, ROWS // 3)]
    keys = query(url, "SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'")
    assert keys == [(1, True)]


def test_a_role_that_owns_only_its_database_migrates_over_tls_despite_its_timeouts(
    managed_server: DatabaseUrl, application: Path, tmp_path: Path
) -> None:
    with owned_database(managed_server, settings=SHORT) as url:
        assert query(url, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]
        _migrates(tmp_path, url, application)
        for command in ("migrate", "verify"):
            again = _gigops(tmp_path, url, command, "--source", str(application))
            assert again.returncode == 0, again.stderr
        assert query(url, "INSERT INTO visits (person) VALUES (1) RETURNING id") == [(ROWS + 1,)]


@pytest.mark.parametrize("connections", [2, 3])
def test_few_connections_are_enough(
    connections: int, managed_server: DatabaseUrl, application: Path, tmp_path: Path
) -> None:
    with owned_database(managed_server, connections=connections) as url:
        _migrates(tmp_path, url, application)


def test_a_pooler_in_session_mode_is_migrated_through(
    managed_server: DatabaseUrl, authority: tuple[Authority, Path], application: Path, tmp_path: Path
) -> None:
    with (
        owned_database(managed_server, settings=SHORT) as url,
        pooler(url, "session", authority[0]) as through,
    ):
        _migrates(tmp_path, through, application)


def test_a_pooler_with_few_sessions_is_waited_for_in_vain_by_nobody(
    managed_server: DatabaseUrl, authority: tuple[Authority, Path], application: Path, tmp_path: Path
) -> None:
    """The pool gives two; a third connection would wait for two minutes and then be thrown out."""
    with owned_database(managed_server) as url, pooler(url, "session", authority[0], size=2) as through:
        _migrates(tmp_path, through, application)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_mixes_sessions_is_refused_before_anything_is_made(
    mode: str,
    managed_server: DatabaseUrl,
    authority: tuple[Authority, Path],
    application: Path,
    tmp_path: Path,
) -> None:
    with owned_database(managed_server) as url, pooler(url, mode, authority[0]) as through:
        refused = _gigops(tmp_path, through, "migrate", "--source", str(application))
        assert refused.returncode == NotReady.exit_code
        assert "changes the session with each transaction" in refused.stderr
        assert "pool_mode = session" in refused.stderr
        assert query(url, "SELECT to_regclass('visits'), to_regnamespace('_gigops')") == [(None, None)]


def test_a_certificate_of_somebody_else_is_refused(
    managed_server: DatabaseUrl, application: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.crt").write_bytes(Authority("somebody else").certificate)
    with owned_database(managed_server) as url:
        wrong = DatabaseUrl.parse(
            url.reveal().split("?")[0] + f"?sslmode=verify-full&sslrootcert={tmp_path}/other.crt"
        )
        refused = _gigops(tmp_path, wrong, "migrate", "--source", str(application))
    assert refused.returncode == NotReady.exit_code
    assert "certificate verify failed" in refused.stderr and "sslrootcert" in refused.stderr, refused.stderr
