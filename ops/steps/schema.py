"""`schema.create` makes the tables, `schema.finish` their keys, indexes, foreign keys and sequences."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ops.capture import fence
from ops.errors import Refused
from ops.interfaces import Pace
from ops.playbook.model import Facts, Step
from ops.steps.move import Move


@dataclass
class Create:
    """Surveys the files while the application still writes: what cannot be moved is told here, before
    the window. Tables made for a survey that has changed since are made anew by `rows.copy`."""

    move: Move

    def plan(self, step: Step) -> str:
        del step
        migration = self.move.migration()
        columns = sum(len(table.columns) for table in migration.tables)
        files = len(self.move.settings.sources)
        return f"{len(migration.tables)} tables with {columns} columns, from {files} files"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        from ops.migrate.target import create_schema, inspect_target

        self._refuse_moved_files()
        migration = self.move.survey()
        with closing(self.move.connect()) as connection:
            inspect_target(migration, connection, self.move.settings.target.into_existing)
            create_schema(migration, connection)
        return {
            "tables": len(migration.tables),
            "notes": [f"{note.where}: {note.what}" for note in migration.notes],
        }

    def _refuse_moved_files(self) -> None:
        """A fence tells of an earlier move: the rows written since then are not in the file."""
        for source in self.move.settings.sources:
            if source.path.is_file() and fence.standing(source.path):
                raise Refused(
                    f"`{source.path.name}` moved to PostgreSQL before: rows written there are not in it",
                    hint="gigops env use sqlite --lift-fence, if those rows may stay behind",
                )


@dataclass
class Finish:
    move: Move

    def plan(self, step: Step) -> str:
        del step
        return "keys, indexes, foreign keys, sequences, ANALYZE"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts
        from ops.migrate.finish import finish_schema

        pace.check()
        notes = finish_schema(self.move.migration(), self.move.url(), pace)
        return {"notes": [f"{note.where}: {note.what}" for note in notes]}
