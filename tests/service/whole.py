"""The whole migration as the command runs it, and its rejects as they lie on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ops.migrate.run import Migrated, Wanted, migrate
from ops.settings import Source, Target
from ops.values import DatabaseUrl
from tests.service.migrating import QUIET, NoHurry


def move(url: DatabaseUrl, sources: Sequence[Source], folder: Path, **target: Any) -> Migrated:
    """What `gigops migrate` does; `folder` stands for `.gigops`. `target` holds fields of
    `ops.settings.Target`."""
    folder.mkdir(exist_ok=True)
    return migrate(Wanted(sources, url, folder / "snapshots", Target(**target)), QUIET, NoHurry())


def set_aside(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rejected rows below `folder`, by table."""
    found = {}
    for about in folder.glob("rejects/*/run.json"):
        for table in json.loads(about.read_text(encoding="utf-8"))["tables"]:
            lines = (about.parent / table["file"]).read_text(encoding="utf-8").split("\n")
            found[str(table["table"])] = [json.loads(line) for line in lines if line]
    return found
