"""`app.freeze`, `app.fence`, `app.start`, `app.healthy`, `app.open`: the application through the window.

At any moment at most one side takes writes: SQLite until `freeze`, nobody then, PostgreSQL from `open` on.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ops.capture import closed, fence, gate
from ops.capture.freeze import Freezer
from ops.errors import NotReady
from ops.interfaces import Clock, Http, Pace, Reporter, Shell
from ops.playbook.model import Facts, Step
from ops.settings import Settings
from ops.steps.move import Move
from ops.steps.shell import run


@dataclass
class Freeze:
    """Stops the application where `app.stop` says how, and holds SQLite's write locks in any case."""

    settings: Settings
    freezer: Freezer
    shell: Shell
    clock: Clock

    def plan(self, step: Step) -> str:
        del step
        stop = f"run `{self.settings.app.stop}`, then " if self.settings.app.stop else ""
        return f"{stop}hold the write locks of {len(self.settings.sources)} SQLite files"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del facts, pace
        window = self.settings.cutover.window.seconds
        gate.put_up(self.settings.app.env_file, self.clock.now() + timedelta(seconds=window))
        if self.settings.app.stop:
            run(self.shell, self.settings.app.stop, self.settings.root)
        self.freezer.freeze(within=float(step.options.get("within", 30.0)), hold_for=window)
        return {}

    def undo(self, step: Step, facts: Facts) -> None:
        """The last step of the way home: `.env` names SQLite again, so the application may start on it."""
        del step, facts
        self.freezer.release()
        gate.take_down(self.settings.app.env_file)
        app = self.settings.app
        if app.stop and app.start:
            run(self.shell, app.start, self.settings.root)
        elif app.reload:
            run(self.shell, app.reload, self.settings.root)


@dataclass
class Fence:
    """From the moment the locks are let go, the files refuse writes: both happen in one transaction."""

    settings: Settings
    freezer: Freezer
    clock: Clock

    def plan(self, step: Step) -> str:
        del step
        return f"make {len(self._files())} SQLite files refuse writes, and say where the data went"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        now, env_file = self.clock.now(), self.settings.app.env_file
        self.freezer.commit({path: fence.statements(path, now, env_file) for path in self._files()})
        return {}

    def undo(self, step: Step, facts: Facts) -> None:
        del step, facts
        self.freezer.release()
        fence.lift(self._files())

    def _files(self) -> list[Path]:
        return [source.path for source in self.settings.sources]


@dataclass
class Start:
    settings: Settings
    shell: Shell
    reporter: Reporter

    def plan(self, step: Step) -> str:
        del step
        command = self._command()
        return f"run `{command}`" if command else "nothing to run: an application on `ops.database` follows"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        if command := self._command():
            run(self.shell, command, self.settings.root)
        return {"command": bool(self._command())}

    def undo(self, step: Step, facts: Facts) -> None:
        """Stops it again, so that it can start on SQLite. One that would not stop does no harm: until
        `app.open`, PostgreSQL takes no writes."""
        del step, facts
        if self.settings.app.stop:
            done = self.shell.run(self.settings.app.stop, cwd=self.settings.root, timeout=600.0)
            if done.exit_code:
                self.reporter.warn(f"`{self.settings.app.stop}` ended with {done.exit_code}")

    def _command(self) -> str:
        app = self.settings.app
        return (app.start if app.stop else "") or app.reload


@dataclass
class Healthy:
    settings: Settings
    http: Http
    clock: Clock

    def plan(self, step: Step) -> str:
        del step
        url = self.settings.app.health_url
        return f"wait for `{url}`" if url else "no app.health_url is set: not asked"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts
        app = self.settings.app
        if not app.health_url:
            return {"asked": False}
        end = self.clock.now() + timedelta(seconds=app.health_timeout.seconds)
        while True:
            pace.check()
            answer = self._ask(app.health_url)
            if answer == "healthy":
                return {"asked": True}
            if self.clock.now() > end:
                raise NotReady(
                    f"the application is not healthy after {app.health_timeout}: {answer}",
                    hint=f"curl -i {app.health_url}; its log says more",
                )
            self.clock.sleep(0.1)

    def _ask(self, url: str) -> str:
        try:
            status = self.http.status(url, timeout=5.0)
        except NotReady as error:
            return error.message
        return "healthy" if 200 <= status < 300 else f"`{url}` answers {status}"


@dataclass
class Open:
    """The step of no return: from its first moment users may write to PostgreSQL."""

    settings: Settings
    move: Move

    def plan(self, step: Step) -> str:
        del step
        return "let the application write to PostgreSQL; from here on a run only goes forward"

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del step, facts, pace
        from ops.migrate.state import mark_opened

        with closing(self.move.connect()) as connection:
            mark_opened(connection)
            closed.open_(connection)
        gate.take_down(self.settings.app.env_file)
        return {}
