"""The machine's side: free space, the clock, and whether gigops may write where it has to."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from ops.doctor.check import Check, fail, ok, warn
from ops.values import Size

_EMPTY_SERVER = 100_000_000
_SKEW = timedelta(seconds=30)


def room(where: Path, free: int, data: int) -> Check:
    """A copy to read from, the server's own files and a backup: about three times the SQLite files."""
    needed = 3 * data + _EMPTY_SERVER
    said = f"{Size(free)} free at {where}, a move needs about {Size(needed)}"
    if free < data + _EMPTY_SERVER:
        return fail("disk", said, "free some space, or put the application's folder on a larger disk")
    if free < needed:
        return warn("disk", said, "free some space first: the move may stop half-way (and can go on)")
    return ok("disk", said)


def free_space(where: Path) -> int:
    return shutil.disk_usage(where).free


def clock(now: datetime, installed: datetime) -> Check:
    """Windows, TLS and S3 signatures hang on the clock; one that runs before gigops was made is wrong."""
    said = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    if now < installed - timedelta(days=1):
        return fail("clock", f"{said}, which is before gigops was installed here", "timedatectl set-ntp true")
    return ok("clock", said)


def skew(ours: datetime, servers: datetime) -> Check:
    apart = abs(ours - servers)
    if apart > _SKEW:
        said = f"{apart.total_seconds():.0f} s apart from the PostgreSQL server's"
        return warn("clocks", said, "timedatectl set-ntp true, on both machines")
    return ok("clocks", "the PostgreSQL server's agrees with this machine's")


def writable(what: str, folder: Path) -> Check:
    """Does what a journal and a switch do: writes a file, fsyncs it, renames it, fsyncs the folder."""
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        number, name = tempfile.mkstemp(prefix=".gigops-doctor-", dir=existing)
        beside = Path(name)
        try:
            os.write(number, b"gigops doctor\n")
            os.fsync(number)
            beside = beside.rename(beside.with_suffix(".moved"))
            _fsync_folder(existing)
        finally:
            os.close(number)
            beside.unlink(missing_ok=True)
    except OSError as error:
        fix = f"run gigops as the owner of the folder, or: chown -R $(id -un) '{existing}'"
        return fail(what, f"{existing} cannot be written: {error.strerror}", fix)
    return ok(what, f"{existing} can be written")


def _fsync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
