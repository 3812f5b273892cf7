"""What lies beside a SQLite file and belongs to it, and whether some program has the file open."""

from __future__ import annotations

import fcntl
import struct
import sys
from pathlib import Path

_RESERVED, _SHARED, _SHARED_LENGTH = 0x40000001, 0x40000002, 510
"""Bytes that SQLite locks in a file (sqlite.org, "File Format": the lock-byte page)."""
_FLOCK = "@qqihh" if sys.platform == "darwin" else "@hhqqi"
_DELETED_HEADER = b"\x00" * 8


def beside(path: Path, ending: str) -> Path:
    """The file that SQLite keeps beside `path`: `-wal`, `-shm` or `-journal`. SQLite follows links first."""
    real = path.resolve()
    return real.with_name(real.name + ending)


def logs_ahead(path: Path) -> bool:
    """Whether a write-ahead log holds a part of what the file holds."""
    wal = beside(path, "-wal")
    return wal.exists() and wal.stat().st_size > 0


def left_over(path: Path) -> Path | None:
    """The `-wal` or `-journal` of a program that was killed: it belongs to the file, and nobody who has the
    file open will put it in. SQLite would, and write into the file or beside it."""
    if in_use(path):
        return None
    journal = beside(path, "-journal")
    if journal.exists():
        with journal.open("rb") as file:
            head = file.read(8)
        if head and head != _DELETED_HEADER:
            return journal
    return beside(path, "-wal") if logs_ahead(path) else None


def log_is_lost(path: Path, tables: int) -> bool:
    """Whether a write-ahead log that held rows is missing: its index lies there without it, or the file is
    empty but for the mode."""
    with path.open("rb") as file:
        ahead = file.read(20)[18:20] == b"\x02\x02"
    if not ahead or beside(path, "-wal").exists():
        return False
    return beside(path, "-shm").exists() or tables == 0


def in_use(path: Path) -> bool:
    """Whether another process has locked the file: with a write-ahead log everyone who has it open, else
    those that read or write at this moment. Not for a file that this process has open itself: closing it
    here would drop SQLite's locks."""
    with path.open("rb") as file:
        return any(_locked(file.fileno(), *span) for span in ((_RESERVED, 1), (_SHARED, _SHARED_LENGTH)))


def _locked(descriptor: int, start: int, length: int) -> bool:
    """Asks, and takes no lock."""
    darwin = sys.platform == "darwin"
    kind, whence, owner = fcntl.F_WRLCK, 0, 0
    fields = (start, length, owner, kind, whence) if darwin else (kind, whence, start, length, owner)
    answer = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(_FLOCK, *fields)))
    return bool(answer[3 if darwin else 0] != fcntl.F_UNLCK)
