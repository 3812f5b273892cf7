"""Switches an env file at one stroke, keeps the old one beside it, and puts it back byte for byte."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ops.envfile.choose import made_of
from ops.envfile.disk import Disk, SystemDisk
from ops.envfile.edit import edit, notes
from ops.envfile.kept import kept_files, kept_path
from ops.envfile.read import decoded, read
from ops.errors import Missing, NotReady, VerificationFailed


@dataclass(frozen=True)
class Kept:
    """What a switch did. `path` is the file itself (behind a link), `kept` the old one beside it (None:
    there was none before), `changed` whether anything was written now, `notes` what the user should know."""

    path: Path
    kept: Path | None
    changed: bool
    created: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Present:
    content: bytes
    info: os.stat_result


def switch(path: Path, changes: Mapping[str, str | None], now: datetime, *, disk: Disk | None = None) -> Kept:
    """Makes `changes` in the env file; a missing file is made, 0600. Twice is the same as once.

    A file that is so already is left alone, with `kept` naming the old file if gigops kept it. Raises
    NotReady (not to be replaced here), Refused (a value that readers would not agree on) and
    VerificationFailed (it does not read back; the old file is in its place again)."""
    disk = disk or SystemDisk()
    real = real_file(path)
    before = _present(real)
    old = before.content if before else b""
    new = edit(old, changes)
    said = tuple(notes(old, changes))
    if before and new == old:
        return Kept(real, _kept_earlier(real, old), changed=False, created=False, notes=said)
    with _explained(real):
        already = kept_files(real)
        kept = _keep(real, before, now, disk) if before else None
        try:
            _replace(real, new, before, 0o600, disk)
        except (OSError, NotReady):
            if kept and kept not in already:
                disk.remove(kept)
            raise
    found = read(real)
    if {key: found.get(key) for key in changes} != dict(changes):
        put_back(path, kept, disk=disk)
        raise VerificationFailed(
            f"`{real}` did not read back as it was written; the old file is in its place again",
            hint="does something else write this file? gigops env show",
        )
    return Kept(real, kept, changed=True, created=before is None, notes=said)


def keep(path: Path, now: datetime, *, disk: Disk | None = None) -> Path | None:
    """Keeps a copy of the env file, 0600, beside it, and returns where; None when there is no file.

    The same content at the same `now` is kept once."""
    real = real_file(path)
    before = _present(real)
    if before is None:
        return None
    with _explained(real):
        return _keep(real, before, now, disk or SystemDisk())


def put_back(path: Path, kept: Path | None, *, disk: Disk | None = None) -> None:
    """Makes the env file what it was: the bytes of `kept`, with the owner and mode of the file it replaces
    (a switch leaves those alone). `kept` None: there was no file, and there will be none.

    What someone else changed in the file since is not thrown away: it stays as `….gigops-replaced`.
    Raises Missing when `kept` is gone."""
    disk = disk or SystemDisk()
    real = real_file(path)
    present = _present(real)
    old = b""
    if kept is not None:
        try:
            old = kept.read_bytes()
        except FileNotFoundError:
            raise Missing(f"the kept env file `{kept}` is gone", hint="gigops env show") from None
    if present is None and kept is None:
        return
    if present and kept and present.content == old:
        return
    with _explained(real):
        if present and not made_of(present.content, old):
            _create(disk, _free(real.with_name(f"{real.name}.gigops-replaced")), present)
        if kept is None:
            disk.remove(real)
            disk.sync(real.parent)
            return
        owner = present or _Present(old, kept.stat())
        _replace(real, old, owner, stat.S_IMODE(owner.info.st_mode), disk, like=real if present else kept)


def content(path: Path) -> bytes | None:
    """The bytes of the env file, None when there is none. Raises NotReady for what is no plain file."""
    present = _present(real_file(path))
    return present.content if present else None


def real_file(path: Path) -> Path:
    """The file itself, behind any symbolic links: replacing a link would cut the application off from it."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise NotReady(f"`{path}` is a link that leads to itself", hint=f"look at it: ls -l {path}")
    if not real.parent.is_dir():
        raise NotReady(f"the folder of `{real}` does not exist", hint="set app.env_file in gigops.yaml")
    return real


