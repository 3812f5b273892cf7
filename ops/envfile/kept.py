"""The names of the old env files that stay beside the new one for the way back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

_STAMP = r"\.gigops-\d{8}T\d{6}Z(-\d+)?"


def kept_path(path: Path, now: datetime) -> Path:
    """Where the old file is kept when `path` is changed at `now`: `.env.gigops-20260131T093000Z`."""
    return path.with_name(f"{path.name}.gigops-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")


def kept_files(path: Path) -> list[Path]:
    """The kept files beside `path`, newest first."""
    pattern = re.compile(re.escape(path.name) + _STAMP)
    try:
        found = [each for each in path.parent.iterdir() if pattern.fullmatch(each.name)]
    except OSError:
        return []
    return sorted(found, key=_age, reverse=True)


def _age(path: Path) -> tuple[str, int]:
    stamp, _, count = path.name.rpartition(".gigops-")[2].partition("-")
    return stamp, int(count or 0)
