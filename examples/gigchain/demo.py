"""`make demo`: the service runs on SQLite under traffic, and moves to PostgreSQL.

python -m examples.gigchain.demo [--writes 100] [--reads 100]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from examples.gigchain.ledger import Verdict
from examples.gigchain.running import Gigchain

_FOLDER = Path(".demo")
_OURS = ".made-by-the-demo"
_BEFORE = _AFTER = 3.0
"""Seconds of traffic on each side of the move."""


@dataclass(frozen=True)
class Outcome:
    """What the table shows."""

    move: Mapping[str, Any]
    traffic: Mapping[str, Any]
    verdict: Verdict
    database: str

    @property
    def good(self) -> bool:
        moved = self.move.get("outcome") == "complete" and self.database == "postgresql"
        return moved and not self.traffic["failed"] and self.verdict.intact


def main() -> None:
    words = argparse.ArgumentParser(description="move the example application under traffic")
    words.add_argument("--writes", type=float, default=100, help="a second")
    words.add_argument("--reads", type=float, default=100, help="a second")
    given = words.parse_args()
    gigchain = Gigchain(_fresh_folder(_FOLDER.absolute()))
    try:
        outcome = play(gigchain, writes=given.writes, reads=given.reads)
    except KeyboardInterrupt:
        _say("stopped: the processes of the demo are being ended")
        sys.exit(130)
    except (RuntimeError, subprocess.SubprocessError, httpx.HTTPError) as error:
        _say(f"the demo failed: {error}")
        sys.exit(1)
    finally:
        gigchain.end()
        _stop_server(gigchain)
    print("\n".join(table(outcome)))
    sys.exit(0 if outcome.good else 1)


def play(gigchain: Gigchain, *, writes: float, reads: float) -> Outcome:
    """The whole story, up to the comparison of the ledger with the database."""
    rows = gigchain.create()
    _say(f"made {rows:,} rows in three SQLite files in {gigchain.folder}")
    gigchain.start_service()
    gigchain.start_traffic(writes=writes, reads=reads)
    _say(f"the service runs on SQLite: {gigchain.url}, {writes:g} writes/s and {reads:g} reads/s")
    time.sleep(_BEFORE)
    _say(f"{gigchain.acknowledged()} writes acknowledged; now: gigops cutover --yes")
    move = _cutover(gigchain)
    time.sleep(_AFTER)
    traffic = gigchain.stop_traffic()
    database = gigchain.database()
    _say(f"the traffic has ended; comparing its ledger with {database}")
    return Outcome(move, traffic, gigchain.check(), database)


def table(outcome: Outcome) -> list[str]:
    move, traffic, verdict = outcome.move, outcome.traffic, outcome.verdict
    bad = len(verdict.lost) + len(verdict.twice) + len(verdict.different) + len(verdict.uncalled)
    compared = move.get("values_compared")
    window, median = move.get("window_seconds"), traffic["median_write"] * 1000
    lines = [
        ("rows moved", f"{move.get('rows') or 0:,}"),
        ("values checked", f"{compared:,}, all equal" if compared else "none"),
        ("window", f"{window:.2f} s" if window is not None else "none"),
        ("requests", f"{traffic['writes'] + traffic['reads'] + traffic['failed']:,} sent"),
        ("requests failed", str(traffic["failed"])),
        (
            "slowest write",
            f"{traffic['slowest_write']:.2f} s; median {median:.0f} ms",
        ),
        ("slowest read", f"{traffic['slowest_read']:.2f} s"),
        ("writes acknowledged", f"{verdict.acknowledged:,}"),
        ("writes lost", str(bad)),
        ("the data is in", str(move.get("url") or outcome.database)),
        ("backup", str(move.get("backup_where") or move.get("backup") or "none")),
    ]
    wide = max(len(name) for name, _ in lines)
    text = ["", *(f"{name.ljust(wide)}  {value}" for name, value in lines), ""]
    text += [f"failed: {failure}" for failure in traffic["failures"]]
    text += [] if verdict.intact else [f"ledger: {verdict}"]
    if not outcome.good:
        return [*text, "the demo FAILED: the folder is left as it is for you to look at"]
    return [
        *text,
        "The service and its PostgreSQL are stopped now; their data stays until the next demo.",
        f"next: cd {_FOLDER} && {_command()} provision && {_command()} status",
    ]


def _command() -> str:
    """How a user calls gigops from the demo's folder: by name, or by where this Python is."""
    beside = Path(sys.executable).with_name("gigops")
    return "gigops" if shutil.which("gigops") or not beside.exists() else os.path.relpath(beside, _FOLDER)


def _cutover(gigchain: Gigchain) -> dict[str, Any]:
    """Its progress goes to the terminal as it comes. A Ctrl-C reaches gigops too, which goes home first."""
    done = gigchain.gigops("--json", "cutover", "--yes", stderr=None)
    report: dict[str, Any] = json.loads(done.stdout or "{}")
    if done.returncode:
        _say(f"gigops cutover ended with exit code {done.returncode}")
    return report


def _fresh_folder(folder: Path) -> Path:
    """An empty folder of ours; a former one's server is stopped before it is deleted."""
    if folder.exists():
        if not (folder / _OURS).exists():
            _say(f"`{folder}` is in the way, and the demo did not make it: move it")
            sys.exit(1)
        if (folder / ".gigops").exists():
            former = Gigchain(folder)
            former.gigops("destroy", "--delete-data", "--confirm", "gigchain")
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / _OURS).touch()
    return folder


def _stop_server(gigchain: Gigchain) -> None:
    if (gigchain.folder / ".gigops").exists():
        gigchain.gigops("destroy", "--confirm", "gigchain")


def _say(text: str) -> None:
    print(f"demo: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
