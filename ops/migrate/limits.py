"""What cannot be carried, however it is typed: told before anything is changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ops.errors import Refused
from ops.migrate.beside import log_is_lost
from ops.migrate.model import Note, Table
from ops.migrate.seen import TableProfile
from ops.migrate.sqlitefile import quoted
from ops.values import Size

VALUE_BYTES = 2**30 - 5
"""The most in one value, and in one row as COPY and pg_dump read it (PostgreSQL manual, "PostgreSQL
Limits": field size)."""
DUMPED_BYTES = 2**29 - 16
"""The most in one bytea value that pg_dump can write: it writes two digits a byte."""


def log_notes(path: Path, tables: int) -> list[Note]:
    """What cannot be read because it is not there: rows of a write-ahead log that is missing."""
    if not log_is_lost(path, tables):
        return []
    what = "its write-ahead log is missing: the last rows may have been in it"
    return [Note(path.name, what, "look for the -wal file, and put it beside the file")]


def check_sizes(
    connection: sqlite3.Connection, table: Table, profile: TableProfile, encoding: str, file: str
) -> list[Note]:
    """Notes on values that pg_dump could not write. Raises Refused for a value or a row over 1 GB."""
    # UTF-16 text may take half as much again in UTF-8.
    share = 2 if encoding == "UTF-8" else 3
    if profile.largest * len(table.columns) * share // 2 <= DUMPED_BYTES:
        return []
    notes, sizes = [], [f"coalesce(length(CAST({quoted(c.name)} AS BLOB)), 0)" for c in table.columns]
    for column, size in zip(table.columns, sizes, strict=True):
        key, largest = _largest(connection, table, size)
        if largest * share // 2 > VALUE_BYTES:
            raise Refused(
                f"`{table.name}.{column.name}` in `{file}` holds a value of {Size(largest)} ({key}), and"
                " PostgreSQL allows 1 GB",
                hint="put it into a file of its own, and its path into the column",
            )
        if largest > DUMPED_BYTES:
            notes.append(
                Note(
                    f"{table.name}.{column.name}",
                    f"holds a value of {Size(largest)} ({key}): PostgreSQL keeps it, but if the column is"
                    " bytea, pg_dump cannot write it",
                    "put what is over 500 MB into files before you rely on backups",
                )
            )
    key, largest = _largest(connection, table, " + ".join(sizes))
    if largest * share // 2 > VALUE_BYTES:
        raise Refused(
            f"`{table.name}` in `{file}` has a row of {Size(largest)} ({key}), and PostgreSQL reads rows"
            " of up to 1 GB",
            hint="put its large values into files, or into a table of their own",
        )
    return notes


def _largest(connection: sqlite3.Connection, table: Table, size: str) -> tuple[str, int]:
    names = [quoted(name) for name in table.primary_key] or ([table.rowid_name] if table.rowid_name else [])
    wanted = ", ".join([size, *(f"quote({name})" for name in names)])
    row = connection.execute(
        f"SELECT {wanted} FROM {quoted(table.name)} ORDER BY {size} DESC LIMIT 1"
    ).fetchone() or (0,)
    keys = [f"{name.strip(chr(34))} = {key[:60]}" for name, key in zip(names, row[1:], strict=False)]
    return "the row with " + ", ".join(keys) if keys else "one row", int(row[0])
