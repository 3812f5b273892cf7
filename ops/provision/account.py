"""The account a server runs as: PostgreSQL refuses to run as root, so root hands over to somebody."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import NotReady


@dataclass(frozen=True)
class Account:
    """A user of this machine other than root."""

    name: str
    uid: int
    gid: int


Lookup = Callable[[str | int], Account | None]


def server_account(euid: int, environ: Mapping[str, str], lookup: Lookup) -> Account | None:
    """Whom the server runs as: ourselves (None), or, for root: who called sudo, `postgres`, `nobody`."""
    if euid != 0:
        return None
    sudo = environ.get("SUDO_UID", "")
    wanted: tuple[str | int, ...] = ("postgres", "nobody")
    if sudo.isdigit() and sudo != "0":
        wanted = (int(sudo), *wanted)
    for one in wanted:
        if account := lookup(one):
            return account
    raise NotReady(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`",
        hint="run gigops as an ordinary user, or: useradd --system postgres",
    )


def lookup(who: str | int) -> Account | None:
    """`Lookup` in the machine's user list."""
    import pwd

    try:
        entry = pwd.getpwnam(who) if isinstance(who, str) else pwd.getpwuid(who)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def words(account: Account | None) -> dict[str, Any]:
    """What makes `subprocess` start a program as `account`, without root's groups."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can(account: Account | None, mode: str, path: Path) -> bool:
    """Whether `account` may do `mode` (`-x`, `-r`, `-w`) with `path`, asked of the kernel: it knows
    about modes, access lists and mounts on the way."""
    asked = ["/usr/bin/env", "test", mode, str(path)]
    return subprocess.run(asked, check=False, cwd="/", **words(account)).returncode == 0


def give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
