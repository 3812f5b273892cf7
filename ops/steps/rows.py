"""`rows.copy` carries every row of the frozen files; `rows.verify` compares every value on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ops.errors import VerificationFailed
from ops.interfaces import Pace, Reporter
from ops.playbook.model import Facts, Step
from ops.steps.move import Move


@dataclass
class Copy:
    """Copied batches are marked in PostgreSQL in their own transactions, so a second run goes on; when the
    files have changed since, it starts over. The copy stays when a run turns back."""

    move: Move
    reporter: Reporter

    def plan(self, step: Step) -> str:
        del step
        return f"about {self.move.migration().rows:,} rows"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts
        from ops.migrate import decisions
        from ops.migrate.copy import copy_rows
        from ops.migrate.rejects.aside import set_aside
        from ops.migrate.target import create_schema

        # Anew: the files may have changed between the first survey and the freeze, and with them the
        # tables that they need. An earlier run's tables are made again only when they must be.
        migration = self.move.survey(frozen=True)
        with closing(self.move.connect()) as connection:
            create_schema(migration, connection)
            decisions.note(connection, self.move.settings.sources, self.move.settings.target)
            aside = set_aside(migration, connection, self.move.settings.state_dir / "rejects")
        report = copy_rows(migration, self.move.url(), self.reporter, pace)
        return {
            "rows": report.rows + report.already,
            "tables": report.tables,
            "rejected": migration.found.rows,
            "rejects": [str(run.folder) for run in aside],
            "seconds": report.seconds,
        }


@dataclass
class Verify:
    """Raises VerificationFailed, naming the first differences, unless both sides are equal."""

    move: Move
    reporter: Reporter

    def plan(self, step: Step) -> str:
        del step
        return "every value of every table, by primary key"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts
        from ops.migrate.verify import verify

        comparison = verify(self.move.migration(), self.move.url(), self.reporter, pace)
        if not comparison.equal:
            first = "; ".join(str(difference) for difference in comparison.first[:3])
            raise VerificationFailed(
                f"SQLite and PostgreSQL differ: {first}", hint="gigops verify lists the differences"
            )
        constraints = {
            count.name: {"expected": count.expected, "present": count.present} for count in comparison.schema
        }
        return {
            "rows": comparison.rows,
            "values": comparison.values,
            "tables": len(comparison.tables),
            "constraints": constraints,
            "seconds": comparison.seconds,
        }
