"""The journal of one run: JSON lines, appended and fsynced; a torn last line is as if never written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ops.errors import GigopsError
from ops.playbook.state import Event, Kind


class Journal(Protocol):
    """What the engine writes to and reads from."""

    def append(self, event: Event) -> None:
        """Returns when the event is on the disk."""
        ...

    def events(self) -> list[Event]: ...


class FileJournal:
    """A journal in one file, mode 0600. Has one writer at a time: `runs.lock` sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: Event) -> None:
        new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Behind the last whole line: a torn one, left by a killed process, is overwritten.
            end = _whole(self.path.read_bytes())
            os.ftruncate(handle, end)
            os.pwrite(handle, (_line(event) + "\n").encode(), end)
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def events(self) -> list[Event]:
        if not self.path.exists():
            return []
        raw = self.path.read_bytes()
        return list(_events(raw[: _whole(raw)].decode(), self.path))


def _whole(raw: bytes) -> int:
    return raw.rfind(b"\n") + 1


def _line(event: Event) -> str:
    at = event.at.isoformat()
    return json.dumps({"at": at, "kind": event.kind, "step": event.step, **event.data}, ensure_ascii=False)


def _events(text: str, path: Path) -> Iterator[Event]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            data = json.loads(line)
            at, kind = datetime.fromisoformat(data.pop("at")), Kind(data.pop("kind"))
            yield Event(at, kind, data.pop("step"), data)
        except (ValueError, KeyError):
            raise GigopsError(
                f"line {number} of the journal `{path}` cannot be read",
                hint="the file was changed by something else: keep it aside and look at `gigops status`",
            ) from None
