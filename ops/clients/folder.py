"""Backups in a folder: written beside, fsynced, then given their name, which never replaces another."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ops.errors import Missing, NotReady, Refused
from ops.interfaces import StoredObject

_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FolderStore:
    """`ObjectStore` below `root`. Folders are made 0700 and files 0600: a dump is all of the data."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, source: BinaryIO, *, expected: int = 0) -> int:
        del expected
        target = self._path(key)
        try:
            made = _make_folders(target.parent)
        except OSError as error:
            raise _explained(error, target.parent) from None
        partial = target.with_name(f"{target.name}.partial-{secrets.token_hex(4)}")
        try:
            size = self._write(partial, source)
            _name(partial, target)
        except BaseException as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            for folder in reversed(made):
                with suppress(OSError):
                    folder.rmdir()
            if isinstance(error, OSError):
                raise _explained(error, target) from None
            raise
        for folder in (target.parent, *(folder.parent for folder in reversed(made))):
            _sync_folder(folder)
        return size

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        try:
            file = self._path(key).open("rb")
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(f"`{self._path(key)}` does not exist", hint="gigops backup list") from None
        except OSError as error:
            raise _explained(error, self._path(key)) from None
        with file:
            yield file

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        base = self._path(prefix)
        for path in sorted(base.rglob("*")):
            with suppress(FileNotFoundError):  # a run that ends right now takes its partial file away
                if path.is_file():
                    told = path.stat()
                    moment = datetime.fromtimestamp(told.st_mtime, UTC)
                    yield StoredObject(path.relative_to(self._root).as_posix(), told.st_size, moment)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _explained(error, path) from None
        for folder in path.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:
                break

    def describe(self) -> str:
        return str(self._root)

    def _path(self, key: str) -> Path:
        parts = [part for part in key.split("/") if part]
        if ".." in parts:
            raise Refused(f"`{key}` leads out of {self._root}")
        return self._root.joinpath(*parts)

    def _write(self, partial: Path, source: BinaryIO) -> int:
        size = 0
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            while chunk := source.read(_CHUNK):
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
                size += len(chunk)
            os.fsync(file.fileno())
        return size


def _make_folders(folder: Path) -> list[Path]:
    """Those of the path that were not there, outermost first."""
    made: list[Path] = []
    for step in (*reversed(folder.parents), folder):
        with suppress(FileExistsError):
            step.mkdir(mode=0o700)
            made.append(step)
    return made


def _name(partial: Path, target: Path) -> None:
    """A hard link, unlike a rename, fails when the name is taken."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise Refused(f"`{target}` exists and is never overwritten", hint="gigops backup list") from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        if target.exists():  # a file system without links: the backup's random id is the guard
            raise Refused(f"`{target}` exists and is never overwritten", hint="gigops backup list") from None
        partial.rename(target)
        return
    partial.unlink()


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some network file systems refuse it; the data itself is synced
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _explained(error: OSError, path: Path) -> NotReady:
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return NotReady(
            f"there is no room for `{path}`: {reason}; nothing was kept of it",
            hint="free space there, or set backup.to in gigops.yaml to another folder or s3://bucket/prefix",
        )
    return NotReady(
        f"`{path}` cannot be used: {reason}", hint="check backup.to in gigops.yaml and its rights"
    )
