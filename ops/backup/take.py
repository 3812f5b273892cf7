"""Takes one backup: the data first, and the manifest, which is what makes it exist, last."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ops.backup import manifest as manifests
from ops.backup import naming, postgres_source, sqlite_source
from ops.backup.manifest import Item, Manifest, TableRows
from ops.backup.origin import Origin, Postgres, SqliteFiles
from ops.backup.streams import Measured, buffered
from ops.backup.workroom import workroom
from ops.errors import GigopsError, SourceError, VerificationFailed
from ops.interfaces import Clock, ObjectStore, PgTools, Reporter

DUMP = "data/database.dump"


@dataclass(frozen=True)
class Taken:
    """A backup that exists: `where` is its folder as a user would look for it."""

    id: str
    where: str
    kind: str
    bytes: int
    rows: int
    tables: int
    seconds: float
    one_point: bool


@dataclass(frozen=True)
class Taker:
    """Takes backups of `origin` into `store`. `token` gives random hex digits, `work` is for copies,
    `lock_wait` is how many seconds a SQLite file's lock is waited for.

    `take()` either returns a Taken, and then the backup is whole and listed, or raises, and then there
    is none: no manifest, and no object that this run could still delete.
    """

    store: ObjectStore
    tools: PgTools
    clock: Clock
    reporter: Reporter
    origin: Origin
    app: str
    tool: str
    work: Path
    token: Callable[[], str]
    lock_wait: float = 10.0

    def take(self) -> Taken:
        started = self.clock.now()
        backup_id = naming.new_id(started, self.token())
        where = naming.folder(self.app, backup_id)
        stored: list[str] = []
        try:
            match self.origin:
                case Postgres():
                    manifest = self._postgres(self.origin, where, stored)
                case SqliteFiles():
                    manifest = self._sqlite(self.origin, where, stored)
        except BaseException:
            self._forget(stored)
            raise
        manifest = replace(manifest, id=backup_id, started=started, finished=self.clock.now())
        # From here on nothing is deleted: when the answer to this write is lost, the backup may exist.
        self.store.put(where + naming.MANIFEST, io.BytesIO(manifests.written(manifest)))
        return Taken(
            id=backup_id,
            where=f"{self.store.describe()}/{where}".rstrip("/"),
            kind=manifest.kind,
            bytes=manifest.bytes,
            rows=manifest.rows,
            tables=len(manifest.tables),
            seconds=round((manifest.finished - started).total_seconds(), 3),
            one_point=manifest.one_point,
        )

    def _postgres(self, origin: Postgres, where: str, stored: list[str]) -> Manifest:
        versions = self.tools.versions(origin.url)
        self.reporter.detail(f"pg_dump {versions['pg_dump']} for a server {versions['server']}")
        with (
            postgres_source.held_still(origin.url) as moment,
            self.tools.dump(origin.url, snapshot=moment.snapshot) as dump,
        ):
            item = self._put(where, DUMP, dump, stored, expected=moment.size)
        if not item.bytes:
            raise VerificationFailed("pg_dump ended well and wrote nothing", hint="gigops doctor")
        return replace(
            self._blank("postgresql", origin.url.database),
            server=versions["server"],
            client=versions["pg_dump"],
            items=(item,),
            tables=moment.tables,
            locale=moment.locale,
        )

    def _sqlite(self, origin: SqliteFiles, where: str, stored: list[str]) -> Manifest:
        import sqlite3

        names = naming.distinct(path.name for path in origin.paths)
        items: list[Item] = []
        tables: list[TableRows] = []
        with workroom(self.work) as room:
            targets = [room / name for name in names]
            copies = sqlite_source.copy_all(origin.paths, targets, wait=self.lock_wait)
            if copies.why_not:
                self.reporter.warn(f"the copies are not of one moment: {copies.why_not}")
            for path, copy, name in zip(origin.paths, copies.files, names, strict=True):
                found = sqlite_source.damage(copy)
                if found:
                    raise SourceError(
                        f"`{path}` is damaged, so a backup of it would not restore: {found}",
                        hint=f"sqlite3 {path} .recover | sqlite3 recovered.db",
                    )
                with copy.open("rb") as data:
                    item = self._put(where, f"data/{name}", data, stored, expected=copy.stat().st_size)
                items.append(replace(item, origin=str(path)))
                tables += sqlite_source.counted(copy, name)
        return replace(
            self._blank("sqlite", ", ".join(names)),
            server=f"SQLite {sqlite3.sqlite_version}",
            client=f"SQLite {sqlite3.sqlite_version}",
            items=tuple(items),
            tables=tuple(tables),
            one_point=not copies.why_not,
            notes=(copies.why_not,) if copies.why_not else (),
        )

    def _put(self, where: str, name: str, source: BinaryIO, stored: list[str], *, expected: int) -> Item:
        measured = Measured(source)
        self.store.put(where + name, buffered(measured), expected=expected)
        stored.append(where + name)
        return Item(name, measured.count, measured.sha256)

    def _forget(self, keys: list[str]) -> None:
        for key in keys:
            # a key without the right to delete is a sound set-up; `backup list` counts what stays
            with suppress(GigopsError):
                self.store.delete(key)

    def _blank(self, kind: str, database: str) -> Manifest:
        now = self.clock.now()
        return Manifest(
            id="", app=self.app, kind=kind, database=database, tool=self.tool, server="", client="",
            started=now, finished=now, items=(), tables=(),
        )  # fmt: skip
