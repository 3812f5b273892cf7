"""The checks of `gigops doctor`, with real parts: this machine, this folder, the target the settings name."""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import ops
from ops import envfile
from ops.clients import pgversions
from ops.clients.clock import SystemClock
from ops.config import resolve
from ops.doctor import env, machine, programs, source, target
from ops.doctor.check import Check, fail, failed, ok, warn
from ops.errors import GigopsError, NotReady, UsageError
from ops.interfaces import Reporter
from ops.migrate import sqlitefile
from ops.provision.binaries import locate, places
from ops.settings import Settings
from ops.wiring.backup import pgtools
from ops.wiring.provision import provider


def checks(config: Path, environ: Mapping[str, str], reporter: Reporter) -> Iterator[Check]:
    """Every check, as it is made. With settings that cannot be read, only those of the machine."""
    yield programs.python(sys.version_info[:3], platform.python_implementation())
    yield programs.sqlite(sqlite3.sqlite_version)
    yield _psycopg2()
    yield machine.clock(SystemClock().now(), _installed())
    try:
        resolved = resolve(config, environ, {})
    except UsageError as error:
        yield failed(config.name, error)
        yield from _programs("embedded", "")
        return
    yield _config(config, resolved.warnings)
    settings = resolved.settings
    yield from _programs(settings.target.provider, settings.target.version)
    yield from _folder(settings)
    yield from _target(settings, reporter)


def _config(config: Path, warnings: tuple[str, ...]) -> Check:
    if not config.exists():
        return warn(config.name, f"there is none in {config.parent}", "gigops init")
    if warnings:
        return warn(config.name, "; ".join(warnings))
    return ok(config.name, "valid")


def _psycopg2() -> Check:
    try:
        import psycopg2
    except ImportError as error:
        return fail("psycopg2", f"cannot be loaded: {error}", "pip install --force-reinstall psycopg2-binary")
    return programs.libpq(str(vars(psycopg2)["__version__"]), psycopg2.__libpq_version__)


def _installed() -> datetime:
    return datetime.fromtimestamp(Path(ops.__file__).stat().st_mtime, UTC)


def _programs(provider_name: str, version: str) -> Iterator[Check]:
    try:
        found = locate(places(), version)
        yield programs.server(f"{found.version} in {found.folder}", "", provider_name)
    except NotReady as error:
        yield programs.server("", error.message, provider_name)
    known = pgversions.installed(pgversions.standard_folders())
    yield programs.clients(sorted({client.version for client in known}))
    try:
        from ops.clients.docker import DockerEngine

        yield programs.docker(DockerEngine().version(), "", provider_name)
    except NotReady as error:
        yield programs.docker("", error.message, provider_name)


def _folder(settings: Settings) -> Iterator[Check]:
    yield machine.writable("state folder", settings.state_dir)
    sizes = [s.path.stat().st_size for s in settings.sources if s.path.is_file()]
    yield machine.room(settings.root, machine.free_space(settings.root), sum(sizes))
    yield from env.examine(settings.app.env_file, envfile.concerns(settings.app.env_file))
    if not settings.sources:
        yield warn("sources", "no SQLite file is named", "gigops init finds them; or name one: --source FILE")
    for one in settings.sources:
        yield source.examine(one.path, lambda path, whole: sqlitefile.reading(path, whole=whole))


def _target(settings: Settings, reporter: Reporter) -> Iterator[Check]:
    name = settings.target.provider
    try:
        found = provider(settings, reporter).find()
    except GigopsError as error:
        yield failed("target", error)
        return
    if found is None:
        yield target.verdict(name, "none", "", "")
        return
    yield target.verdict(name, found.state, found.version, found.detail)
    if found.state == "running":
        try:
            before = SystemClock().now()
            yield machine.skew(before, target.server_time(found.url))
            told = pgtools().versions(found.url)
            yield ok("backup client", f"pg_dump {told['pg_dump']} suits the server's {told['server']}")
        except GigopsError as error:
            yield failed("backup client", error)
