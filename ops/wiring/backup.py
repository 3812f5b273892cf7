"""Backups with real parts: the store and the database that the settings name, and what takes and restores.

For the playbooks: `taker(settings, reporter).take() -> Taken` (id, where, kind, bytes, rows, tables).
It backs up what `.env` points to at that moment; it returns only when the backup is whole.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from ops import __version__, envfile
from ops.backup import origin as origins
from ops.backup import schedule
from ops.backup.origin import Origin, Postgres
from ops.backup.restore import Restorer
from ops.backup.take import Taker
from ops.clients.clock import SystemClock
from ops.errors import UsageError
from ops.interfaces import ObjectStore, PgTools, Reporter
from ops.provision.credentials import Credentials
from ops.settings import Backup, Settings
from ops.values import DatabaseUrl


def store(settings: Settings) -> ObjectStore:
    """The place `backup.to` names: a folder (`/srv/backups`, `file:///srv/backups`) or `s3://bucket/prefix`."""
    to = settings.backup.to
    parts = urlsplit(to)
    if parts.scheme == "s3":
        from ops.clients.s3 import S3Store

        if not parts.netloc:
            raise UsageError(f"`{to}` names no bucket", hint="write it as s3://bucket/prefix")
        endpoint = settings.backup.endpoint_url
        endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        return S3Store(parts.netloc, parts.path, endpoint_url=endpoint)
    if parts.scheme not in ("", "file"):
        raise UsageError(
            f"`{parts.scheme}://` is no place for backups that gigops knows",
            hint="set backup.to to a folder or to s3://bucket/prefix",
        )
    from ops.clients.folder import FolderStore

    return FolderStore(settings.root / (parts.path if parts.scheme else to))


def pgtools() -> PgTools:
    """pg_dump and pg_restore as they are found on this machine."""
    from ops.clients.pgtools import InstalledPgTools

    return InstalledPgTools()


def origin(settings: Settings) -> Origin:
    """The database that the application's `.env` names now."""
    variables = envfile.read(settings.app.env_file)
    sources = [source.path for source in settings.sources]
    return origins.from_env(variables, sources, settings.app.env_file.parent)


def taker(settings: Settings, reporter: Reporter) -> Taker:
    return Taker(
        store=store(settings),
        tools=pgtools(),
        clock=SystemClock(),
        reporter=reporter,
        origin=origin(settings),
        app=settings.app.name,
        tool=f"gigops {__version__}",
        work=settings.state_dir / "work",
        token=lambda: secrets.token_hex(3),
    )


def restorer(settings: Settings, reporter: Reporter) -> Restorer:
    """Restores beside the PostgreSQL database that `.env` names, else beside `target.url`."""
    try:
        now: Origin | None = origin(settings)
    except UsageError:  # an application that lost its `.env` must still get its data back
        now = None
    current = now.url if isinstance(now, Postgres) else settings.target.url
    return Restorer(
        store=store(settings),
        tools=pgtools(),
        clock=SystemClock(),
        reporter=reporter,
        app=settings.app.name,
        work=settings.state_dir / "work",
        folder=settings.state_dir / "restored",
        current=current,
        maker=_maker(settings, current),
    )


def job(settings: Settings, config: Path) -> schedule.Job:
    """The cron job of this application, for the gigops that runs now."""
    beside = Path(sys.executable).with_name("gigops")
    found = str(beside) if beside.exists() else shutil.which("gigops")
    program = [str(Path(found).absolute())] if found else [sys.executable, "-m", "ops.cli.app"]
    default, host = Backup().schedule, socket.gethostname()
    return schedule.Job(
        app=settings.app.name,
        root=settings.root,
        command=[*program, "--config", str(config), "backup", "run"],
        schedule=schedule.jittered(settings.backup.schedule, default, host, settings.app.name),
        zone=_zone(),
    )


def _maker(settings: Settings, current: DatabaseUrl | None) -> DatabaseUrl | None:
    """The superuser of a server that gigops made, when `current` is on that server."""
    credentials, name = Credentials(settings.state_dir), settings.target.provider
    kept, admin = credentials.load(name), credentials.load(f"{name}-admin")
    if not current or not kept or not admin or (kept.host, kept.port) != (current.host, current.port):
        return None
    return replace(admin, host=kept.host, port=kept.port)


def _zone() -> str:
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        link = Path("/etc/localtime")
        told = str(link.resolve()) if link.is_symlink() else ""
        name = told.partition("zoneinfo/")[2]
    return name or time.strftime("%Z")
