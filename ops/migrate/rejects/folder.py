"""The rejects of a run on disk: `run.json` and a file of lines for each table, all 0600."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import Missing, UsageError
from ops.migrate.rejects.lines import read_line, write_line
from ops.migrate.rejects.model import Row

_ABOUT = "run.json"


@dataclass(frozen=True)
class Kept:
    """A table of a run: its label, its place in PostgreSQL, the table `of` the SQLite file `source`, the
    file of its rows, its key in PostgreSQL (`()`: none), and how its columns travel."""

    table: str
    schema: str
    name: str
    source: str
    of: str
    file: str
    key: tuple[str, ...]
    columns: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Run:
    """A folder of rejects. Its name is the time the rows were set aside (UTC)."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    def tables(self) -> tuple[Kept, ...]:
        if not (self.folder / _ABOUT).exists():
            return ()
        document = json.loads((self.folder / _ABOUT).read_text())
        return tuple(
            Kept(**{**each, "columns": tuple(each["columns"]), "key": tuple(each["key"])})
            for each in document["tables"]
        )

    def table(self, label: str) -> Kept:
        """Raises Missing."""
        for kept in self.tables():
            if label in (kept.table, kept.name, kept.file):
                return kept
        there = ", ".join(f"`{kept.table}`" for kept in self.tables())
        raise Missing(f"run {self.id} set no rows of `{label}` aside", hint=f"it has rows of {there}")

    def rows(self, kept: Kept) -> Iterator[Row]:
        """The rows of a table, one at a time. Raises UsageError for a line that nobody can read."""
        path = self.folder / kept.file
        with path.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        yield read_line(line)
                    except ValueError as error:
                        raise UsageError(
                            f"line {number} of `{path}`: {error}",
                            hint="each line is one row, as JSON; mend it and try again",
                        ) from None

    def is_whole(self, kept: Kept) -> bool:
        return (self.folder / kept.file).exists()

    def write_about(self, tables: Sequence[Kept]) -> None:
        document = {"tables": [vars(kept) for kept in tables]}
        self._write(_ABOUT, [json.dumps(document, ensure_ascii=False, indent=1)])

    def write_rows(self, kept: Kept, rows: Iterable[Row]) -> None:
        """The whole file, or the file as it was."""
        self._write(kept.file, (write_line(row) for row in rows))

    def _write(self, name: str, lines: Iterable[str]) -> None:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        beside = self.folder / f"{name}.part"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.folder / name)
        _sync(self.folder)


def all_runs(folder: Path) -> list[Run]:
    """The runs below `.gigops/rejects`, newest first."""
    return [Run(path.parent) for path in sorted(folder.glob(f"*/{_ABOUT}"), reverse=True)]


def find_run(folder: Path, wanted: str = "latest") -> Run:
    """The run `wanted`, or the newest. Raises Missing."""
    runs = all_runs(folder)
    found = runs[0] if runs and wanted == "latest" else next((r for r in runs if r.id == wanted), None)
    if found is None:
        what = "no rows are set aside here" if wanted == "latest" else f"there is no run `{wanted}`"
        hint = "gigops rejects list" if runs else "gigops migrate --plan tells which rows do not fit"
        raise Missing(what, hint=hint)
    return found


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
