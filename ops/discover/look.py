"""Puts together what lies in an application's folder."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

from ops.discover.databases import DatabaseFile, describe, kind
from ops.discover.starts import Start, compose, procfile, unit
from ops.discover.walk import Walk

UNITS = Path("/etc/systemd/system")
_ENV = re.compile(r"\.env(\..+)?")
_SAMPLES = ("*example*", "*sample*", "*template*", "*dist", "*.gigops-*", "*.gate", "*~", "*.bak")
_COMPOSE = ("docker-compose*.y*ml", "compose*.y*ml")


@dataclass(frozen=True)
class Found:
    """What there is. `empty` are files named like a database without a byte in them, `others` those that
    are not SQLite, `links` links to SQLite files (shown, not taken), `starts` the likeliest way first."""

    folder: Path
    databases: tuple[DatabaseFile, ...]
    empty: tuple[Path, ...]
    others: tuple[Path, ...]
    links: tuple[Path, ...]
    env_files: tuple[Path, ...]
    starts: tuple[Start, ...]
    unread: tuple[Path, ...]
    cut: bool
    git: bool


def look(folder: Path, units: Path = UNITS) -> Found:
    """Everything of use in `folder`; `units` is where the machine's systemd units lie."""
    folder = folder.resolve()
    walk = Walk(folder)
    kinds: dict[str, list[Path]] = {"sqlite": [], "empty": [], "other": [], "link": []}
    env_files: list[Path] = []
    starts = _installed(units, folder)
    for entry in walk.files():
        path = Path(entry.path)
        if _ENV.fullmatch(path.name) and not any(fnmatch.fnmatch(path.name, s) for s in _SAMPLES):
            env_files.append(path)
            continue
        if found := kind(path):
            if not entry.is_symlink():
                kinds[found].append(path)
            elif found == "sqlite":
                kinds["link"].append(path)
        if not entry.is_symlink() and (start := _start(path, folder)):
            starts.append(start)
    inside = {path.resolve() for path in kinds["sqlite"]}
    return Found(
        folder=folder,
        databases=tuple(describe(path, folder) for path in kinds["sqlite"]),
        empty=tuple(kinds["empty"]),
        others=tuple(kinds["other"]),
        links=tuple(path for path in kinds["link"] if path.resolve() not in inside),
        env_files=tuple(env_files),
        starts=tuple(_distinct(starts, folder)),
        unread=tuple(walk.unread),
        cut=walk.cut,
        git=any((above / ".git").exists() for above in (folder, *folder.parents)),
    )


def _installed(units: Path, folder: Path) -> list[Start]:
    """The machine's own units that run in this folder."""
    found = [unit(_text(path), path, folder) for path in sorted(units.glob("*.service"))]
    return [start for start in found if start]


def _start(path: Path, folder: Path) -> Start | None:
    if any(fnmatch.fnmatch(path.name, pattern) for pattern in _COMPOSE):
        return compose(_text(path), path, folder)
    if path.suffix == ".service":
        return unit(_text(path), path, None)
    return procfile(_text(path), path) if path.name == "Procfile" else None


def _distinct(starts: list[Start], folder: Path) -> list[Start]:
    """Each unit once (an installed one is often a copy of one in the folder); compose before a unit that
    only lies in the folder, and a Procfile last, since it cannot say who runs it."""
    rank = {"compose": 1, "systemd": 2, "procfile": 3}
    out: dict[tuple[str, tuple[str, ...]], Start] = {}
    for start in starts:
        out.setdefault((start.kind, start.names), start)
    return sorted(out.values(), key=lambda s: rank[s.kind] if s.file.is_relative_to(folder) else 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < 1_000_000 else ""
    except OSError:
        return ""
