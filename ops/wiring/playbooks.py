"""Playbooks with real parts: the verbs over this machine's clients, and the runs of one application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ops import assets, envfile
from ops.clients.clock import SystemClock
from ops.clients.http import LocalHttp
from ops.clients.shell import LocalShell
from ops.interfaces import Clock, Reporter
from ops.playbook.journal import Journal
from ops.playbook.load import load
from ops.playbook.model import Playbook, Verb
from ops.playbook.preview import Line, preview
from ops.playbook.run import Engine
from ops.playbook.runs import Run, Runs
from ops.playbook.state import Outcome, State
from ops.settings import Settings
from ops.steps.catalogue import HOLDS, Parts, verbs
from ops.steps.move import Move


@dataclass
class Playbooks:
    """The playbooks of one application, ready to be listed, previewed and run.

    `clock` and `journal` can be others than the real ones: tests let time pass and processes die there.
    """

    settings: Settings
    reporter: Reporter
    clock: Clock
    journal: Callable[[Run], Journal]

    @classmethod
    def on_this_machine(cls, settings: Settings, reporter: Reporter) -> Playbooks:
        return cls(settings, reporter, SystemClock(), lambda run: run.journal)

    @property
    def runs(self) -> Runs:
        return Runs(self.settings.state_dir / "runs")

    def names(self) -> list[str]:
        """Every playbook that can be run by its name: the user's own and those of gigops."""
        return sorted(
            name.removesuffix(".yaml") for name in assets.names("playbooks", near=self.settings.root)
        )

    def text(self, name: str) -> str:
        """The playbook's YAML, comments and all. Raises Missing."""
        return assets.path(f"playbooks/{name}.yaml", near=self.settings.root).read_text()

    def load(self, name: str) -> Playbook:
        return self._read(self.text(name), f"playbooks/{name}.yaml")

    @cached_property
    def verbs(self) -> Mapping[str, Verb]:
        from ops.wiring.backup import taker
        from ops.wiring.provision import provider

        move = Move(self.settings, provider(self.settings, self.reporter))
        parts = Parts(
            LocalShell(),
            LocalHttp(),
            self.clock,
            self.reporter,
            lambda: taker(self.settings, self.reporter).take(),
        )
        return verbs(self.settings, move, parts)

    def plan(self, name: str) -> list[Line]:
        """What running `name` would do now."""
        run = self.runs.unfinished(name)
        playbook = self.playbook_of(run) if run else self.load(name)
        state = run.state() if run else State()
        return list(preview(playbook, self.verbs, HOLDS, state, self.clock.now()))

    def run(self, name: str) -> tuple[Run, State]:
        """Runs `name`, or goes on with its unfinished run, under the lock. Raises Busy, and what
        `Engine.run` raises."""
        with self.runs.lock():
            run, origin = self.runs.unfinished(name), {}
            if run:
                playbook = self.playbook_of(run)
                self.reporter.say(f"going on with run {run.id}")
            else:
                playbook, origin = self.load(name), {"playbook": self.text(name)}
                run = self.runs.new(name, self.clock.now())
            engine = Engine(playbook, self.verbs, HOLDS, self.journal(run), self.clock, self.reporter)
            return run, engine.run(origin)

    def moved(self, name: str) -> Run | None:
        """The newest run of `name` when it is complete and `.env` still names PostgreSQL: the application
        is there, and running it again would find its tables in use."""
        runs = self.runs.all(name)
        if not runs or runs[0].state().finished is not Outcome.COMPLETE:
            return None
        return runs[0] if envfile.names_postgresql(envfile.read(self.settings.app.env_file)) else None

    def playbook_of(self, run: Run) -> Playbook:
        """The playbook as it was when `run` began: the file may have been edited since."""
        begun = run.begun()
        text: str = begun.data["playbook"] if begun else ""
        return self._read(text, f"the journal of {run.id}")

    def _read(self, text: str, origin: str) -> Playbook:
        return load(text, origin=origin, verbs=self._known(), words=self._words())

    def _known(self) -> dict[str, Mapping[str, str]]:
        return {name: verb.options for name, verb in self.verbs.items()}

    def _words(self) -> dict[str, str]:
        cutover = self.settings.cutover
        return {"window": str(cutover.window), "reserve": str(cutover.reserve)}
