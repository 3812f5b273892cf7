"""`gigops migrate` beside pgloader, where it is installed, and beside what PostgreSQL itself needs for the
same rows and indexes; all in turn, against one embedded server. Then how time and memory grow."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import contenders
from benchmarks.contenders import Place, Took
from benchmarks.dataset import build
from ops.values import DatabaseUrl

ROUNDS = 3
GROWTH = (500_000, 2_000_000, 8_000_000)
_LIMIT, _PGLOADER = "PostgreSQL alone", "pgloader"
_PLAIN, _PROVED = "gigops migrate --skip-verify", "gigops migrate"
_WAYS: dict[str, Callable[[Place], Took | None]] = {
    _LIMIT: contenders.limit,
    _PLAIN: contenders.migrate_uncompared,
    _PROVED: contenders.migrate,
    _PGLOADER: contenders.pgloader,
}


def run(rows: int) -> str:
    """The contest at `rows` rows, and the growth; as Markdown."""
    with served() as place:
        text = _contest(place, rows)
        return text + _growth(place)


def _contest(place: Place, rows: int) -> str:
    build(place.file, rows)
    contenders.migrate_uncompared(place)
    contenders.keep_for_limit(place)
    times: dict[str, list[Took]] = {name: [] for name in _WAYS}
    for _ in range(ROUNDS):
        for name, way in _WAYS.items():
            contenders.empty(place)
            took = way(place)
            if took:
                times[name].append(took)
    size = place.file.stat().st_size / 1e6
    shutil.rmtree(place.made)
    lines = [
        f"## {rows:,} rows, {size:.0f} MB, four tables, five indexes, one foreign key",
        "",
        f"Median of {ROUNDS} runs, in turn. `{_LIMIT}`: COPY of files in PostgreSQL's own binary form,",
        "then the same keys, indexes and foreign key, one after the other.",
        "",
        f"| | seconds | x {_LIMIT} | x {_PGLOADER} | peak memory |",
        "|---|---|---|---|---|",
    ]
    medians = {name: statistics.median(t.seconds for t in took) for name, took in times.items() if took}
    for name, median in medians.items():
        beside = f"{median / medians[_PGLOADER]:.2f}" if _PGLOADER in medians else "not installed"
        memory = max(t.megabytes for t in times[name])
        shown = f"{memory:.0f} MB" if memory else ""
        lines.append(f"| {name} | {median:.2f} | {median / medians[_LIMIT]:.2f} | {beside} | {shown} |")
    return "\n".join([*lines, "", ""])


def _growth(place: Place) -> str:
    lines = [
        "## Growth",
        "",
        f"| rows | {_PLAIN} | peak memory | {_PROVED} | peak memory |",
        "|---|---|---|---|---|",
    ]
    for rows in GROWTH:
        place.file.unlink(missing_ok=True)
        build(place.file, rows)
        contenders.empty(place)
        plain = contenders.migrate_uncompared(place)
        contenders.empty(place)
        proved = contenders.migrate(place)
        lines.append(
            f"| {rows:,} | {plain.seconds:.1f} s | {plain.megabytes:.0f} MB"
            f" | {proved.seconds:.1f} s | {proved.megabytes:.0f} MB |"
        )
    return "\n".join([*lines, ""])


@contextmanager
def served() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="gigops-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "gigops.yaml").write_text("app:\n  name: bench\nsources: [bench.db]\n")
        _gigops(folder, "provision")
        try:
            url = DatabaseUrl.parse((folder / ".gigops" / "secrets" / "embedded.url").read_text())
            yield Place(folder, folder / "bench.db", url)
        finally:
            _gigops(folder, "destroy", "--confirm", "bench", "--delete-data")


def _gigops(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "ops.cli.app", "--yes", *words]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
