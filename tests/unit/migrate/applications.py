"""Programs that have a SQLite file open, or were killed while they had."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import os, signal, sqlite3, sys
path, last, *statements = sys.argv[1:]
connection = sqlite3.connect(path, isolation_level=None)
for statement in statements:
    connection.execute(statement).fetchall()
print("ready", flush=True)
if last == "die":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.readline()
connection.close()
"""


@contextmanager
def open_in_application(path: Path, *statements: str) -> Iterator[None]:
    """A process of its own that ran `statements` and keeps its connection open."""
    command = [sys.executable, "-c", _PROGRAM, str(path), "wait", *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as application:
        assert application.stdout and application.stdout.readline() == "ready\n"
        yield
        application.communicate("\n")


def killed_application(path: Path, *statements: str) -> None:
    """A process that ran `statements` and was killed: its -wal or -journal lies there."""
    command = [sys.executable, "-c", _PROGRAM, str(path), "die", *statements]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == -signal.SIGKILL


def listing(folder: Path) -> dict[str, str]:
    """Every file of the folder with a digest of its content."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}
