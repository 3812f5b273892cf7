"""`env.switch` makes the application's `.env` name PostgreSQL; undone, it is what it was, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ops import envfile
from ops.interfaces import Clock, Pace
from ops.playbook.model import Facts, Step
from ops.settings import Settings
from ops.steps.move import Move


@dataclass
class Switch:
    settings: Settings
    move: Move
    clock: Clock

    def plan(self, step: Step) -> str:
        del step
        return f"DATABASE_TYPE=postgresql and DATABASE_URL in {self.settings.app.env_file}"

    def prepare(self, step: Step) -> Facts:
        """Keeps the old file beside, readable by its owner only: it may hold secrets, the facts may not."""
        del step
        now = self.clock.now()
        kept = envfile.keep(self.settings.app.env_file, now)
        return {"now": now.isoformat(), "kept": str(kept) if kept else None}

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, pace
        changes = {"DATABASE_TYPE": "postgresql", "DATABASE_URL": self.move.url().reveal()}
        now = datetime.fromisoformat(facts["now"])
        switched = envfile.switch(self.settings.app.env_file, changes, now)
        return {"env_file": str(switched.path), "kept": facts["kept"], "notes": list(switched.notes)}

    def undo(self, step: Step, facts: Facts) -> None:
        del step
        envfile.put_back(self.settings.app.env_file, Path(facts["kept"]) if facts["kept"] else None)
