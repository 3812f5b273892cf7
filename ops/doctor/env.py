"""The application's `.env`: can it be switched, and who can read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ops.doctor.check import Check, ok, warn
from ops.doctor.machine import writable


def examine(path: Path, concerns: Sequence[str]) -> Iterator[Check]:
    """`concerns` are lines of the form `what is so; what helps`."""
    what = path.name
    if not path.exists():
        yield warn(what, "there is none; the switch makes it", "check app.env_file in gigops.yaml")
    elif not concerns:
        yield ok(what, f"{path}, mode {path.stat().st_mode & 0o7777:04o}")
    for concern in concerns:
        fact, _, fix = concern.partition("; ")
        yield warn(what, fact, fix.replace("chmod 600", f"chmod 600 '{path}'"))
    yield writable(f"{what}'s folder", path.resolve().parent)
