"""One cutover in a process of its own, which may be told to die at a line of its journal."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ops.clients.console import ConsoleReporter
from ops.errors import GigopsError
from ops.playbook.journal import FileJournal, Journal
from ops.playbook.runs import Run
from ops.playbook.state import Event
from ops.settings import Settings
from ops.wiring.playbooks import Playbooks

When = Literal["before", "within", "after"]


@dataclass(frozen=True)
class Death:
    """Die at the journal's line `line`: before it is written, half-way, or when it is on the disk."""

    line: int
    when: When


@dataclass
class ShiftedClock:
    """The real time, plus `ahead` seconds."""

    ahead: float

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing in this journey should wait")


@dataclass
class DyingJournal:
    inner: FileJournal
    death: Death | None

    def append(self, event: Event) -> None:
        here = self.death is not None and len(self.inner.events()) == self.death.line
        if here and self.death and self.death.when == "before":
            _die()
        self.inner.append(event)
        if here and self.death:
            if self.death.when == "within":
                with self.inner.path.open("r+b") as file:
                    file.truncate(self.inner.path.stat().st_size - 20)
            _die()

    def events(self) -> list[Event]:
        return self.inner.events()


def cutover(settings: Settings, death: Death | None, ahead: float) -> None:
    """Runs the playbook; the process exits with the outcome's code, or is killed."""

    def journal(run: Run) -> Journal:
        return DyingJournal(run.journal, death)

    playbooks = Playbooks(settings, ConsoleReporter(quiet=True), ShiftedClock(ahead), journal)
    if playbooks.moved("cutover"):
        os._exit(0)
    try:
        _, state = playbooks.run("cutover")
    except GigopsError as error:
        os.write(2, f"{error.message} / {error.hint}\n".encode())
        os._exit(error.exit_code)
    codes = {"complete": 0, "turned-back": 4, "partly": 3}
    for name, known in state.steps.items():
        if known.error:
            os.write(2, f"{name}: {known.error} / {known.hint}\n".encode())
    os._exit(codes.get(str(state.finished), 1))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
