"""Private copies of the sources by SQLite's online backup API; the files stay as they are."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from ops.errors import NotReady
from ops.migrate.sqlitefile import check_header, fingerprint, origin_file, reading, uri
from ops.settings import Source
from ops.values import Size


@contextmanager
def snapshots(sources: Sequence[Source], folder: Path) -> Iterator[tuple[Source, ...]]:
    """`snapshot` into a folder of this run's own, which is gone afterwards; leftovers of killed runs too."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(folder)
    own = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
    with (own / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield snapshot(sources, own)
        finally:
            shutil.rmtree(own, ignore_errors=True)


def snapshot(sources: Sequence[Source], folder: Path) -> tuple[Source, ...]:
    """The same sources, pointing at copies in `folder` (0600). Raises NotReady when they would not fit."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for source in sources:
        check_header(source.path)
    needed = sum(_size(source.path) for source in sources)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NotReady(
            f"a copy of the sources needs {Size(needed)} and `{folder}` has {Size(free)} left",
            hint="free some space and run it again",
        )
    return tuple(_copy(source, folder / f"{i}-{source.path.name}") for i, source in enumerate(sources))


def _copy(source: Source, copy: Path) -> Source:
    before, unguarded = fingerprint(source.path), "immutable" in uri(source.path)
    copy.touch(mode=0o600)
    try:
        _copy_pages(source.path, copy)
        unchanged = before == fingerprint(source.path)
        if unguarded and not unchanged:
            return _copy(source, copy)  # somebody came meanwhile, and no lock held them off
    except OSError as error:
        raise NotReady(f"`{source.path}` could not be copied: {error.strerror}") from None
    # A file that changed meanwhile is in a state of its own, which no later run will meet again.
    state = before if unchanged else f"in between {uuid.uuid4()}"
    origin = {"path": str(source.path.resolve()), "fingerprint": state}
    origin_file(copy).write_text(json.dumps(origin))
    return replace(source, path=copy)


def _copy_pages(path: Path, copy: Path) -> None:
    """One state of the file. With a write-ahead log its pages lie in two files, which SQLite's backup puts
    together; else the file is copied as it is, which is quicker, under a reader's lock."""
    with reading(path) as original:
        if _logged_ahead(path):
            with closing(sqlite3.connect(copy)) as target:
                original.backup(target)  # all pages in one go: one read transaction
        else:
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes the lock
            # Closing the file drops this process's POSIX locks on it, when they are needed no more.
            shutil.copyfile(path, copy)
    with closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA journal_mode = DELETE")


def _logged_ahead(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _size(path: Path) -> int:
    wal = path.with_name(path.name + "-wal")
    return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def _sweep(folder: Path) -> None:
    for left in folder.glob("run-*/lock"):
        descriptor = os.open(left, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
        shutil.rmtree(left.parent, ignore_errors=True)
