"""The fence around a SQLite file: after the move, a late writer is told where the data went."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from ops.errors import NotReady

PREFIX = "_gigops_fence_"
# The tables that FTS3, FTS4, FTS5 and R*Tree keep behind a virtual table (sqlite.org/fts5.html, rtree.html).
_SHADOWS = (
    *("data", "idx", "content", "docsize", "config"),
    *("segments", "segdir", "stat"),
    *("node", "rowid", "parent"),
)


def statements(path: Path, now: datetime, env_file: Path) -> list[str]:
    """The triggers that refuse every write to the tables of `path`. Repeating them is harmless.

    RAISE(ABORT) holds against OR IGNORE, OR REPLACE and UPSERT too, and for connections that were open
    before (seen with SQLite 3.40).
    """
    moved = f"this database moved to PostgreSQL on {now:%Y-%m-%d}"
    message = f"gigops-fence: {moved}; see DATABASE_URL in {env_file}"
    quoted = message.replace("'", "''")
    lines = []
    with closing(_open(path, "ro")) as connection:
        for table in _tables(connection):
            mark = hashlib.sha256(table.encode()).hexdigest()[:12]
            for event in ("INSERT", "UPDATE", "DELETE"):
                name = f"{PREFIX}{mark}_{event.lower()}"
                lines.append(
                    f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE {event} ON {_quoted(table)} '
                    f"BEGIN SELECT RAISE(ABORT, '{quoted}'); END"
                )
    return lines


def standing(path: Path) -> bool:
    """Whether `path` is fenced; False for what cannot be read as SQLite."""
    try:
        with closing(_open(path, "ro")) as connection:
            return bool(_triggers(connection))
    except sqlite3.DatabaseError:
        return False


def lift(paths: Sequence[Path]) -> int:
    """Takes the fences away, so that the files accept writes again; returns how many files had one.

    Raises NotReady when a file stays locked."""
    lifted = 0
    for path in paths:
        with closing(_open(path, "rw")) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                found = _triggers(connection)
                for name in found:
                    connection.execute(f"DROP TRIGGER {_quoted(name)}")
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise NotReady(f"the fence of `{path}` cannot be lifted: {error}", hint="try again") from None
            lifted += bool(found)
    return lifted


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The tables that can be fenced. A virtual table takes no triggers, and one on its shadow tables
    makes the module fail or crash (seen with FTS5 of SQLite 3.40), so both are left out."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
    found = [(str(name), str(sql or "")) for name, sql in rows]
    virtual = [name for name, sql in found if sql.upper().startswith("CREATE VIRTUAL")]
    shadows = {f"{name}_{part}" for name in virtual for part in _SHADOWS}
    left_out = {*virtual, *shadows}
    return [name for name, _ in found if name not in left_out and not name.startswith("sqlite_")]


def _triggers(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    return [name for (name,) in rows if name.startswith(PREFIX)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
