"""The ways a SQLite file gets into PostgreSQL, each run as a whole process and timed from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ops.database.connect import connect
from ops.values import DatabaseUrl


@dataclass(frozen=True)
class Place:
    """A folder with a gigops.yaml and its embedded server; `file` is what is moved, `made` holds what the
    physical limit needs (binary COPY files and the statements)."""

    folder: Path
    file: Path
    url: DatabaseUrl

    @property
    def made(self) -> Path:
        return self.folder / "made"


@dataclass(frozen=True)
class Took:
    """Wall seconds, and the largest resident memory of the process in MB."""

    seconds: float
    megabytes: float


def gigops(place: Place, *words: str) -> Took:
    return _timed([sys.executable, "-m", "ops.cli.app", *words], place.folder)


def migrate(place: Place) -> Took:
    """The whole command, every value compared."""
    return gigops(place, "--yes", "migrate")


def migrate_uncompared(place: Place) -> Took:
    return gigops(place, "--yes", "migrate", "--skip-verify")


def pgloader(place: Place) -> Took | None:
    if not shutil.which("pgloader"):
        return None
    return _timed(["pgloader", "--quiet", f"sqlite://{place.file}", place.url.reveal()], place.folder)


def limit(place: Place) -> Took:
    """What PostgreSQL itself needs: COPY of files in its own binary form, then the same statements."""
    began = time.perf_counter()
    _run_sql(place, (place.made / "before.sql").read_text())
    psql = _psql()
    for file in sorted(place.made.glob("*.bin")):
        table = file.stem
        if psql:
            copy = f"\\copy {table} FROM '{file}' (FORMAT binary)"
            _timed([psql, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", copy, place.url.reveal()], place.folder)
        else:
            with closing(connect(place.url)) as to, to, to.cursor() as cursor, file.open("rb") as rows:
                cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", rows, 1 << 20)
    _run_sql(place, (place.made / "after.sql").read_text())
    return Took(time.perf_counter() - began, 0)


def keep_for_limit(place: Place) -> None:
    """Writes down the tables that gigops has just made, in PostgreSQL's own binary form, with the
    statements that make them."""
    from ops.migrate.survey import survey
    from ops.settings import Source

    plan = survey([Source(place.file)], whole=False)
    place.made.mkdir(exist_ok=True)
    (place.made / "before.sql").write_text(";\n".join(step.sql for step in plan.before))
    after = [sql for step in plan.after for sql in (step.sql, step.proof) if sql]
    (place.made / "after.sql").write_text(";\n".join([*after, "ANALYZE"]))
    with closing(connect(place.url)) as connection, connection.cursor() as cursor:
        for table in plan.tables:
            with (place.made / f"{table.name}.bin").open("wb") as out:
                cursor.copy_expert(f"COPY {table.qualified} TO STDOUT (FORMAT binary)", out)


def empty(place: Place) -> None:
    """Nothing left of the run before."""
    with closing(connect(place.url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(format('%I', tablename), ',') FROM pg_tables"
                       " WHERE schemaname = 'public'")  # fmt: skip
        (tables,) = cursor.fetchone() or (None,)
        if tables:
            cursor.execute(f"DROP TABLE {tables} CASCADE")
        cursor.execute("DROP SCHEMA IF EXISTS _gigops CASCADE")


def _run_sql(place: Place, sql: str) -> None:
    with closing(connect(place.url, autocommit=True)) as connection, connection.cursor() as cursor:
        for statement in sql.split(";\n"):
            cursor.execute(statement)


def _psql() -> str | None:
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
    return shutil.which("psql") or (str(system[-1]) if system else None)


def _timed(words: Sequence[str], folder: Path) -> Took:
    began = time.perf_counter()
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output, env={**os.environ})
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = (folder / "output.txt").read_text(errors="replace")[-2000:]
        raise SystemExit(f"{words[0]} ended with {process.returncode}:\n{said}")
    return Took(seconds, usage.ru_maxrss / 1024)
