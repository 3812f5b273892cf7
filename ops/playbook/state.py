"""What a journal comes to: the state of a run is a fold of its events, and nothing else is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any

from ops.playbook.model import Facts


class Kind(StrEnum):
    """The kinds of journal lines."""

    RUN = "run"
    SESSION = "session"
    WINDOW = "window"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    TURN_BACK = "turn-back"
    UNDONE = "undone"
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a run ended, or stands while it has not."""

    COMPLETE = "complete"
    TURNED_BACK = "turned-back"
    FAILED = "failed"
    PARTLY = "partly"


@dataclass(frozen=True)
class Event:
    """One line of the journal: when, what kind, which step ("" where none), and its data (JSON values)."""

    at: datetime
    kind: Kind
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Status(StrEnum):
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True)
class StepState:
    """Where a step stands. `session` counts the processes that have worked on the run; it says which one
    brought the step to its status. `facts` is None when even reading them failed: nothing was changed."""

    status: Status
    facts: Facts | None
    session: int
    started_at: datetime
    ended_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
    exit_code: int = 1


@dataclass(frozen=True)
class State:
    """A run as its journal tells it."""

    session: int = 0
    steps: Mapping[str, StepState] = field(default_factory=dict)
    window_opened: datetime | None = None
    deadline: datetime | None = None
    turning_back: str = ""
    finished: Outcome | None = None

    def status(self, step: str) -> Status | None:
        """None for a step nothing is known of."""
        found = self.steps.get(step)
        return found.status if found else None


def fold(events: Iterable[Event]) -> State:
    """The state after `events`, oldest first."""
    return reduce(after, events, State())


def after(state: State, event: Event) -> State:
    """The state after one more event."""
    match event.kind:
        case Kind.RUN:
            return state
        case Kind.SESSION:
            return replace(state, session=state.session + 1, finished=None)
        case Kind.WINDOW:
            deadline = datetime.fromisoformat(event.data["deadline"])
            return replace(state, window_opened=event.at, deadline=deadline)
        case Kind.STARTED:
            step = StepState(Status.STARTED, event.data["facts"], state.session, event.at)
        case Kind.DONE:
            step = _ended(state, event, Status.DONE, result=event.data.get("result", {}))
        case Kind.FAILED:
            told = {name: event.data[name] for name in ("error", "hint", "exit_code")}
            step = _ended(state, event, Status.FAILED, **told)
        case Kind.UNDONE:
            step = _ended(state, event, Status.UNDONE)
        case Kind.TURN_BACK:
            return replace(state, turning_back=event.data["reason"])
        case Kind.FINISHED:
            return replace(state, finished=Outcome(event.data["outcome"]))
    return replace(state, steps={**state.steps, event.step: step})


def _ended(state: State, event: Event, status: Status, **more: Any) -> StepState:
    known = state.steps.get(event.step) or StepState(status, None, state.session, event.at)
    return replace(known, status=status, session=state.session, ended_at=event.at, **more)
