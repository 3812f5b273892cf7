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

from ops.errors import NotReady, SourceError
from ops.migrate.beside import beside, left_over, logs_ahead
from ops.migrate.sqlitefile import check_header, explained, fingerprint, origin_file, reading, uri
from ops.settings import Source
from ops.values import Size

_TRIES = 5


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


@contextmanager
def settled(sources: Sequence[Source], folder: Path) -> Iterator[tuple[Source, ...]]:
    """The sources themselves, but copies of those beside which a killed program left a log or a journal:
    SQLite cannot read these without writing there."""
    unsettled = [source for source in sources if source.path.is_file() and left_over(source.path)]
    if not unsettled:
        yield tuple(sources)
        return
    with snapshots(unsettled, folder) as copies:
        copied = dict(zip(unsettled, copies, strict=True))
        yield tuple(copied.get(source, source) for source in sources)


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
    for _ in range(_TRIES):
        before = _state(source.path)
        left = left_over(source.path)
        unguarded = left is not None or "immutable" in uri(source.path)
        copy.touch(mode=0o600)
        try:
            _copy_pages(source.path, copy, left)
        except OSError as error:
            raise NotReady(f"`{source.path}` could not be copied: {error.strerror}") from None
        unchanged = before == _state(source.path)
        if unchanged or not unguarded:
            break
        # Somebody came meanwhile, and no lock held them off.
        _empty(copy)
    else:
        raise SourceError(
            f"`{source.path}` changes again and again while it is read", hint="stop its application first"
        )
    # A file that changed meanwhile is in a state of its own, which no later run will meet again.
    state = fingerprint(source.path) if unchanged else f"in between {uuid.uuid4()}"
    origin = {"path": str(source.path.resolve()), "fingerprint": state}
    origin_file(copy).write_text(json.dumps(origin))
    return replace(source, path=copy)


def _copy_pages(path: Path, copy: Path, left: Path | None) -> None:
    """One state of the file.

    With a write-ahead log its pages lie in two files, which SQLite's backup puts together; else the file is
    copied as it is, which is quicker, under a reader's lock. What a killed program left beside the file is
    copied too, and put in there, so that nothing is written where the file is.
    """
    if left:
        shutil.copyfile(path, copy)
        shutil.copyfile(left, beside(copy, left.name.removeprefix(path.resolve().name)))
        beside(copy, "-shm").unlink(missing_ok=True)
    else:
        with reading(path) as original:
            # A reader's lock, or an error: without it the backup would wait for one without end.
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if logs_ahead(path):
                with closing(sqlite3.connect(copy)) as target:
                    original.backup(target)
            else:
                # Closing the file drops this process's POSIX locks on it, when they are needed no more.
                shutil.copyfile(path, copy)
    try:
        with closing(sqlite3.connect(copy)) as target:
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise explained(path, str(error)) from error


def _state(path: Path) -> str:
    journal = beside(path, "-journal")
    return fingerprint(path) + (str(journal.stat().st_mtime_ns) if journal.exists() else "")


def _empty(copy: Path) -> None:
    for ending in ("", "-wal", "-journal", "-shm"):
        beside(copy, ending).unlink(missing_ok=True)


def _size(path: Path) -> int:
    wal = beside(path, "-wal")
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
