"""The gate beside `.env`: while it stands, applications on `ops.database` hold new writes back."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from ops.database.gate import path_for


def paths_for(env_file: Path) -> list[Path]:
    """Beside the file and, when that is a link, beside what it leads to: applications use either name."""
    names = dict.fromkeys((env_file.absolute(), env_file.resolve()))
    return [path_for(name) for name in names]


def put_up(env_file: Path, deadline: datetime) -> None:
    """Writes the gate; applications stop minding it after `deadline`, should gigops not come back."""
    for gate in paths_for(env_file):
        beside = gate.with_name(gate.name + ".new")
        beside.write_text(json.dumps({"deadline": deadline.isoformat()}))
        beside.replace(gate)


def take_down(env_file: Path) -> None:
    for gate in paths_for(env_file):
        gate.unlink(missing_ok=True)
