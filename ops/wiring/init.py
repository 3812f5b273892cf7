"""Drafts gigops.yaml for a folder from what lies in it, and writes it at one stroke."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from ops import assets, discover
from ops.config import app_name
from ops.config.template import Entry, fill
from ops.discover import DatabaseFile, Found, Start
from ops.envfile import read
from ops.errors import GigopsError, NotReady, Refused, UsageError


@dataclass(frozen=True)
class Draft:
    """What `gigops init` would write to `file`, and what it rests on. `env_file` may not exist yet."""

    file: Path
    text: str
    found: Found
    databases: tuple[DatabaseFile, ...]
    entries: tuple[Entry, ...]
    env_file: Path
    start: Start | None
    notes: tuple[str, ...]


def draft(folder: Path, file: Path, units: Path | None = None) -> Draft:
    """Looks around `folder` and words the gigops.yaml for it. Changes nothing."""
    if not folder.is_dir():
        raise UsageError(f"`{folder}` is not a folder", hint="gigops init --dir FOLDER")
    found = discover.look(folder, units) if units else discover.look(folder)
    env_file = _env_file(found)
    named, notes = _named(env_file, found)
    databases = (*found.databases, *named)
    root = file.parent.resolve()
    entries = [Entry(_relative(d.path, root), d.doubt) for d in databases]
    entries += [Entry(_relative(link, root), f"a link to {link.resolve()}") for link in found.links]
    unwritable = [entry.path for entry in entries if not _is_text(entry.path)]
    notes += [f"the name of {os.fsencode(path)!r} is not UTF-8; rename it" for path in unwritable]
    entries = [entry for entry in entries if entry.path not in unwritable]
    start = next((s for s in found.starts if s.stop), None)
    values: dict[str, str | None] = {
        "app.name": app_name(found.folder.name),
        "app.env_file": _relative(env_file, root),
        "app.stop": start.stop if start else None,
        "app.start": start.start if start else None,
    }
    # The application runs the same SQL on both sides of a cutover.
    values["target.compat"] = "true"
    text = fill(assets.path("config/gigops.example.yaml").read_text("utf-8"), values, entries)
    notes += _notes(found, start)
    return Draft(file, text, found, databases, tuple(entries), env_file, start, tuple(notes))


def write(made: Draft, *, force: bool) -> tuple[bool, Path | None]:
    """Writes the draft, 0644; returns whether anything changed, and where an older gigops.yaml went.

    Raises Refused when there is another gigops.yaml and `force` is not given."""
    file, content = made.file, made.text.encode()
    try:
        old = file.read_bytes() if file.exists() else None
        if old == content:
            return False, None
        if old is not None and not force:
            raise Refused(
                f"`{file}` exists already",
                hint=f"gigops init --force writes it anew and keeps the old one as {_backup(file).name}",
            )
        kept = _backup(file) if old is not None else None
        if kept and old is not None:
            _put(kept, old)
        _put(file, content)
    except OSError as error:
        raise NotReady(
            f"`{file}` cannot be written: {error.strerror}", hint="gigops init --dir FOLDER"
        ) from None
    return True, kept


def _put(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".{file.name}.new")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.chmod(0o644)
    temporary.replace(file)


def _backup(file: Path) -> Path:
    kept, count = file.with_name(f"{file.name}.bak"), 2
    while kept.exists():
        kept, count = file.with_name(f"{file.name}.bak{count}"), count + 1
    return kept


def _env_file(found: Found) -> Path:
    plain = [path for path in found.env_files if path.name == ".env"]
    return plain[0] if plain else found.folder / ".env"


def _named(env_file: Path, found: Found) -> tuple[list[DatabaseFile], list[str]]:
    """The SQLite files that the env file names and that lie elsewhere."""
    try:
        values = read(env_file)
    except GigopsError as error:
        return [], [f"{error.message}, so the databases it may name were not looked for"]
    known = {database.path.resolve() for database in found.databases}
    out = {d.path.resolve(): d for d in discover.named_in(values, env_file.parent)}
    return [d for real, d in out.items() if real not in known], []


def _notes(found: Found, start: Start | None) -> list[str]:
    out = []
    if found.cut:
        out.append("there are more files than gigops looks at; name the rest in `sources` yourself")
    out += [f"{folder} could not be opened" for folder in found.unread]
    if start and start.kind == "compose":
        out.append(
            "a container reaches no server on this machine's 127.0.0.1, where `embedded` and `docker` put "
            "theirs, unless it runs with network_mode: host; else take target.provider: url"
        )
    if found.git:
        lines = _ignored(found.folder)
        wanted = [line for line in (".gigops/", ".env*") if line not in lines]
        if wanted:
            out.append(f"this is a git checkout: add {' and '.join(wanted)} to .gitignore")
    return out


def _ignored(folder: Path) -> set[str]:
    out: set[str] = set()
    for above in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            out |= set((above / ".gitignore").read_text("utf-8", "replace").split())
        if (above / ".git").exists():
            break
    return out | {".gigops/" for line in out if line.strip("/") == ".gigops"}


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
