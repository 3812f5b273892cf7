"""How long `gigops --help` and `import ops.database` take, beside a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 9


def run() -> str:
    """As Markdown."""
    nothing = _median("-c", "pass")
    lines = ["## Start", "", f"Median of {RUNS}.", "", "| | ms | x an empty Python |", "|---|---|---|"]
    for name, words in (
        ("gigops --help", ("-m", "ops.cli.app", "--help")),
        ("import ops.database", ("-c", "import ops.database")),
    ):
        took = _median(*words)
        lines.append(f"| {name} | {took * 1000:.0f} | {took / nothing:.1f} |")
    return "\n".join([*lines, ""])


def _median(*words: str) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
