"""The gate beside `.env`: while it stands, applications on `ops.database` hold new writes back."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path


def path_for(env_file: Path) -> Path:
    return env_file.with_name(env_file.name + ".gate")


def put_up(env_file: Path, deadline: datetime) -> None:
    """Writes the gate; applications stop minding it after `deadline`, should gigops not come back."""
    gate = path_for(env_file)
    beside = gate.with_name(gate.name + ".new")
    beside.write_text(json.dumps({"deadline": deadline.isoformat()}))
    beside.replace(gate)


def take_down(env_file: Path) -> None:
    path_for(env_file).unlink(missing_ok=True)
