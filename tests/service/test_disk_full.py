"""The server's disk is full while rows are copied: it is said, and with more room the copy goes on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.provision.account import lookup, server_account
from ops.values import DatabaseUrl

ROWS = 30_000


Small = tuple[DatabaseUrl, Path]


@pytest.fixture
def small(server: DatabaseUrl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """A database on a disk of 24 MB, and where that is mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path_factory.mktemp("small")
    for folder in (disk, *disk.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    account = server_account(0, {}, lookup)
    assert account
    options = f"size=24m,uid={account.uid},gid={account.gid},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", str(disk)], check=True)
    admin = connect(server, autocommit=True)
    try:
        with admin.cursor() as cursor:
            cursor.execute("CREATE TABLESPACE small LOCATION %s", (str(disk),))
            cursor.execute("CREATE DATABASE small TABLESPACE small")
        yield replace(server, database="small"), disk
    finally:
        with admin.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS small WITH (FORCE)")
            cursor.execute("DROP TABLESPACE IF EXISTS small")
        admin.close()
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_said_and_with_more_room_the_same_command_goes_on(
    small: Small, tmp_path: Path
) -> None:
    url, disk = small
    with closing(sqlite3.connect(tmp_path / "big.db")) as connection, connection:
        connection.execute("CREATE TABLE big (id INTEGER PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO big VALUES (?, ?)", ((n, f"{n:01000d}") for n in range(ROWS)))
    words = [sys.executable, "-m", "ops.cli.app", "migrate", "--yes", "--source", "big.db"]
    environment = {**os.environ, "GIGOPS_TARGET_URL": url.reveal()}

    def migrate() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    full = migrate()
    assert full.returncode == 1, full.stderr
    assert f"the server at 127.0.0.1:{url.port} has no disk space left" in full.stderr
    assert "run the same command again" in full.stderr
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM big")
        (kept,) = cursor.fetchone() or (0,)
    assert 0 < kept < ROWS
    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
    assert migrate().returncode == 0
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT id) FROM big")
        assert cursor.fetchone() == (ROWS, ROWS)
