"""What is worrying about an env file: who can read it, whether git has it, which reader sees it otherwise."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ops.envfile.read import BOM, KEYS, bindings, decoded, line_of
from ops.errors import NotReady

# fsmonitor is a command from the repository's own configuration, and gigops may run as root.
_GIT = ("git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false")


def concerns(path: Path) -> Sequence[str]:
    """One line each, with what helps; empty for a missing file and for one that is all right."""
    real = Path(os.path.realpath(path))
    try:
        info = real.stat()
        content = real.read_bytes()
    except OSError:
        return []
    out = []
    mode = stat.S_IMODE(info.st_mode)
    if mode & 0o044:
        who = "everybody" if mode & 0o004 else "its group"
        out.append(f"{who} on this machine can read it (mode {mode:04o}); if nobody else has to: chmod 600")
    if info.st_nlink > 1:
        out.append(f"it has {info.st_nlink} hard links; the others keep the old content after a switch")
    return [*out, *_git(real), *text_concerns(content)]


def text_concerns(content: bytes) -> list[str]:
    """What its text does to the readers of it. Pure."""
    try:
        text = decoded(content)
    except NotReady as error:
        return [error.message]
    out = []
    if content.startswith(BOM.encode()):
        out.append("it begins with a byte-order mark: a shell, systemd and Node lose its first key")
    if b"\r\n" in content:
        out.append("its lines end with CRLF: a shell reads the CR as a part of each value")
    if "\udc80" <= max(text, default="") <= "\udcff":
        out.append("it holds bytes that are not UTF-8: python-dotenv cannot read it")
    pieces = bindings(text)
    out += [f"line {line_of(p)} cannot be read by python-dotenv" for p in pieces if p.error]
    for key in KEYS:
        lines = [p.original.line for p in pieces if p.key == key]
        if len(lines) > 1:
            out.append(f"`{key}` is there {len(lines)} times; the last one counts")
    if re.search(r"\\\r?\n[^\S\r\n]*(export[^\S\r\n]+)?(DATABASE_TYPE|DATABASE_URL)\b", text):
        out.append("the line above a database key ends with a backslash: a shell and systemd join the two")
    return out


def _git(real: Path) -> list[str]:
    if not shutil.which("git"):
        return []
    if _asks(real, "ls-files", "--error-unmatch", "--", real.name) == 0:
        return [f"git tracks it, and it will hold a password; git rm --cached {real.name}, then ignore it"]
    if _asks(real, "rev-parse", "--is-inside-work-tree") != 0:
        return []
    if _asks(real, "check-ignore", "-q", "--", f"{real.name}.gigops-20260101T000000Z") == 1:
        return [f"git does not ignore its kept copies; add `{real.name}*` to .gitignore"]
    return []


def _asks(real: Path, *words: str) -> int:
    try:
        done = subprocess.run(
            [*_GIT, *words],
            cwd=real.parent,
            env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return -1
    return done.returncode
