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


@dataclass(frozen=True)
class Target:
    """The PostgreSQL to move to. `provider` is `embedded`, `docker` or `url`; `url` is set with the last.

    `port` 0 means: one that is free. `into_existing` allows a database that already holds other tables.
    `on_misfit`: `fail` when values disagree with their column's type, or `widen` the type to carry them.
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
    on_misfit: Literal["fail", "widen"] = "fail"


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
