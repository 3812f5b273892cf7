"""A private folder for one run's temporary copies, swept by the next run when this one is killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = ".gigops-work-"


@contextmanager
def workroom(work: Path) -> Iterator[Path]:
    """A fresh 0700 folder below `work`, gone after the block; first removes those of killed runs.

    A run holds a lock on its folder, which the kernel lets go when the process dies: what can be
    locked belongs to nobody."""
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in work.glob(_PREFIX + "*"):
        _remove_if_abandoned(old)
    room, lock = _locked_room(work)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(lock)


def _locked_room(work: Path) -> tuple[Path, int]:
    while True:
        room = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=work))
        lock = os.open(room, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if room.exists():
            return room, lock
        os.close(lock)  # another run swept it before we held the lock


def _remove_if_abandoned(room: Path) -> None:
    try:
        lock = os.open(room, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(room, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
