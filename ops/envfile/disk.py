"""The few things done to the disk around an env file, each one whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """What the switch may do; a test hands in one that is killed between two of them."""

    def create(self, path: Path, content: bytes) -> None:
        """Writes a new file, 0600, and has it on the disk before it returns."""
        ...

    def own(self, path: Path, uid: int, gid: int) -> None: ...

    def dress(self, path: Path, mode: int, like: Path) -> None:
        """Gives `path` the mode, and the access lists and labels of `like`."""
        ...

    def replace(self, old: Path, new: Path) -> None: ...

    def remove(self, path: Path) -> None:
        """Removes a file that may be gone already."""
        ...

    def sync(self, folder: Path) -> None:
        """Has the folder's names on the disk."""
        ...


class SystemDisk:
    """`Disk` on this machine."""

    def create(self, path: Path, content: bytes) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def own(self, path: Path, uid: int, gid: int) -> None:
        present = path.lstat()
        if (present.st_uid, present.st_gid) != (uid, gid):
            os.chown(path, uid, gid, follow_symlinks=False)

    def dress(self, path: Path, mode: int, like: Path) -> None:
        path.chmod(mode)
        if hasattr(os, "listxattr"):
            with contextlib.suppress(OSError):
                for name in os.listxattr(like):
                    with contextlib.suppress(OSError):
                        os.setxattr(path, name, os.getxattr(like, name))

    def replace(self, old: Path, new: Path) -> None:
        old.replace(new)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
