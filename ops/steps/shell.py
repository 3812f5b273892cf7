"""`shell.run` runs a line of the user's own in a playbook, and another when the run turns back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import NotReady, UsageError
from ops.interfaces import Pace, Shell
from ops.playbook.model import Facts, Step
from ops.values import redact


@dataclass
class Run:
    """The command should bear being run twice: after a kill it is."""

    shell: Shell
    folder: Path

    def plan(self, step: Step) -> str:
        return f"run `{redact(_command(step))}`"

    def prepare(self, step: Step) -> Facts:
        _command(step)
        return {}

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        del facts, pace
        run(self.shell, _command(step), self.folder, _timeout(step))
        return {}

    def undo(self, step: Step, facts: Facts) -> None:
        del facts
        if back := str(step.options.get("undo", "")):
            run(self.shell, back, self.folder, _timeout(step))


def run(shell: Shell, command: str, folder: Path, timeout: float = 600.0) -> None:
    """Runs `command`. Raises NotReady with the end of what it printed when it does not exit with 0."""
    done = shell.run(command, cwd=folder, timeout=timeout)
    if done.exit_code:
        tail = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise NotReady(
            f"`{redact(command)}` ended with {done.exit_code}: {tail or 'it printed nothing'}",
            hint=f"try it by hand in {folder}",
        )


def _command(step: Step) -> str:
    command = str(step.options.get("command", ""))
    if not command:
        raise UsageError(f"step `{step.id}` has no command", hint="with: {command: …}")
    return command


def _timeout(step: Step) -> float:
    return float(step.options.get("timeout", 600.0))
