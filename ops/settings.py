"""What gigops.yaml, GIGOPS_* and the flags come to: one frozen value that every command works from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ops.values import DatabaseUrl, Duration


@dataclass(frozen=True)
class App:
    """The application: where its `.env` is and how it is stopped, started and asked for its health.

    `stop`, `start` and `reload` are shell lines (empty: none), run in the application's folder.
    `health_url` is polled after the switch until it answers 2xx (empty: not polled).
    """

    name: str
    env_file: Path
    stop: str = ""
    start: str = ""
    reload: str = ""
    health_url: str = ""
    health_timeout: Duration = field(default=Duration(60.0))


@dataclass(frozen=True)
class Source:
    """One SQLite file. Its tables go to the PostgreSQL schema `schema` (default: the target's own),
    with `prefix` before each name."""

    path: Path
    schema: str = ""
    prefix: str = ""


EPOCHS = ("unix", "unix_ms", "unix_us", "unix_ns", "julian", "mac2001", "webkit1601")


@dataclass(frozen=True)
class TypeRule:
    """What the user decides of some columns: those whose `table.column` matches the pattern `column` and
    whose declared type matches the pattern `declared` (`*` and `?`, case ignored; the last rule wins).

    `type` is a PostgreSQL type, `epoch` what numbers in a column of dates count (one of EPOCHS: seconds to
    nanoseconds since 1970, Julian days, seconds since 2001, microseconds since 1601). `empty="null"` makes
    NULL of `''`; `nul` and `utf8` say what becomes of NUL bytes and of invalid text. `""` leaves a thing as
    it is.
    """

    column: str = "*"
    declared: str = "*"
    type: str = ""
    epoch: str = ""
    empty: Literal["", "null"] = ""
    nul: Literal["", "strip", "replace", "escape"] = ""
    utf8: Literal["", "replace", "cp1252", "bytea"] = ""


@dataclass(frozen=True)
class Target:
    """The PostgreSQL to move to. `provider` is `embedded`, `docker` or `url`; `url` is set with the last.

    `port` 0 means: one that is free. `into_existing` allows a database that already holds other tables.
    `tables`: `new` ones are made, or `existing` ones, made by the application's own migrations, are filled.
    `compat` keeps what raw SQL of the application relies on: 0/1 booleans and timestamps as they are.
    `on_misfit`: `fail` when values disagree with their column's type, `widen` the type to carry them, or
    `reject` their rows, up to `allow_rejects` of them. `on_orphan`: rows whose parent is missing are kept
    (the foreign key holds for new rows only), rejected, or their reference becomes `null`.
    """

    provider: str = "embedded"
    url: DatabaseUrl | None = None
    database: str = "app"
    user: str = "app"
    port: int = 0
    version: str = ""
    image: str = ""
    schema: str = "public"
    into_existing: bool = False
    tables: Literal["new", "existing"] = "new"
    compat: bool = False
    on_misfit: Literal["fail", "widen", "reject"] = "fail"
    allow_rejects: int = 0
    on_orphan: Literal["keep", "reject", "null"] = "keep"
    names: Literal["preserve", "lower", "snake"] = "preserve"
    types: tuple[TypeRule, ...] = ()


@dataclass(frozen=True)
class Backup:
    """Where backups go (`to`: a folder or `s3://bucket/prefix`), and when (`schedule`: five cron fields)."""

    to: str = ".gigops/backups"
    schedule: str = "17 3 * * *"
    endpoint_url: str = ""


@dataclass(frozen=True)
class Cutover:
    """`window`: how long the application may wait; `reserve`: the part of it kept for the way home."""

    window: Duration = field(default=Duration(900.0))
    reserve: Duration = field(default=Duration(30.0))


@dataclass(frozen=True)
class Settings:
    """Everything, with absolute paths. `root` is the application's folder."""

    root: Path
    app: App
    sources: tuple[Source, ...]
    target: Target = field(default=Target())
    backup: Backup = field(default=Backup())
    cutover: Cutover = field(default=Cutover())

    @property
    def state_dir(self) -> Path:
        """Where gigops keeps runs, servers, backups and kept `.env` files: `.gigops` in the root."""
        return self.root / ".gigops"
