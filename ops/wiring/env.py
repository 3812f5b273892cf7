"""The env file of these settings: what it says, and switching it by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ops import envfile
from ops.capture import fence
from ops.database.connect import connect
from ops.errors import NotReady, UsageError
from ops.interfaces import Reporter
from ops.playbook.runs import Runs
from ops.settings import Settings
from ops.values import DatabaseUrl, redact
from ops.wiring.provision import provider


@dataclass(frozen=True)
class Status:
    """An env file as people may see it: no value in it but the two keys, and no password."""

    path: Path
    real: Path
    exists: bool
    mode: str
    owner: str
    database_type: str
    database_url: str
    concerns: Sequence[str]
    kept: Sequence[Path]


@contextmanager
def alone(settings: Settings, reporter: Reporter) -> Iterator[None]:
    """Keeps runs from starting meanwhile. Raises Busy while one is active."""
    runs = Runs(settings.state_dir / "runs")
    with runs.lock():
        if run := runs.unfinished("cutover"):
            reporter.warn(f"the cutover {run.id} is not finished", hint="gigops cutover status")
        yield


def status(settings: Settings) -> Status:
    path = settings.app.env_file
    real = path.resolve()
    values = envfile.read(path)
    info = real.stat() if real.exists() else None
    return Status(
        path=path,
        real=real,
        exists=info is not None,
        mode=f"{info.st_mode & 0o7777:04o}" if info else "",
        owner=_owner(real) if info else "",
        database_type=values.get("DATABASE_TYPE", ""),
        database_url=shown(values.get("DATABASE_URL", "")),
        concerns=envfile.concerns(path),
        kept=envfile.kept_files(real),
    )


def postgresql_url(settings: Settings, reporter: Reporter) -> DatabaseUrl:
    """The URL of the server that the settings mean. Raises NotReady when there is none, or it is stopped."""
    if settings.target.url:
        return settings.target.url
    found = provider(settings, reporter).find()
    if found is None:
        raise NotReady(
            f"there is no PostgreSQL of the provider `{settings.target.provider}` yet",
            hint="gigops provision, or set GIGOPS_TARGET_URL, or --ask-url",
        )
    if found.state != "running":
        text = f"the server `{found.name}` is {found.state} ({found.detail})"
        raise NotReady(text, hint="gigops provision starts it")
    return found.url


def to_postgresql(url: DatabaseUrl) -> Mapping[str, str]:
    return {"DATABASE_TYPE": "postgresql", "DATABASE_URL": url.reveal()}


def tables_in(url: DatabaseUrl, schema: str) -> int:
    """How many tables `schema` has. Raises NotReady when the server does not let us in."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = %s", (schema,))
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def way_to_sqlite(settings: Settings) -> envfile.Already | envfile.PutBack | envfile.Edit:
    """How the env file goes back to SQLite; changes nothing."""
    current = envfile.content(settings.app.env_file) or b""
    kept = []
    for path in envfile.kept_files(settings.app.env_file.resolve()):
        if (old := envfile.content(path)) is not None:
            kept.append((path, old))
    first = settings.sources[0].path if settings.sources else None
    return envfile.to_sqlite(current, kept, first)


def go_to_sqlite(
    settings: Settings, way: envfile.Already | envfile.PutBack | envfile.Edit, now: datetime
) -> Path | None:
    """Goes that way; returns where the file of before is kept."""
    path = settings.app.env_file
    match way:
        case envfile.PutBack(kept):
            before = envfile.keep(path, now)
            envfile.put_back(path, kept)
            return before
        case envfile.Edit(changes):
            return envfile.switch(path, changes, now).kept
    return None


def fenced(settings: Settings) -> list[Path]:
    """The SQLite files that refuse writes since the cutover; those that cannot be opened are left out."""
    out = []
    for source in settings.sources:
        try:
            if source.path.exists() and fence.standing(source.path):
                out.append(source.path)
        except sqlite3.Error:
            continue
    return out


def lift(paths: Sequence[Path]) -> int:
    return fence.lift(paths)


def shown(url: str) -> str:
    """A URL without its password."""
    try:
        return redact(str(DatabaseUrl.parse(url)))
    except UsageError:
        return redact(url)


def _owner(path: Path) -> str:
    try:
        return f"{path.owner()}:{path.group()}"
    except KeyError:
        info = path.stat()
        return f"{info.st_uid}:{info.st_gid}"
