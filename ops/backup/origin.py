"""Which database a backup is of: the one the application's `.env` names now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.database import environment
from ops.values import DatabaseUrl


@dataclass(frozen=True)
class Postgres:
    url: DatabaseUrl

    def describe(self) -> str:
        return f"PostgreSQL database `{self.url.database}` at {self.url.host}:{self.url.port}"


@dataclass(frozen=True)
class SqliteFiles:
    paths: tuple[Path, ...]

    def describe(self) -> str:
        names = ", ".join(path.name for path in self.paths)
        return f"{len(self.paths)} SQLite file{'s' if len(self.paths) != 1 else ''} ({names})"


Origin = Postgres | SqliteFiles


def from_env(variables: Mapping[str, str], sources: Sequence[Path], base: Path) -> Origin:
    """What the variables of `.env` name, as the application itself reads them. `sources` are the SQLite
    files that gigops.yaml knows, `base` the folder a relative `sqlite:///` path starts from.

    Raises UsageError when they name nothing."""
    meant = environment.meant(variables, sources[0] if sources else None)
    if isinstance(meant, environment.Postgres):
        return Postgres(meant.url)
    return SqliteFiles(tuple(sources) or (base / meant.path,))
