"""Decides how an env file goes back to SQLite: the kept file byte for byte, or an edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.envfile.edit import edit
from ops.envfile.read import KEYS, values
from ops.errors import NotReady, Refused


@dataclass(frozen=True)
class Already:
    """The file names SQLite now; nothing is to be done."""


@dataclass(frozen=True)
class PutBack:
    """The file is what gigops made of `kept`, so `kept` is put back as it was."""

    kept: Path


@dataclass(frozen=True)
class Edit:
    """The file was changed since by someone else, so only the two keys are changed."""

    changes: Mapping[str, str | None]
    reason: str


def to_sqlite(
    current: bytes, kept: Sequence[tuple[Path, bytes]], first_source: Path | None
) -> Already | PutBack | Edit:
    """What takes `current` back to SQLite. `kept` holds the kept files, newest first.

    DATABASE_URL becomes what it was in the newest kept file that named SQLite (none there: none again);
    without such a file, `sqlite:///` and the first source."""
    now = values(current)
    if not names_postgresql(now) and now.get("DATABASE_TYPE", "sqlite") == "sqlite":
        return Already()
    earlier = [(path, content) for path, content in kept if not names_postgresql(values(content))]
    for path, content in earlier:
        if made_of(current, content):
            return PutBack(path)
    url = now.get("DATABASE_URL")
    if url is None or names_postgresql({"DATABASE_URL": url}):
        url = f"sqlite:///{first_source}" if first_source else None
        if earlier:
            url = values(earlier[0][1]).get("DATABASE_URL")
    reason = "it was changed since gigops wrote it" if earlier else "there is no kept file of before"
    return Edit({"DATABASE_TYPE": "sqlite", "DATABASE_URL": url}, reason)


def made_of(current: bytes, old: bytes) -> bool:
    """Whether `current` is `old` with nothing but the two database keys changed, in gigops' own way."""
    now = values(current)
    try:
        return edit(old, {key: now.get(key) for key in KEYS}) == current
    except (NotReady, Refused):
        return False


def names_postgresql(found: Mapping[str, str]) -> bool:
    """Whether these values of an env file send an application to PostgreSQL."""
    kind = found.get("DATABASE_TYPE", "").strip().lower()
    if kind:
        return kind in ("postgresql", "postgres", "pg")
    return found.get("DATABASE_URL", "").startswith(("postgres:", "postgresql:", "postgresql+"))
