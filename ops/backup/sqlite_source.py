"""Copies of SQLite files by the online backup API, all of one moment where their locks allow it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ops.backup.manifest import TableRows
from ops.errors import SourceError


@dataclass(frozen=True)
class Copies:
    """`why_not` says why the copies are not all of one moment (empty: they are)."""

    files: tuple[Path, ...]
    why_not: str = ""


class _NotLocked(Exception):
    """A write lock could not be had; a copy can still be made, of this file's own moment."""


def copy_all(sources: Sequence[Path], targets: Sequence[Path], *, wait: float) -> Copies:
    """Copies each source to its target while the application runs.

    For one moment in all files: take every file's write lock, begin a read in each, let the locks go,
    then copy what those reads see. In WAL mode writers wait only while all locks are held together; in
    the older journal modes they wait until their own file is copied. When a lock cannot be had within
    `wait` seconds, each file is copied as of its own moment, and the result says so. Raises SourceError.
    """
    for source in sources:
        if not source.is_file():
            raise SourceError(
                f"the SQLite file `{source}` does not exist", hint="correct `sources` in gigops.yaml"
            )
    why_not = ""
    with ExitStack() as readers:
        reads: list[sqlite3.Connection] = []
        if len(sources) > 1:
            try:
                with _write_locks(sources, wait):
                    reads = [_reading(readers, source, wait) for source in sources]
            except _NotLocked as error:
                why_not = f"the files could not be locked together ({error})"
        for number, (source, target) in enumerate(zip(sources, targets, strict=True)):
            reader = reads[number] if reads else _reading(readers, source, wait)
            try:
                _copy(reader, target)
            except sqlite3.DatabaseError as error:
                raise _explained(source, error) from None
            reader.close()  # lets this file's writers go on
    return Copies(tuple(targets), why_not)


def counted(path: Path, name: str) -> tuple[TableRows, ...]:
    """The rows of each ordinary table of a finished copy. `name` is the file's name in the backup."""
    with closing(opened_at_rest(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        return tuple(
            TableRows(name, table, connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])
            for (table,) in tables
        )


def damage(path: Path) -> str:
    """What `PRAGMA integrity_check` finds in a file at rest; empty when it is sound."""
    try:
        with closing(opened_at_rest(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def opened_at_rest(path: Path) -> sqlite3.Connection:
    """A file that nobody writes to, opened so that SQLite leaves no file beside it."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


@contextmanager
def _write_locks(sources: Sequence[Path], wait: float) -> Iterator[None]:
    """The write lock of every file, or of none."""
    with ExitStack() as held:
        for source in sources:
            writer = held.enter_context(closing(_connected(source, wait)))
            try:
                writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise _NotLocked(f"{source.name}: {error}") from None
            except sqlite3.DatabaseError as error:
                raise _explained(source, error) from None
        yield


def _reading(stack: ExitStack, source: Path, wait: float) -> sqlite3.Connection:
    """A connection that has begun to read: what it sees no longer changes."""
    try:
        reader = stack.enter_context(closing(_connected(source, wait)))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise _explained(source, error) from None
    return reader


def _connected(source: Path, wait: float) -> sqlite3.Connection:
    # mode=rw: SQLite must never make the file that is not there
    uri = f"file:{quote(str(source.resolve()))}?mode=rw"
    try:
        return sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
    except sqlite3.DatabaseError as error:
        raise _explained(source, error) from None


def _copy(reader: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target)) as copy:
        reader.backup(copy)


def _explained(source: Path, error: sqlite3.DatabaseError) -> SourceError:
    text = str(error)
    if "not a database" in text:
        return SourceError(f"`{source}` is no SQLite file, or an encrypted one", hint="correct `sources`")
    if "locked" in text:
        return SourceError(
            f"`{source}` is locked by another program", hint="run it again when that one has finished"
        )
    return SourceError(
        f"`{source}` cannot be copied: {text}", hint=f"sqlite3 {source} 'PRAGMA integrity_check'"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
