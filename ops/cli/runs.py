"""How runs of playbooks are shown: plans, statuses, and the end of a run with its exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from ops.cli.render import emit, table, wrapped
from ops.errors import GigopsError, Missing, Partly

if TYPE_CHECKING:
    from ops.playbook.runs import Run
    from ops.playbook.state import State
    from ops.wiring.playbooks import Playbooks


def print_plan(playbooks: Playbooks, name: str, command: str) -> None:
    """What running `name` would do, line by line, and the command that does it."""
    lines = playbooks.plan(name)
    rows = [(line.phase, line.step, line.text) for line in lines]
    steps = [{"phase": line.phase, "step": line.step, "text": line.text} for line in lines]
    emit({"playbook": name, "steps": steps}, [*_plan_text(rows), f"next: {command}"])


def print_status(playbooks: Playbooks, name: str | None) -> None:
    """Where the newest run stands. Raises Missing when there is none."""
    found = playbooks.runs.all(name)
    if not found:
        what = name or "playbook"
        raise Missing(f"no {what} was run here", hint=f"gigops {name or 'playbook run NAME'} --plan")
    run, state = found[0], found[0].state()
    active = playbooks.runs.active()
    rows = [(step.phase, step.id, _status(state, step.id)) for step in playbooks.playbook_of(run).steps]
    report = {
        "run": run.id,
        "outcome": state.finished,
        "active": active,
        "window_deadline": state.deadline,
        "turning_back": state.turning_back,
        "steps": [{"phase": phase, "step": step, "status": text} for phase, step, text in rows],
    }
    emit(report, [f"run {run.id}: {summary(state, active)}", *table(("phase", "step", "status"), rows)])


def finish(
    run: Run, state: State, report: Mapping[str, Any], lines: list[str], *, opened_by: str = ""
) -> None:
    """Prints the end of a run. Raises the error of the step that failed, or exits with 3 when only a
    step after the window did."""
    from ops.playbook.run import exit_code
    from ops.playbook.state import Outcome, Status

    outcome = state.finished or Outcome.FAILED
    failed = next((s for s in state.steps.values() if s.status is Status.FAILED), None)
    if outcome is Outcome.COMPLETE:
        emit(report, lines)
        if any(known.result.get("rejected") for known in state.steps.values()):
            sys.stderr.write("error: some rows are set aside (counted above)\nhint: gigops rejects list\n")
            raise typer.Exit(Partly.exit_code)
        return
    if outcome is Outcome.PARTLY and failed:
        again = f"a last step failed: {failed.error}"
        emit({**report, "error": failed.error, "hint": failed.hint}, [*lines, again, f"hint: {failed.hint}"])
        raise typer.Exit(exit_code(outcome))
    if outcome is Outcome.TURNED_BACK:
        error = GigopsError(f"turned back: {state.turning_back}; the application is on SQLite again")
        error.hint = _hint_of_failure(state) or "the same command tries again"
        error.exit_code = exit_code(outcome)
        raise error
    error = GigopsError(f"run {run.id} stopped: {failed.error if failed else 'see its status'}")
    error.hint = (failed.hint if failed else "") or "the same command goes on from there"
    error.exit_code = failed.exit_code if failed else exit_code(outcome)
    if opened_by in state.steps:
        error.hint += "; PostgreSQL is opening, so only forward: run it again"
    raise error


def _hint_of_failure(state: State) -> str:
    return next((known.hint for known in state.steps.values() if known.error), "")


def _status(state: State, step: str) -> str:
    known = state.steps.get(step)
    if known is None:
        return "to do"
    if known.error and known.status != "done":
        return f"{known.status}: {known.error}"
    if known.ended_at:
        return f"{known.status} in {(known.ended_at - known.started_at).total_seconds():.1f} s"
    return "begun"


def summary(state: State, active: bool) -> str:
    """How a run stands, in a few words; `active`: some process works on it now."""
    if active:
        return "running now"
    if state.finished:
        return state.finished
    return "unfinished: run it again, it goes on or turns back"


def _plan_text(rows: list[tuple[str, str, str]]) -> list[str]:
    """A step a line; a longer text goes on below itself, so that 80 columns are enough."""
    width = max((len(step) for _, step, _ in rows), default=0)
    lines = []
    for phase, step, text in rows:
        head = f"{phase:<8} {step:<{width}}  "
        for part in text.split("; "):
            lines += wrapped(head, part)
            head = " " * len(head)
    return lines
