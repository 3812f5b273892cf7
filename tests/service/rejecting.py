"""What the tests of rejected rows share: a migration with all that a command does, and its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ops.database.connect import connect
from ops.migrate.rejects.folder import Run, find_run
from ops.migrate.rejects.retry import Tried
from ops.migrate.rejects.retry import retry as carry
from ops.migrate.run import Migrated, Wanted
from ops.migrate.run import compare as verify
from ops.migrate.run import migrate as run
from ops.migrate.verify import Comparison
from ops.settings import Source, Target, TypeRule
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, NoHurry


def wanted(url: DatabaseUrl, path: Path, **target: Any) -> Wanted:
    return Wanted([Source(path)], url, path.parent / "state" / "snapshots", Target(**target))


def migrate(url: DatabaseUrl, path: Path, **target: Any) -> Migrated:
    """`target` holds fields of `ops.settings.Target`."""
    return run(wanted(url, path, **target), QUIET, NoHurry())


def compare(url: DatabaseUrl, path: Path, **target: Any) -> Comparison:
    return verify(wanted(url, path, **target), QUIET, NoHurry())


def rejects(path: Path) -> Run:
    """The newest run's rejects of a migration of `path`."""
    return find_run(path.parent / "state" / "rejects")


def lines(path: Path, table: str) -> list[dict[str, Any]]:
    """The lines of the table's file, as JSON."""
    found = rejects(path)
    text = (found.folder / found.table(table).file).read_text()
    return [json.loads(line) for line in text.split("\n") if line]


def correct(path: Path, table: str, **values: object) -> None:
    """Writes `values` into the row of every line, as a person would with an editor."""
    found = rejects(path)
    file = found.folder / found.table(table).file
    made = [{**line, "row": {**line["row"], **values}} for line in lines(path, table)]
    file.write_text("".join(json.dumps(line) + "\n" for line in made))


def retry(
    url: DatabaseUrl, path: Path, *, rules: Sequence[TypeRule] = (), change: bool = True
) -> list[Tried]:
    with closing(connect(url)) as connection:
        return carry(rejects(path), connection, rules, change=change)
