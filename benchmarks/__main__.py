"""Runs every benchmark, or those named: `python -m benchmarks start migrate --rows 2000000`."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from benchmarks import migrate, start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help="start, migrate; none: both")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the migrated table")
    words = parser.parse_args()
    names = words.names or ["start", "migrate"]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, Python {platform.python_version()}")
    for name in names:
        match name:
            case "start":
                start.run()
            case "migrate":
                migrate.run(words.rows)
            case _:
                sys.exit(f"no benchmark `{name}`: start, migrate")


if __name__ == "__main__":
    main()
