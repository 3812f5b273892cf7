"""One SQLite file that is to be moved: can it be read, held, fenced, and are its pages sound."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection

from ops.doctor.check import Check, fail, ok, warn
from ops.errors import GigopsError
from ops.values import Size

# quick_check reads the whole file; above this it would keep the user waiting.
_WHOLE = 200_000_000
_TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"

Open = Callable[[Path, bool], AbstractContextManager[Connection]]
"""Opens a SQLite file read-only, with True after a look at all its pages; raises what gigops can explain."""


@dataclass(frozen=True)
class Facts:
    """What was seen of a file that could be opened."""

    size: int
    journal: str
    tables: int
    whole: bool
    may_write: bool


def examine(path: Path, open_file: Open) -> Check:
    what = path.name
    try:
        return verdict(what, path, look(path, open_file))
    except GigopsError as error:
        return Check("fail", what, error.message, error.hint)


def look(path: Path, open_file: Open) -> Facts:
    """Raises SourceError when there is no such file, or it is locked, damaged or not SQLite."""
    size = path.stat().st_size if path.exists() else 0
    whole = size <= _WHOLE
    with open_file(path, whole) as connection:
        journal = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
        tables = int(connection.execute(_TABLES).fetchone()[0])
    return Facts(size, journal, tables, whole, os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def verdict(what: str, path: Path, facts: Facts) -> Check:
    tables = "1 table" if facts.tables == 1 else f"{facts.tables} tables"
    said = f"{Size(facts.size)}, {tables}, journal {facts.journal}"
    if not facts.may_write:
        fix = f"run gigops as its owner ({path.owner()}): a cutover locks the file and fences it"
        return fail(what, f"{said}; this user may not write to it or to its folder", fix)
    if not facts.tables:
        return warn(
            what, f"{said}; there is nothing to move", "is it the right file? see sources in gigops.yaml"
        )
    pages = "pages sound" if facts.whole else "too large for a look at every page here"
    return ok(what, f"{said}, {pages}")
