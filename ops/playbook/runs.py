"""The runs of an application: where their journals lie, which one is unfinished, and the lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ops.errors import Busy
from ops.playbook.journal import FileJournal
from ops.playbook.state import Event, Kind, Outcome, State, fold


@dataclass(frozen=True)
class Run:
    """One run on disk: its id, the name of its playbook, and the journal."""

    id: str
    playbook: str
    journal: FileJournal

    def state(self) -> State:
        return fold(self.journal.events())

    def begun(self) -> Event | None:
        """The first line, which holds the playbook's text; None when nothing was written yet."""
        events = self.journal.events()
        return events[0] if events and events[0].kind is Kind.RUN else None


class Runs:
    """The runs below one folder (`.gigops/runs`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, playbook: str | None = None) -> list[Run]:
        """Newest first; those that died before their first line are left out."""
        found = []
        for path in sorted(self._folder.glob("*.jsonl"), reverse=True):
            name = path.stem.split("-", 1)[-1]
            run = Run(path.stem, name, FileJournal(path))
            if (playbook in (None, name)) and run.begun():
                found.append(run)
        return found

    def unfinished(self, playbook: str) -> Run | None:
        """The newest run of `playbook` when it has work left."""
        runs = self.all(playbook)
        if runs and runs[0].state().finished not in (Outcome.COMPLETE, Outcome.TURNED_BACK):
            return runs[0]
        return None

    def new(self, playbook: str, now: datetime) -> Run:
        """A run that has no line yet."""
        self._make_folder()
        run_id = f"{now:%Y%m%dT%H%M%S%f}-{playbook}"
        return Run(run_id, playbook, FileJournal(self._folder / f"{run_id}.jsonl"))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One run at a time. The kernel frees the lock when its process dies, however it dies.

        Raises Busy, naming the process that holds it.
        """
        self._make_folder()
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.pread(handle, 100, 0).decode().strip() or "unknown"
                raise Busy(
                    f"another gigops run is active here (process {holder})",
                    hint="wait for it, or look at it: gigops cutover status",
                ) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(handle)

    def active(self) -> bool:
        """Whether some process holds the lock now."""
        try:
            with self.lock():
                return False
        except Busy:
            return True

    def _make_folder(self) -> None:
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
