"""`gigops init`: looks around an application's folder and writes its gigops.yaml."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.render import emit
from ops.cli.session import current

if TYPE_CHECKING:
    from ops.wiring.init import Draft

_HELP = """Look around an application's folder and write a commented gigops.yaml for it.

Finds its SQLite files (by their header), its env file, and how it is started (compose file, systemd unit,
Procfile). Writes gigops.yaml and nothing else; an older one is kept as gigops.yaml.bak.

\b
Examples:
  gigops init
  gigops init --dir /srv/gigchain
  gigops init --force
"""


def register(app: typer.Typer) -> None:
    app.command("init", help=_HELP)(init)


def init(
    folder: Annotated[Path, typer.Option("--dir", help="The application's folder.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over a gigops.yaml, keeping it.")] = False,
) -> None:
    from ops.wiring.init import draft, write

    folder = folder.absolute()
    made = draft(folder, current.config or folder / "gigops.yaml")
    changed, kept = write(made, force=force)
    emit(_report(made, changed, kept), _lines(made, changed, kept))


def _report(made: Draft, changed: bool, kept: Path | None) -> dict[str, Any]:
    found = made.found
    return {
        "folder": found.folder,
        "file": made.file,
        "changed": changed,
        "kept": kept,
        "sources": [entry.path for entry in made.entries if not entry.remark],
        "not_taken": {entry.path: entry.remark for entry in made.entries if entry.remark},
        "empty": [str(path) for path in found.empty],
        "not_sqlite": [str(path) for path in found.others],
        "env_file": made.env_file,
        "env_file_exists": made.env_file.exists(),
        "starts": [{"kind": s.kind, "file": s.file, "names": s.names} for s in found.starts],
        "stop": made.start.stop if made.start else "",
        "start": made.start.start if made.start else "",
        "notes": made.notes,
        "next": _next(made),
    }


def _lines(made: Draft, changed: bool, kept: Path | None) -> list[str]:
    found = made.found
    sizes = {str(d.path.name): d for d in made.databases}
    lines = [f"in {found.folder}:", ""]
    for entry in made.entries:
        database = sizes.get(Path(entry.path).name)
        size = f"{database.size!s:>9}" if database else " " * 9
        busy = ", in use or not closed cleanly" if database and database.wal else ""
        lines.append(f"  {'SQLite' if not entry.remark else 'aside':10}{size}  {entry.path}{busy}")
        if entry.remark:
            lines.append(f"  {'':21}not taken: {entry.remark}")
    lines += [f"  {'empty':10}{'0 B':>9}  {_short(path, found.folder)}" for path in found.empty]
    lines += [f"  {'other':10}{'':9}  {_short(path, found.folder)} is not SQLite" for path in found.others]
    if not any(not entry.remark for entry in made.entries):
        lines.append("  no SQLite file to take: name them under `sources` yourself")
    lines += [f"  {'env file':10}{'':9}  {_env(made)}"]
    for start in found.starts:
        chosen = "" if start is made.start else ", not used" if start.stop else ", no command known"
        lines.append(
            f"  {start.kind:10}{'':9}  {_short(start.file, found.folder)}: {' '.join(start.names)}{chosen}"
        )
    if not found.starts:
        lines.append(f"  {'start':10}{'':9}  no compose file, unit or Procfile: see `app.stop` in the file")
    lines += ["", f"wrote {made.file}" if changed else f"{made.file} says so already"]
    if kept:
        lines.append(f"the older one is {kept.name}")
    for note in made.notes:
        lines += wrap(f"note: {note}", 80, subsequent_indent="  ", break_on_hyphens=False)
    return [*lines, f"next: {_next(made)}"]


def _env(made: Draft) -> str:
    name = _short(made.env_file, made.found.folder)
    return name if made.env_file.exists() else f"{name} does not exist; gigops cutover makes it, 0600"


def _short(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _next(made: Draft) -> str:
    where = "" if made.file.absolute() == Path.cwd() / "gigops.yaml" else f" --config {made.file}"
    if not any(not entry.remark for entry in made.entries):
        return f"name the SQLite files in {made.file.name}, then gigops config check{where}"
    return f"gigops cutover --plan{where}"
