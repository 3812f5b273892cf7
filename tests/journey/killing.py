"""A migration in a process of its own, watched from the server and killed at a moment of its work."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from ops.database.connect import connect
from ops.values import DatabaseUrl

_OBJECTS = """
SELECT (SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT relation FROM _gigops.tables) AND indisvalid)
     + (SELECT count(*) FROM pg_constraint WHERE conrelid IN (SELECT relation FROM _gigops.tables))
"""
_ROWS = "SELECT coalesce(sum(rows), 0) FROM _gigops.copied"


def migrate(source: Path, folder: Path, target: DatabaseUrl) -> None:
    """The command line, with batches of few rows; the process ends as `gigops migrate` does."""
    from ops.cli import app
    from ops.migrate import plan

    plan.ROWS_A_BATCH, plan.ROWS_A_CHUNK = 400, 6000
    os.chdir(folder)
    os.environ["GIGOPS_TARGET_URL"] = target.reveal()
    with Path("output").open("w") as said:
        sys.stdout = sys.stderr = said
        sys.argv = ["gigops", "migrate", "--source", str(source)]
        app.main()


@dataclass
class Killer:
    """`rows` and `objects` (indexes and constraints) are what a whole run makes."""

    processes: ForkServerContext
    source: Path
    folder: Path
    target: DatabaseUrl
    rows: int = 0
    objects: int = 0
    watching: Any = None

    def __enter__(self) -> Killer:
        self.watching = connect(self.target, application_name="watcher", autocommit=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.watching.close()

    def run_whole(self) -> None:
        process = self._start()
        process.join(120)
        assert process.exitcode == 0, (self.folder / "output").read_text()
        self.rows, self.objects = self.ask(_ROWS), self.ask(_OBJECTS)

    def kill_at(self, moment: float) -> bool:
        """Kills when the work has come to `moment`: 0 to 1 are rows copied, 1 to 2 indexes and constraints
        made; below 0 at once, above 2 while the sides are compared. What was further already is killed
        as soon as it goes on. False when the work ended before."""
        before = self.progress()
        process = self._start()
        while not wait([process.sentinel], 0):
            now = self.progress()
            if self._at_work() and (moment < 0 or (now >= min(moment, 2) and (now > before or now >= 2))):
                break
        process.kill()
        process.join(60)
        return process.exitcode == -9

    def progress(self) -> float:
        if not self._prepared():
            return -1.0
        return self.ask(_ROWS) / self.rows + self.ask(_OBJECTS) / self.objects

    def unmarked(self, tables: list[str]) -> dict[str, tuple[int, int]]:
        """The tables whose rows are not as many as their marks say, both told: (rows, marked)."""
        if not self._prepared() or not self.ask("SELECT count(*) FROM _gigops.tables"):
            return {}
        counts = " UNION ALL ".join(
            f"SELECT '{name}', (SELECT count(*) FROM {name}),"
            f" (SELECT coalesce(sum(rows), 0) FROM _gigops.copied WHERE relation = '{name}'::regclass)"
            for name in tables
        )
        with closing(self.watching.cursor()) as cursor:
            cursor.execute(counts)
            return {name: (rows, marked) for name, rows, marked in cursor.fetchall() if rows != marked}

    def ask(self, sql: str) -> int:
        with closing(self.watching.cursor()) as cursor:
            cursor.execute(sql)
            return int(cursor.fetchone()[0])

    def _prepared(self) -> int:
        return self.ask("SELECT count(*) FROM pg_class WHERE oid = to_regclass('_gigops.copied')")

    def _at_work(self) -> int:
        return self.ask(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'gigops'"
        )

    def _start(self) -> ForkServerProcess:
        process = self.processes.Process(target=migrate, args=(self.source, self.folder, self.target))
        process.start()
        return process
