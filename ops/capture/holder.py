"""The process that holds SQLite's write locks for gigops; run as a script, it imports nothing of gigops.

Why a process of its own: gigops reads the files through a second SQLite library (the Arrow driver's), and
POSIX locks belong to a process: when any library in it closes a file, the locks of all are gone
(sqlite.org, "How To Corrupt An SQLite Database File", 2.2.1). And when gigops dies, this process sees its
standard input end, and lets the application write again.

One JSON object a line. In: {"hold": [paths], "within": s, "for": s, "remove": [paths]}, then
{"run": {path: [statements]}} or {"release": true}. Out: {"ok": ...} or {"error": text, "file": path}.
When neither comes, for gigops is dead or the time is up, the files named in "remove" (the gates) are
removed, so that applications need not wait at them for nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import sqlite3
import sys
import time
from typing import Any
from urllib.parse import quote


def main() -> None:
    order = json.loads(sys.stdin.readline() or "{}")
    if "hold" not in order:
        return
    held = _hold(order["hold"], order["within"])
    if held is None:
        return
    _say({"ok": "held"})
    line = _next_line(time.monotonic() + order["for"])
    if line and "run" in (last := json.loads(line)):
        _run(held, last["run"])
    if not line:
        for path in order["remove"]:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108  (pathlib would double the time this script takes to start)
    for connection in held.values():
        if connection.in_transaction:
            connection.rollback()
        connection.close()


def _hold(paths: list[str], within: float) -> dict[str, sqlite3.Connection] | None:
    """The write lock of every file, or of none. Backs off between tries, so that an application which
    takes the same files in another order never waits for us while we wait for it."""
    end = time.monotonic() + within
    connections: dict[str, sqlite3.Connection] = {}
    for path in sorted(paths):
        uri = f"file:{quote(path)}?mode=rw"
        connections[path] = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
    while True:
        path = ""
        try:
            for path in connections:
                connections[path].execute("BEGIN IMMEDIATE")
            return connections
        except sqlite3.OperationalError as error:
            for connection in connections.values():
                if connection.in_transaction:
                    connection.rollback()
            locked = "locked" in str(error) or "busy" in str(error)
            if not locked or time.monotonic() > end:
                _say({"error": str(error), "file": path})
                return None
            time.sleep(random.uniform(0.005, 0.05))
        except sqlite3.DatabaseError as error:
            _say({"error": str(error), "file": path})
            return None


def _run(held: dict[str, sqlite3.Connection], statements: dict[str, list[str]]) -> None:
    """Runs the statements in the held transactions and commits each, so that no writer comes between."""
    path = ""
    try:
        for path, connection in held.items():
            for statement in statements.get(path, ()):
                connection.execute(statement)
        for path in held:
            # A reader of a file without WAL may delay the commit; it never fails for good.
            held[path].execute("PRAGMA busy_timeout = 10000")
            held[path].execute("COMMIT")
    except sqlite3.Error as error:
        _say({"error": str(error), "file": path})
        return
    _say({"ok": "committed"})


def _next_line(end: float) -> str:
    """The next order; empty when gigops is gone or the time is up."""
    ready, _, _ = select.select([sys.stdin], [], [], max(0.0, end - time.monotonic()))
    return sys.stdin.readline() if ready else ""


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
