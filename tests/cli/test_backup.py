"""`gigops backup` as a user types it: what it prints, what it leaves, what it exits with."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection

from ops.database.connect import connect
from ops.values import DatabaseUrl, Secret
from tests.servers.s3 import S3Server
from tests.service.backing import clean_server, execute

GIGOPS = [sys.executable, "-m", "ops.cli.app"]
PASSWORD = "role-secret-of-its-own"


def gigops(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*GIGOPS, *words], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An application on two SQLite files."""
    folder = tmp_path / "my shop"
    folder.mkdir()
    for name, rows in (("users.db", 3), ("metrics.db", 4)):
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
            connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(rows)])
            connection.commit()
    (folder / "gigops.yaml").write_text("app:\n  name: shop\nsources:\n  - users.db\n  - metrics.db\n")
    (folder / ".env").write_text("DATABASE_TYPE=sqlite\n")
    return folder


@pytest.fixture
def moved(app: Path, server: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """The same application, whose `.env` names a PostgreSQL database."""
    execute(
        server, f"CREATE ROLE moved LOGIN CREATEDB PASSWORD '{PASSWORD}'", "CREATE DATABASE moved OWNER moved"
    )
    url = replace(server, database="moved", user="moved", password=Secret(PASSWORD))
    execute(
        url, "CREATE TABLE users AS SELECT g AS id, md5(g::text) AS name FROM generate_series(1, 20000) g"
    )
    (app / ".env").write_text(f"DATABASE_TYPE=postgresql\nDATABASE_URL={url.reveal()}\n")
    with clean_server(server):
        yield url
    execute(server, "DROP DATABASE moved WITH (FORCE)", "DROP ROLE moved")


def test_sqlite_files_are_backed_up_listed_and_restored_into_a_folder(app: Path) -> None:
    assert "next: gigops backup run" in gigops(app, "backup", "list").stdout

    taken = json.loads(gigops(app, "backup", "run", "--json").stdout)
    assert (taken["kind"], taken["rows"], taken["tables"]) == ("sqlite", 7, 2)
    listed = gigops(app, "backup", "list").stdout.splitlines()
    assert listed[1].split()[:2] == [taken["id"], "sqlite"]
    assert listed[-1] == "next: gigops backup restore latest"
    assert max(map(len, listed)) <= 80
    assert "data/users.db" in gigops(app, "backup", "show", "latest").stdout

    plan = gigops(app, "backup", "restore", "latest", "--plan").stdout
    restored = app / ".gigops/restored" / taken["id"]
    assert str(restored) in plan
    assert not restored.exists()
    gigops(app, "backup", "restore", taken["id"])
    with closing(sqlite3.connect(restored / "users.db")) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(3,)]
    assert "never replaces" in gigops(app, "backup", "restore", "latest", code=16).stderr


def test_a_plan_takes_no_backup(app: Path) -> None:
    said = gigops(app, "backup", "run", "--plan").stdout
    assert "2 SQLite files (users.db, metrics.db)" in said
    assert not (app / ".gigops").exists()


def test_postgresql_goes_to_s3_and_comes_back_beside_the_live_database(
    app: Path, moved: DatabaseUrl, aws_environment: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_environment.endpoint_url)
    store = ("--store", f"s3://{bucket}/backups")
    before = (app / ".env").read_bytes()

    run = gigops(app, "backup", "run", *store)
    restored = gigops(app, "backup", "restore", "latest", *store)

    assert f"s3://{bucket}/backups/v1/shop/" in run.stdout
    assert "20,000 rows in 1 table," in run.stdout
    assert "  postgresql://moved:***@127.0.0.1" in restored.stdout
    assert restored.stdout.splitlines()[-1] == "next: gigops env use postgresql --ask-url"
    assert PASSWORD not in run.stdout + run.stderr + restored.stdout + restored.stderr
    document = json.loads(gigops(app, "backup", "list", "--json", *store).stdout)
    (name,) = (row[0] for row in execute(moved, "SELECT datname FROM pg_database WHERE datname ~ '^moved_'"))
    assert name == "moved_restored_" + document["backups"][0]["id"].replace("-", "_")
    assert execute(moved.with_database(name), "SELECT count(*), sum(id) FROM users") == [(20000, 200010000)]
    assert (app / ".env").read_bytes() == before
    assert not (app / ".gigops/backups").exists()


