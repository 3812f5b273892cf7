"""Where playbooks/, compose/ and config/ lie: the working folder's own first, then what came with gigops."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from ops.errors import Missing, UsageError

FOLDERS = ("playbooks", "compose", "config")

_HERE = Path(__file__).resolve().parent


def path(name: str, *, near: Path | None = None) -> Path:
    """The file or folder `name` (`playbooks/cutover.yaml`): the user's own below `near` (default: the
    working folder), else the one of the clone, else the one inside the installed wheel. Raises Missing."""
    parts = _parts(name)
    for root in _roots(near):
        if (found := root.joinpath(*parts)).exists():
            return found
    known = names(parts[0], near=near)
    close = difflib.get_close_matches("/".join(parts[1:]), known, n=1)
    raise Missing(
        f"there is no `{name}`, neither here nor in gigops itself",
        hint=f"did you mean `{parts[0]}/{close[0]}`?"
        if close
        else f"there are: {', '.join(known) or 'none'}",
    )


def names(folder: str, *, near: Path | None = None) -> list[str]:
    """The names of all files in `folder`, the user's own and those of gigops, each once, sorted."""
    parts = _parts(folder)
    places = [root.joinpath(*parts) for root in _roots(near)]
    return sorted({f.name for place in places if place.is_dir() for f in place.iterdir() if _counts(f)})


def _parts(name: str) -> tuple[str, ...]:
    """`name` in parts; one that leaves the three folders is refused, as it may come from a user's words."""
    parts = tuple(name.split("/"))
    if parts[0] not in FOLDERS or any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise UsageError(
            f"`{name}` is not a name below {', '.join(FOLDERS)}", hint="no `..`, no `/` at its start"
        )
    return parts


def _roots(near: Path | None) -> Iterator[Path]:
    yield near or Path.cwd()
    if (_HERE.parent / "pyproject.toml").exists():
        yield _HERE.parent
    yield _HERE / "_assets"


def _counts(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".")
