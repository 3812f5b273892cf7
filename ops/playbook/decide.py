"""Names the next act of a run from the playbook, the state and the time; plan and run share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ops.playbook.model import Facts, Hold, Phase, Playbook, Step
from ops.playbook.state import Outcome, State, Status


@dataclass(frozen=True)
class OpenWindow:
    """The next step is the first of the window: write down when the window must be over."""

    deadline: datetime


@dataclass(frozen=True)
class Apply:
    """Carry the step out. `facts` are those of an earlier try, which must be used again: read anew they
    would describe our own change. None: nothing has been written down yet."""

    step: Step
    facts: Facts | None


@dataclass(frozen=True)
class TurnBack:
    """The window is lost: from here on undo, newest first."""

    reason: str


@dataclass(frozen=True)
class Undo:
    """Put one step back."""

    step: Step
    facts: Facts


@dataclass(frozen=True)
class Finish:
    """Nothing is left to do in this process."""

    outcome: Outcome


Act = OpenWindow | Apply | TurnBack | Undo | Finish


def decide(playbook: Playbook, state: State, now: datetime, holds: Sequence[Hold] = ()) -> Act:
    """The next act. The table of cases stands in docs/architecture.md, "The run engine"."""
    if state.finished in (Outcome.COMPLETE, Outcome.TURNED_BACK):
        return Finish(state.finished)
    if state.turning_back:
        return _next_undo(playbook, state)
    inside = any(step.id in state.steps for step in playbook.steps if step.phase is Phase.WINDOW)
    if inside and not past_return(playbook, state):
        if lost := _lost(playbook, state, now):
            return TurnBack(lost)
        state = _without_lost_holds(playbook, state, holds)
    return _next_apply(playbook, state, now)


def past_return(playbook: Playbook, state: State) -> bool:
    """Whether a step without return has begun: users may have written to the new side."""
    return any(step.no_return and step.id in state.steps for step in playbook.steps)


def last_moment(playbook: Playbook, state: State) -> datetime | None:
    """When the way home must begin: the window's deadline less the reserve."""
    if state.deadline is None:
        return None
    return state.deadline - timedelta(seconds=playbook.reserve.seconds)


def _next_undo(playbook: Playbook, state: State) -> Act:
    for step in reversed(playbook.steps):
        known = state.steps.get(step.id)
        if step.phase is not Phase.WINDOW or known is None or known.facts is None:
            continue
        if known.status is not Status.UNDONE:
            return Undo(step, known.facts)
    return Finish(Outcome.TURNED_BACK)


def _lost(playbook: Playbook, state: State, now: datetime) -> str:
    """Why the window cannot be won any more; empty when it can."""
    for step in playbook.steps:
        known = state.steps.get(step.id)
        if step.phase is Phase.WINDOW and known and known.status is Status.FAILED:
            return f"step `{step.id}` failed: {known.error}"
    last = last_moment(playbook, state)
    if last is not None and now > last:
        return f"the window of {playbook.window} is over (its last {playbook.reserve} are for the way home)"
    return ""


def _without_lost_holds(playbook: Playbook, state: State, holds: Sequence[Hold]) -> State:
    """The state with each step taken as only started whose work rests on a hold that died since."""
    for hold in holds:
        if any(step.uses == hold.until and _is(state, step, Status.DONE) for step in playbook.steps):
            continue
        for at, step in enumerate(playbook.steps):
            if step.uses == hold.verb and _is(state, step, Status.DONE):
                state = _rested_on(playbook.steps[at], playbook.steps[at + 1 :], state)
    return state


def _rested_on(holder: Step, later: Sequence[Step], state: State) -> State:
    """Work done in an earlier process than the hold's last taking did not rest on it; and a hold taken
    by an earlier process than this one is gone."""
    taken = state.steps[holder.id].session
    gone = taken < state.session
    lost = {
        step.id
        for step in (holder, *later)
        if _is(state, step, Status.DONE) and (gone or state.steps[step.id].session < taken)
    }
    steps = {
        name: replace(known, status=Status.STARTED) if name in lost else known
        for name, known in state.steps.items()
    }
    return replace(state, steps=steps)


def _is(state: State, step: Step, status: Status) -> bool:
    return state.status(step.id) is status


def _next_apply(playbook: Playbook, state: State, now: datetime) -> Act:
    unsettled = False
    for step in playbook.steps:
        known = state.steps.get(step.id)
        if known is None or known.status is Status.UNDONE:
            if step.phase is Phase.WINDOW and playbook.window and state.deadline is None:
                return OpenWindow(now + timedelta(seconds=playbook.window.seconds))
            return Apply(step, None)
        if known.status is Status.DONE:
            continue
        if known.status is Status.FAILED and known.session == state.session:
            if step.phase is Phase.SETTLE:
                unsettled = True
                continue
            return Finish(Outcome.FAILED)
        return Apply(step, known.facts)
    return Finish(Outcome.PARTLY if unsettled else Outcome.COMPLETE)
