"""Reads `postmaster.pid`, and tells our running server from a stranger that was given the same number."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Above what Linux and macOS ever give out, so no process can have it.
_NOBODY = 2**22


def pid_of(pid_file: str) -> int | None:
    """The process a postmaster.pid names, or None when the file is not one."""
    first = pid_file.partition("\n")[0].strip().lstrip("-")
    return int(first) if first.isdigit() and int(first) > 0 else None


def port_of(pid_file: str) -> int | None:
    lines = pid_file.splitlines()
    return int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else None


def is_ready(pid_file: str) -> bool:
    lines = pid_file.splitlines()
    return len(lines) > 7 and lines[7].strip() == "ready"


def is_ours(command_line: Sequence[str], cluster_name: str) -> bool:
    """Whether these words started the server we call `cluster_name`."""
    return f"cluster_name={cluster_name}" in command_line


def of_nobody(pid_file: str) -> str:
    """The same postmaster.pid naming a process that cannot exist.

    PostgreSQL will not start while the named process lives, whoever it is. Taking the file away would
    help, and would also take away the line by which PostgreSQL sees that children of a killed server
    still use the data; so only the number goes.
    """
    return f"{_NOBODY}\n" + pid_file.partition("\n")[2]


def is_taken(pid: int) -> bool:
    """Whether the kernel knows the number, be it of a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def command_line(pid: int) -> tuple[str, ...]:
    """The words process `pid` was started with; none when it is gone or a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ()
        return tuple(word.decode(errors="replace") for word in raw.split(b"\0") if word)
    asked = subprocess.run(
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return tuple(asked.stdout.split())
