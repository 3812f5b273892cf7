"""What the tests of the embedded server share: its rooms, its process, and a row to keep."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from ops.database.connect import connect
from ops.provision.embedded import Embedded
from ops.provision.home import Record
from ops.provision.provider import Server
from ops.values import DatabaseUrl


def ask(url: DatabaseUrl, sql: str) -> list[tuple[object, ...]]:
    link = connect(url, autocommit=True)
    try:
        with link.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        link.close()


def keep_a_row(server: Server) -> None:
    ask(server.url, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")


def kept_rows(server: Server) -> list[tuple[object, ...]]:
    return ask(server.url, "SELECT word FROM kept")


def home_of(shop: Embedded) -> Path:
    record = Record.load(shop.state_dir)
    assert record
    return record.home


def kill(pid: int) -> None:
    """SIGKILL, and back when the process is no more than an entry in a table."""
    os.kill(pid, signal.SIGKILL)
    with suppress(FileNotFoundError, ProcessLookupError):
        while Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
            pass


def postmaster(shop: Embedded) -> int:
    return int((home_of(shop) / "data/postmaster.pid").read_text().splitlines()[0])


def state_files(shop: Embedded) -> dict[Path, tuple[int, bytes]]:
    files = [path for path in shop.state_dir.rglob("*") if path.is_file() and "postgres" not in path.parts]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
