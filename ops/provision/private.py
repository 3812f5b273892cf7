"""Folders and files that only their owner may read, written so that a kill never leaves half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from ops.errors import Busy, NotReady


def folder(path: Path) -> Path:
    """`path`, made with mode 0700 when it is missing.

    What root makes belongs to the owner of the folder around it, so that `sudo gigops …` in a user's
    folder leaves nothing there that the user cannot read.
    """
    with explained(path), contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        _give_to_owner_of(path.parent, path)
    return path


def state_folder(path: Path) -> Path:
    """The application's `.gigops`, kept out of git: it holds passwords."""
    folder(path)
    if not (path / ".gitignore").exists():
        write(path / ".gitignore", "*\n")
    return path


def write(path: Path, text: str) -> None:
    """Replaces `path` with `text`, mode 0600: all of it or nothing."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with explained(path):
        for left in path.parent.glob(f".{path.name}.????????"):
            left.unlink(missing_ok=True)  # of a writer that was killed
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(number, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _give_to_owner_of(path.parent, beside)
            beside.rename(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync(path.parent)


def read(path: Path) -> str | None:
    """The text of `path`, or None when there is no such file."""
    try:
        return path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise NotReady(
            f"`{path}` cannot be read by this user", hint="run gigops as the user that made it, or with sudo"
        ) from None


def sync(path: Path) -> None:
    """Makes the names in the folder `path` outlive a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns the kernel's no (rights, disk full, read-only) into an error that names `path`."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise NotReady(
            f"`{path}` cannot be written: {error.strerror}",
            hint="gigops needs room and the right to write there; run it as the folder's owner",
        ) from None


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds `path` for this process; the kernel lets go of it when the process ends, however it ends."""
    with explained(path):
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _give_to_owner_of(path.parent, path)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy(
            "another gigops is working on this server", hint="wait for it to end, then try again"
        ) from None
    finally:
        os.close(number)


def _give_to_owner_of(around: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = around.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
