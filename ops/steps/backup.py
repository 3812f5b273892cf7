"""`backup.take` takes a backup of the database that `.env` names now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.backup.take import Taken
from ops.interfaces import Pace
from ops.playbook.model import Facts, Step


@dataclass
class Take:
    take: Callable[[], Taken]
    where: str

    def plan(self, step: Step) -> str:
        del step
        return f"a first backup to {self.where}"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        taken = self.take()
        return {"backup": taken.id, "where": taken.where, "bytes": taken.bytes}