def _present(real: Path) -> _Present | None:
    try:
        info = real.stat()
        if not stat.S_ISREG(info.st_mode):
            kind = "a folder" if stat.S_ISDIR(info.st_mode) else "not a plain file"
            raise NotReady(f"`{real}` is {kind}", hint="set app.env_file in gigops.yaml")
        content = real.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotReady(f"`{real}` cannot be read: {error.strerror}", hint=f"look: ls -l {real}") from None
    decoded(content)
    return _Present(content, info)


def _keep(real: Path, before: _Present, now: datetime, disk: Disk) -> Path:
    wanted = kept_path(real, now)
    with contextlib.suppress(OSError):
        if wanted.read_bytes() == before.content:
            return wanted
    kept = _free(wanted)
    _create(disk, kept, before)
    return kept


def _create(disk: Disk, path: Path, like: _Present) -> None:
    """A 0600 copy that appears whole or not at all, owned as the file it is a copy of."""
    temporary = path.with_name(f"{path.name}.part")
    disk.remove(temporary)
    try:
        disk.create(temporary, like.content)
        disk.own(temporary, like.info.st_uid, like.info.st_gid)
        disk.replace(temporary, path)
    except OSError:
        disk.remove(temporary)
        raise
    disk.sync(path.parent)


def _replace(
    real: Path, new: bytes, before: _Present | None, mode: int, disk: Disk, *, like: Path | None = None
) -> None:
    temporary = real.with_name(f"{real.name}.gigops-new")
    disk.remove(temporary)
    try:
        disk.create(temporary, new)
        if before:
            disk.own(temporary, before.info.st_uid, before.info.st_gid)
            disk.dress(temporary, stat.S_IMODE(before.info.st_mode), like or real)
        else:
            disk.dress(temporary, mode, temporary)
        _require_unchanged(real, before)
        disk.replace(temporary, real)
    except (OSError, NotReady):
        disk.remove(temporary)
        raise
    disk.sync(real.parent)


def _require_unchanged(real: Path, before: _Present | None) -> None:
    try:
        now = real.stat()
    except FileNotFoundError:
        return
    if before is None or _stamp(now) != _stamp(before.info):
        raise NotReady(f"something else changed `{real}` at the same moment", hint="run the command again")


def _stamp(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_ino, info.st_mtime_ns, info.st_size


def _kept_earlier(real: Path, content: bytes) -> Path | None:
    for kept in kept_files(real):
        with contextlib.suppress(OSError, NotReady):
            old = kept.read_bytes()
            if old != content and made_of(content, old):
                return kept
    return None


def _free(path: Path) -> Path:
    count = 2
    found = path
    while found.exists():
        found = path.with_name(f"{path.name}-{count}")
        count += 1
    return found


@contextlib.contextmanager
def _explained(real: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _reason(real, error) from None


def _reason(real: Path, error: OSError) -> NotReady:
    match error.errno:
        case errno.EBUSY:
            return NotReady(
                f"`{real}` is a mount of its own, so it cannot be replaced",
                hint="mount its folder instead of the file, or run gigops where the file really is",
            )
        case errno.EPERM | errno.EACCES:
            return NotReady(
                f"`{real}` cannot be replaced with the owner and mode it has: {error.strerror}",
                hint="run gigops as the owner of the file and its folder, or as root",
            )
        case errno.ENOSPC | errno.EDQUOT:
            return NotReady(f"no space left beside `{real}`", hint=f"make room: df -h {real.parent}")
        case errno.EROFS:
            return NotReady(
                f"`{real}` is on a read-only file system", hint="run gigops where it can be written"
            )
    return NotReady(f"`{real}` cannot be written: {error.strerror}", hint="gigops doctor")
