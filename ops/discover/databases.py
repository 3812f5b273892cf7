"""Tells SQLite files by their header, not by their names."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ops.values import Size

# sqlite.org/fileformat2.html, section 1.3
HEADER = b"SQLite format 3\0"
_NAMED_LIKE_ONE = re.compile(r".*\.(db3?|sqlite3?|sdb|s3db)", re.IGNORECASE)
_COPY = re.compile(
    r".*(\.bak|\.backup|\.old|\.orig|\.save|\.tmp|[._ -]copy|~)([._-]?\d+)?(\.\w+)?|copy of .*", re.IGNORECASE
)
_ASIDE = {"backup", "backups", "bak", "old", "archive", "tests", "test", "fixtures", "tmp"}


@dataclass(frozen=True)
class DatabaseFile:
    """A SQLite file. `wal`: it has a write-ahead log beside it, so something may have it open. `doubt`
    says why it is perhaps not one the application lives on (empty: it is)."""

    path: Path
    size: Size
    wal: bool
    doubt: str = ""


def kind(path: Path) -> str:
    """`sqlite`, `empty` (no bytes, but named like a database), `other` (named so, and not SQLite) or ``."""
    named = bool(_NAMED_LIKE_ONE.fullmatch(path.name))
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            return ""
        if info.st_size == 0:
            return "empty" if named else ""
        with path.open("rb") as file:
            header = file.read(len(HEADER))
    except OSError:
        return "other" if named else ""
    if header == HEADER:
        return "sqlite"
    return "other" if named else ""


def describe(path: Path, folder: Path) -> DatabaseFile:
    inside = path.relative_to(folder).parts[:-1] if path.is_relative_to(folder) else ()
    doubt = ""
    if _COPY.fullmatch(path.name):
        doubt = "looks like a copy"
    elif aside := next((part for part in inside if part.lower() in _ASIDE), ""):
        doubt = f"lies in {aside}/"
    wal = path.with_name(f"{path.name}-wal").exists()
    return DatabaseFile(path, Size(path.stat().st_size), wal, doubt)


def named_in(values: Mapping[str, str], folder: Path) -> list[DatabaseFile]:
    """The SQLite files that an env file's values name: `sqlite:///` URLs, and paths that end like one."""
    out: dict[Path, DatabaseFile] = {}
    for value in values.values():
        text = value.split("?")[0]
        if text.startswith(("sqlite:", "sqlite+", "file:")):
            text = re.sub(r"^(sqlite(\+\w+)?:(///|//)?|file:(//)?)", "", text)
        elif not _NAMED_LIKE_ONE.fullmatch(text):
            continue
        for candidate in (text, unquote(text)):
            path = folder / candidate
            if "\0" not in candidate and kind(path) == "sqlite":
                out[path] = describe(path, folder)
                break
    return list(out.values())
