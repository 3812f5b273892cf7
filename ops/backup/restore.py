"""Restores a backup beside what is there: PostgreSQL into a new database, SQLite into a new folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ops.backup import catalogue, into_folder
from ops.backup.into_postgres import IntoPostgres
from ops.backup.manifest import Manifest
from ops.errors import UsageError
from ops.interfaces import Clock, ObjectStore, PgTools, Reporter
from ops.values import DatabaseUrl


@dataclass(frozen=True)
class Restored:
    """Where the data is now: `url` of a database, or `files`. Nothing uses it yet."""

    id: str
    kind: str
    url: DatabaseUrl | None
    files: tuple[Path, ...]
    tables: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Restorer:
    """Restores backups of `app`. `current` is the PostgreSQL database beside which a new one is made
    (None: there is none, a target must be given), by the login `maker` where the application's own may
    not; `folder` is where SQLite backups go by default."""

    store: ObjectStore
    tools: PgTools
    clock: Clock
    reporter: Reporter
    app: str
    work: Path
    folder: Path
    current: DatabaseUrl | None
    maker: DatabaseUrl | None = None

    def find(self, wanted: str) -> Manifest:
        return catalogue.find(self.store, self.app, wanted)

    def plan(self, manifest: Manifest, to: str = "") -> tuple[str, ...]:
        """What `restore` would do, in words; changes nothing."""
        if manifest.kind == "sqlite":
            return (f"write {len(manifest.items)} files into {self._folder(manifest, to)}",)
        if to:
            return (f"fill the empty database {self._url(to)}",)
        return (f"make a new database beside `{self._beside().database}` and fill it",)

    def restore(self, manifest: Manifest, to: str = "") -> Restored:
        """Hashes first, then the data, then its row counts. `to`: an empty database's URL, or a folder."""
        begun = self.clock.now()
        files: tuple[Path, ...] = ()
        url: DatabaseUrl | None = None
        if manifest.kind == "sqlite":
            files = into_folder.restore(self.store, manifest, self._folder(manifest, to), self.reporter)
        else:
            postgres = IntoPostgres(self.store, self.tools, self.work, self.reporter, self.maker)
            url = postgres.into(manifest, self._url(to)) if to else postgres.beside(manifest, self._beside())
        seconds = round((self.clock.now() - begun).total_seconds(), 3)
        return Restored(manifest.id, manifest.kind, url, files, len(manifest.tables), manifest.rows, seconds)

    def _folder(self, manifest: Manifest, to: str) -> Path:
        if "://" in to:
            raise UsageError(
                f"backup {manifest.id} holds SQLite files: they go into a folder",
                hint="restore them, then move them on: gigops migrate --source FILE --target URL",
            )
        return Path(to).absolute() if to else self.folder / manifest.id

    def _url(self, to: str) -> DatabaseUrl:
        if "://" not in to:
            raise UsageError(
                "this backup is a PostgreSQL dump: --to takes the URL of an empty database",
                hint="leave --to away, and gigops makes a new database",
            )
        return DatabaseUrl.parse(to)

    def _beside(self) -> DatabaseUrl:
        if self.current is None:
            raise UsageError(
                "the .env names no PostgreSQL server to restore on",
                hint="give an empty database: gigops backup restore ID --to postgresql://…",
            )
        return self.current
