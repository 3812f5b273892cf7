"""`gigops migrate` of one large table, beside PostgreSQL's own COPY of the same rows and, where it is
installed, pgloader. Everything runs against one embedded server, in turn, three times."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ops.database.connect import connect
from ops.values import DatabaseUrl

ROUNDS = 3
_CREATE = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, kind TEXT NOT NULL, value REAL NOT NULL,
    amount INTEGER, note TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP
)
"""
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO events SELECT i, 'user-' || (i * 7919 % 50000), 'kind-' || (i % 20), i * 0.1,
    CASE i % 3 WHEN 0 THEN NULL ELSE i * 31 END, CASE i % 5 WHEN 0 THEN NULL ELSE hex(i * 2654435761) END,
    datetime(1700000000 + i, 'unixepoch') FROM n
"""
_COLUMNS = "id bigint, user_id text, kind text, value float8, amount bigint, note text, created_at text"


@dataclass(frozen=True)
class _Place:
    folder: Path
    file: Path
    csv: Path
    url: DatabaseUrl


def run(rows: int) -> None:
    """Prints medians and ratios for a table of `rows` rows."""
    with tempfile.TemporaryDirectory(prefix="gigops-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        place = _prepare(folder, rows)
        try:
            _measure(place, rows)
        finally:
            _gigops(folder, "destroy", "--confirm", "bench", "--delete-data")


def _measure(place: _Place, rows: int) -> None:
    contenders: dict[str, Callable[[_Place], None]] = {"COPY alone": _copy, "gigops migrate": _migrate}
    if shutil.which("pgloader"):
        contenders["pgloader"] = _pgloader
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            _empty(place.url)
            began = time.perf_counter()
            contender(place)
            times[name].append(time.perf_counter() - began)
    limit = statistics.median(times["COPY alone"])
    size = place.file.stat().st_size / 1e6
    print(f"\nmigrate: {rows:,} rows, {size:.0f} MB of SQLite (median of {ROUNDS})")
    print("  gigops reads, profiles, copies, builds the key, and compares every value of both sides")
    for name, taken in times.items():
        median = statistics.median(taken)
        speed = f"{rows / median:>10,.0f} rows/s"
        print(f"  {name:<16} {median:6.2f} s  {speed}  {median / limit:4.1f} x COPY alone")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  largest process {peak:.0f} MB")


def _prepare(folder: Path, rows: int) -> _Place:
    file, csv = folder / "bench.db", folder / "bench.csv"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(_CREATE)
        connection.execute(_FILL, (rows,))
    with closing(sqlite3.connect(file)) as connection, csv.open("w") as out:
        for row in connection.execute("SELECT * FROM events"):
            out.write(",".join("" if value is None else str(value) for value in row) + "\n")
    (folder / "gigops.yaml").write_text("app:\n  name: bench\nsources: [bench.db]\n")
    _gigops(folder, "provision", "--yes")
    url = (folder / ".gigops" / "secrets" / "embedded.url").read_text()
    return _Place(folder, file, csv, DatabaseUrl.parse(url))


def _gigops(folder: Path, *words: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        [sys.executable, "-m", "ops.cli.app", *words],
        cwd=folder, check=True, env={**os.environ, **(env or {})},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def _migrate(place: _Place) -> None:
    _gigops(place.folder, "migrate", "--yes")


def _copy(place: _Place) -> None:
    with closing(connect(place.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE events ({_COLUMNS})")
        with place.csv.open() as rows:
            cursor.copy_expert("COPY events FROM STDIN (FORMAT csv)", rows, 1 << 20)


def _pgloader(place: _Place) -> None:
    subprocess.run(
        ["pgloader", f"sqlite://{place.file}", place.url.reveal()], check=True, stdout=subprocess.DEVNULL
    )


def _empty(url: DatabaseUrl) -> None:
    with closing(connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS events; DROP SCHEMA IF EXISTS _gigops CASCADE")