def test_a_wrong_bucket_ends_with_10_and_the_way_out(
    app: Path, aws_environment: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_environment.endpoint_url)
    for words in (("run",), ("list",), ("restore", "latest")):
        done = gigops(app, "--json", "backup", *words, "--store", "s3://no-such-bucket/x", code=10)
        assert "aws s3 mb s3://no-such-bucket" in done.stderr
        assert json.loads(done.stdout)["exit_code"] == 10


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("restore", "latest"), 10, "there is no backup of `shop`"),
        (("show", "20261123-203512345-9c1d7f"), 10, "there is no backup `20261123-203512345-9c1d7f`"),
        (("show", "yesterday"), 2, "no backup id"),
        (("run", "--store", "ftp://x/y"), 2, "no place for backups"),
        (("run", "--store", "s3://"), 2, "names no bucket"),
    ],
)
def test_each_mistake_has_its_exit_code_and_a_hint(
    app: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = gigops(app, "backup", *words, code=code)
    assert said in done.stderr
    assert "hint: " in done.stderr
    assert done.stdout == ""


def test_the_cron_line_takes_a_backup_in_crons_bare_environment(app: Path) -> None:
    printed = gigops(app, "backup", "schedule")
    comment, line = printed.stdout.splitlines()
    assert comment.startswith("# gigops-backup-of-shop")
    assert "crontab -" in printed.stderr
    command = line.split(" ", 5)[5].replace("\\%", "%")

    bare = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "nobody"}
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd="/", env=bare, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr

    assert "next: gigops backup restore" in (app / ".gigops/backup.log").read_text()
    assert len(json.loads(gigops(app, "backup", "list", "--json").stdout)["backups"]) == 2


def test_killed_at_any_moment_it_leaves_no_backup_that_does_not_restore(
    app: Path, moved: DatabaseUrl
) -> None:
    begun = time.monotonic()
    gigops(app, "backup", "run")
    whole = time.monotonic() - begun
    kills, tries = 0, 8
    for number in range(tries):
        process = subprocess.Popen(
            [*GIGOPS, "backup", "run"], cwd=app, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(whole * (0.35 + 0.65 * number / tries))  # imports take the first third
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL

    assert kills >= tries // 2
    found = json.loads(gigops(app, "backup", "list", "--json").stdout)
    assert len(found["backups"]) >= 1 + tries - kills
    assert found["damaged"] == []
    for backup in found["backups"]:
        gigops(app, "backup", "restore", backup["id"])
    assert list((app / ".gigops/work").iterdir()) == []
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gigops backup'"
    deadline = time.monotonic() + 10
    while execute(moved, left) != [(0,)]:
        assert time.monotonic() < deadline, "a killed run left a session behind"
        time.sleep(0.05)


def test_sigterm_takes_everything_away_and_says_so(app: Path, moved: DatabaseUrl) -> None:
    # the lock keeps the run waiting at a known place
    with closing(_locked(moved)):
        process = subprocess.Popen(
            [*GIGOPS, "backup", "run"], cwd=app, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'moved' AND wait_event_type = 'Lock'"
        deadline = time.monotonic() + 20
        while execute(moved, waiting) != [(1,)]:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=20)

    assert process.returncode == 128 + signal.SIGTERM, stderr
    assert "stopped by SIGTERM" in stderr
    assert stdout == ""
    assert not (app / ".gigops/backups/v1").exists()


def _locked(url: DatabaseUrl) -> Connection:
    connection = connect(url)
    connection.cursor().execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
    return connection
