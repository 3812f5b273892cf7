"""`postgres.provision` makes the server; `postgres.close` keeps everybody but gigops from writing to it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ops.capture import closed
from ops.interfaces import Pace
from ops.playbook.model import Facts, Step
from ops.steps.move import Move


@dataclass
class Provision:
    """Not undone when a run turns back: an empty server does no harm, and the next run uses it."""

    move: Move

    def plan(self, step: Step) -> str:
        del step
        return "; ".join(self.move.provider.plan())

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        server = self.move.provider.create()
        return {"server": server.name, "version": server.version, "url": str(server.url)}


@dataclass
class Close:
    """Stays closed when a run turns back: the application is on SQLite then, and a copy of it that still
    looks at PostgreSQL must not write there."""

    move: Move

    def plan(self, step: Step) -> str:
        del step
        return f"keep writers out of PostgreSQL's {len(self.move.migration().tables)} tables until open"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        with closing(self.move.connect()) as connection:
            closed.close(connection, [(table.schema, table.name) for table in self.move.migration().tables])
        return {}
