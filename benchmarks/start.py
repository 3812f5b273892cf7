"""How long `gigops --help` and `import ops.database` take, beside a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 9


def run() -> None:
    nothing = _median("-c", "pass")
    print(f"\nstart (median of {RUNS}; an empty Python: {nothing * 1000:.0f} ms)")
    for name, words in (
        ("gigops --help", ("-m", "ops.cli.app", "--help")),
        ("import ops.database", ("-c", "import ops.database")),
    ):
        took = _median(*words)
        print(f"  {name:<22} {took * 1000:5.0f} ms   {took / nothing:4.1f} x an empty Python")


def _median(*words: str) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
