"""Runs every benchmark, or those named, and writes benchmarks/RESULTS.md: `python -m benchmarks migrate`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from benchmarks import migrate, real, start

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help="start, migrate, real; none: the first two, and RESULTS.md")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the migrated file")
    parser.add_argument("--folder", type=Path, help="of SQLite files, for `real`")
    words = parser.parse_args()
    found = []
    for name in words.names or ["start", "migrate"]:
        match name:
            case "start":
                found.append(start.run())
            case "migrate":
                found.append(migrate.run(words.rows))
            case "real" if words.folder:
                found.append(real.run(words.folder))
            case _:
                sys.exit(f"no benchmark `{name}`: start, migrate, real --folder DIR")
        print(found[-1])
    if not words.names:
        RESULTS.write_text("\n".join([_machine(), *found]))


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"# Measured\n\n`make bench` on {platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
        f" {memory:.0f} GB, Python {platform.python_version()}.\n"
    )


if __name__ == "__main__":
    main()
