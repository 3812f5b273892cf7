"""Every SQLite file of a folder into an empty PostgreSQL, by gigops and, where it is installed, by pgloader:
what arrived, what is equal, what was reported. `python -m benchmarks real --folder DIR`."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.contenders import Place
from benchmarks.held import Held, in_postgres, in_sqlite
from benchmarks.migrate import served
from ops.clients.console import ConsoleReporter
from ops.database.connect import connect
from ops.errors import GigopsError
from ops.migrate.run import Migrated, Wanted, migrate
from ops.settings import Source, Target

_PGLOADER_SECONDS = 120
_ALLOWANCE = 1_000_000
_KINDS = {
    "carries them all": "widened", "no parent": "orphans", "shadow table": "inside of a virtual table",
    "an ordinary table": "virtual table", "PRAGMA": "PRAGMA", " named ": "renamed", "this name": "renamed",
    "view": "view", "trigger": "trigger", "virtual table": "virtual table", "foreign key": "foreign key",
    "primary key": "primary key", "CHECK": "CHECK", "default": "default", "index": "index",
    "NOCASE": "NOCASE",
}  # fmt: skip
_COLUMNS = {
    "database": "---", "tables": "--:", "rows": "--:", "rules": "---",
    "gigops: rows": "--:", "values": "--:", "unequal": "--:", "rules there": "---", "reported": "---",
    "set aside if asked": "--:", "pgloader: exit": "---", "rows there": "--:", "its rules": "---",
}  # fmt: skip


class _Unhurried:
    def check(self) -> None:
        pass


@dataclass(frozen=True)
class _Peer:
    """What pgloader left behind; `code` is its exit code, or why it has none."""

    code: str
    held: Held


def run(folder: Path) -> str:
    """The table, and below it the reason of every row that is set aside. `folder` stays as it is."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'|'.join(_COLUMNS.values())}|"]
    reasons, total = list[str](), Counter[str]()
    with served() as place:
        for path in sorted(folder.glob("*.db")):
            print(path.name, flush=True)
            line, more = _one(path, place, total)
            lines.append(line)
            reasons += more
    told = [
        "",
        "rules: NOT NULL of columns that are no key · CHECK · foreign keys · views · triggers.",
        "",
        f"{total['databases']} databases, {total['rows']:,} rows: gigops carried {total['carried']:,},"
        f" {total['unequal']} of {total['values']:,} values unequal;"
        f" pgloader carried {total['pgloader']:,} rows.",
    ]
    if reasons:
        told += ["", "Set aside where the declared type is kept (`--on-misfit reject`):", "", *reasons]
    return "\n".join([*lines, *told, ""])


def _one(path: Path, place: Place, total: Counter[str]) -> tuple[str, list[str]]:
    total["databases"] += 1
    try:
        done = _migrated(path, place, Target(on_misfit="widen", allow_rejects=_ALLOWANCE))
    except GigopsError as error:
        return f"| {path.name} | refused: {error.message} |" + " |" * (len(_COLUMNS) - 2), []
    names = [table.name for table in done.migration.tables]
    source, target = in_sqlite(path, done.migration), in_postgres(place.url, names)
    strict = _migrated(path, place, Target(on_misfit="reject", allow_rejects=_ALLOWANCE))
    peer = _pgloader(path, place, [table.source.name for table in done.migration.tables])
    comparison = done.comparison
    assert comparison
    total.update(
        rows=source.rows, carried=target.rows, unequal=comparison.differences, values=comparison.values,
        pgloader=peer.held.rows if peer else 0,
    )  # fmt: skip
    cells = [
        path.name, str(len(names)), f"{source.rows:,}", source.rules, f"{target.rows:,}",
        f"{comparison.values:,}", str(comparison.differences), target.rules, _reported(done),
        str(strict.migration.found.rows),
        *((peer.code, f"{peer.held.rows:,}", peer.held.rules) if peer else ("not installed", "", "")),
    ]  # fmt: skip
    found = [*done.migration.found.first, *strict.migration.found.first]
    reasons = [f"- {path.name}: {one}" for one in dict.fromkeys(map(str, found))]
    return "| " + " | ".join(cells) + " |", reasons + [f"- {path.name}: {each}" for each in comparison.first]


def _migrated(path: Path, place: Place, target: Target) -> Migrated:
    _empty(place)
    folder = place.folder / "real"
    shutil.rmtree(folder, ignore_errors=True)
    wanted = Wanted([Source(path)], place.url, folder / "snapshots", target)
    return migrate(wanted, ConsoleReporter(quiet=True), _Unhurried())


def _empty(place: Place) -> None:
    with closing(connect(place.url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS public, _gigops CASCADE; CREATE SCHEMA public")


def _reported(done: Migrated) -> str:
    counts = Counter(_kind(f"{note.where} {note.what}") for note in done.notes)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common()) or "nothing"


def _kind(text: str) -> str:
    return next((kind for words, kind in _KINDS.items() if words in text), "other")


def _pgloader(path: Path, place: Place, names: Sequence[str]) -> _Peer | None:
    if not shutil.which("pgloader"):
        return None
    _empty(place)
    own = place.folder / "pgloader.db"
    shutil.copyfile(path, own)  # it opens the file for writing
    url = replace(place.url, query=())
    words = ["pgloader", "--root-dir", str(place.folder / "rejected"), f"sqlite://{own}", url.reveal()]
    try:
        ended = subprocess.run(
            words, cwd=place.folder, capture_output=True, check=False, timeout=_PGLOADER_SECONDS
        )
        code = str(ended.returncode)
    except subprocess.TimeoutExpired:
        code = f"none after {_PGLOADER_SECONDS} s"
    return _Peer(code, in_postgres(place.url, names))
