"""The whole migration of files that may be in use: snapshot, survey, tables, rows, keys, proof."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ops.database.pooler import check_sessions
from ops.interfaces import Pace, Reporter
from ops.migrate import decisions
from ops.migrate.copy import CopyReport, copy_rows
from ops.migrate.finish import finish_schema
from ops.migrate.migration import Migration
from ops.migrate.model import Note
from ops.migrate.rejects.aside import set_aside
from ops.migrate.rejects.folder import Run
from ops.migrate.session import open_session
from ops.migrate.snapshot import snapshots
from ops.migrate.survey import survey
from ops.migrate.target import create_schema, inspect_target
from ops.migrate.verify import Comparison, verify
from ops.settings import Source, Target
from ops.values import DatabaseUrl


@dataclass(frozen=True)
class Wanted:
    """What to move where, and how; `folder` is for the snapshots. Without `proof` nothing is compared."""

    sources: Sequence[Source]
    url: DatabaseUrl
    folder: Path
    target: Target = field(default=Target())
    proof: bool = True

    @property
    def rejects(self) -> Path:
        """Where rows are set aside."""
        return self.folder.parent / "rejects"


@dataclass(frozen=True)
class Migrated:
    """`notes` are all that is not carried as it was; `aside` are the folders of rejected rows;
    `comparison` is None when it was not wanted."""

    migration: Migration
    copied: CopyReport
    comparison: Comparison | None
    notes: tuple[Note, ...]
    aside: tuple[Run, ...]
    seconds: float


def migrate(wanted: Wanted, reporter: Reporter, pace: Pace) -> Migrated:
    """Twice is the same as once: a second run goes on where the first ended, or finds all done."""
    started = time.monotonic()
    check_sessions(wanted.url)
    with snapshots(wanted.sources, wanted.folder) as copies:
        migration = survey(copies, wanted.target, url=wanted.url, still=True)
        with closing(open_session(wanted.url)) as connection:
            inspect_target(migration, connection, wanted.target.into_existing)
            reporter.say(f"copying {len(migration.tables)} tables, {migration.rows:,} rows to {wanted.url}")
            create_schema(migration, connection)
            decisions.note(connection, copies, wanted.target)
            aside = set_aside(migration, connection, wanted.rejects)
        copied = copy_rows(migration, wanted.url, reporter, pace)
        reporter.say("making keys and indexes")
        notes = (*migration.notes, *finish_schema(migration, wanted.url, pace))
        comparison = None
        if wanted.proof:
            reporter.say("comparing every value")
            comparison = verify(migration, wanted.url, reporter, pace)
    return Migrated(migration, copied, comparison, notes, aside, time.monotonic() - started)


def compare(wanted: Wanted, reporter: Reporter, pace: Pace) -> Comparison:
    """Compares what the files hold now with what PostgreSQL holds now; changes nothing."""
    check_sessions(wanted.url)
    with snapshots(wanted.sources, wanted.folder) as copies:
        with closing(open_session(wanted.url)) as connection:
            target = decisions.recall(connection, copies, wanted.target)
        migration = survey(copies, target, url=wanted.url, still=True, refuse=False)
        return verify(migration, wanted.url, reporter, pace)
