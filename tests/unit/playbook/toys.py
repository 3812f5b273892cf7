"""A toy world for the engine: verbs that change a dictionary, a clock that is moved by hand, a journal
that dies where it is told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.clients.console import ConsoleReporter
from ops.errors import NotReady
from ops.interfaces import Pace
from ops.playbook.model import Facts, Hold, Phase, Playbook, Step, Verb
from ops.playbook.run import Engine
from ops.playbook.state import Event, Outcome, fold
from ops.values import Duration

HOLDS = (Hold("freeze", until="fence"),)


class Died(BaseException):
    """The process was killed."""


@dataclass
class ToyClock:
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=10)
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class DyingJournal:
    """Keeps its events in memory; dies before or after the line numbered `at`."""

    lines: list[Event] = field(default_factory=list)
    at: int = -1
    after: bool = False

    def append(self, event: Event) -> None:
        number = len(self.lines)
        if number == self.at and not self.after:
            raise Died
        self.lines.append(event)
        if number == self.at:
            raise Died

    def events(self) -> list[Event]:
        return list(self.lines)


@dataclass
class World:
    """The two databases: who takes writes, what was written, what the copy holds."""

    written: int = 1
    copied: int | None = None
    locked: bool = False
    fenced: bool = False
    env: str = "sqlite"
    opened: bool = False
    lost: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    fails: str = ""

    def someone_writes(self) -> None:
        """An application that ignores everything tries to write to SQLite."""
        if not self.locked and not self.fenced:
            self.written += 1

    def process_dies(self) -> None:
        self.locked = False
        self.someone_writes()

    def does(self, what: str) -> None:
        self.log.append(what)
        self.someone_writes()
        if self.fails == what:
            raise NotReady(f"{what} was told to fail", hint="try again")

    def verbs(self) -> Mapping[str, Verb]:
        def verb(name: str, change: Any, back: Any = None) -> Verb:
            def apply(step: Step, facts: Facts, pace: Pace) -> dict[str, Any]:
                pace.check()
                self.does(name)
                change()
                return {}

            def undo(step: Step, facts: Facts) -> None:
                self.does(f"undo {name}")
                if back:
                    back()

            return Verb(name, lambda step: name, apply, lambda step: {"was": self.env}, undo)

        def sets(**values: Any) -> Any:
            return lambda: self.__dict__.update(values)

        def copy() -> None:
            assert self.locked
            self.copied = self.written

        def fence() -> None:
            assert self.locked
            self.fenced, self.locked = True, False

        def open_() -> None:
            if self.copied != self.written:
                self.lost.append(f"{self.written} written, {self.copied} copied")
            self.opened = True

        return {
            "provision": verb("provision", lambda: None),
            "freeze": verb("freeze", sets(locked=True), sets(locked=False)),
            "copy": verb("copy", copy),
            "switch": verb("switch", sets(env="postgresql"), sets(env="sqlite")),
            "fence": verb("fence", fence, sets(fenced=False)),
            "open": verb("open", open_),
            "backup": verb("backup", lambda: None),
        }


def playbook(window: float = 60.0, reserve: float = 5.0) -> Playbook:
    phases = {"provision": Phase.PREPARE, "backup": Phase.SETTLE}
    names = ("provision", "freeze", "copy", "switch", "fence", "open", "backup")
    steps = [Step(name, name, phases.get(name, Phase.WINDOW), no_return=name == "open") for name in names]
    return Playbook("toy", tuple(steps), Duration(window), Duration(reserve))


def run(world: World, journal: DyingJournal, clock: ToyClock) -> Outcome | None:
    """One process: None when it died."""
    engine = Engine(playbook(), world.verbs(), HOLDS, journal, clock, ConsoleReporter(quiet=True))
    try:
        return engine.run({}).finished
    except Died:
        world.process_dies()
        return None


def state(journal: DyingJournal) -> Any:
    return fold(journal.lines)
