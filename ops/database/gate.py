"""Whether a cutover window is on: the file `<env_file>.gate` stands, and its deadline has not passed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path


def path_for(env_file: Path) -> Path:
    return env_file.with_name(env_file.name + ".gate")


class Gate:
    """The gate beside one `.env`, also when that is a symbolic link; None has no gate."""

    def __init__(self, env_file: Path | None) -> None:
        paths = (env_file, env_file.resolve()) if env_file else ()
        self._paths = sorted({path_for(path) for path in paths})

    def stands(self) -> bool:
        """Whether new writes have to wait now."""
        return any(_stands(path) for path in self._paths)

    def __str__(self) -> str:
        return ", ".join(str(path) for path in self._paths)


def _stands(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    except OSError:
        return path.exists()
    return closed(text, datetime.now(UTC))


def closed(text: str, now: datetime) -> bool:
    """Whether a gate that says `text` holds writes back at `now`. One that cannot be read does: it is
    being written, and who waits at it does not wait for ever."""
    try:
        deadline = datetime.fromisoformat(json.loads(text)["deadline"])
    except (ValueError, KeyError, TypeError):
        return True
    if deadline.tzinfo is None:
        deadline = deadline.replace(tzinfo=UTC)
    return now < deadline
