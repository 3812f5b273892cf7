"""The one loop: ask `decide` for the next act, write it down, do it, write that it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops.errors import GigopsError, Interrupted, TurnedBack
from ops.interfaces import Clock, Reporter
from ops.playbook.decide import (
    Apply,
    Finish,
    OpenWindow,
    TurnBack,
    Undo,
    decide,
    last_moment,
    past_return,
)
from ops.playbook.journal import Journal
from ops.playbook.model import Facts, Hold, Phase, Playbook, Step, Verb
from ops.playbook.state import Event, Kind, Outcome, State, after, fold
from ops.playbook.stop import StopRequest, listening
from ops.values import redact


@dataclass
class Engine:
    """Runs a playbook with the verbs it is given. Knows the order of things, and nothing of databases."""

    playbook: Playbook
    verbs: Mapping[str, Verb]
    holds: Sequence[Hold]
    journal: Journal
    clock: Clock
    reporter: Reporter

    def run(self, origin: Mapping[str, Any]) -> State:
        """Goes on from wherever the journal stands until nothing is left to do in this process.

        `origin` is what the first line says of the run. Raises nothing for a failed step: the state says
        so. Raises Interrupted when stopped, and GigopsError when a step could not be undone.
        """
        stop = StopRequest()
        with listening(stop.note):
            state = fold(self.journal.events())
            if not self.journal.events():
                state = self._write(state, Kind.RUN, data=origin)
            state = self._write(state, Kind.SESSION)
            while True:
                if stop.signal_number and not state.turning_back:
                    state = self._stopped(state, stop)
                act = decide(self.playbook, state, self.clock.now(), self.holds)
                if isinstance(act, Finish):
                    state = self._write(state, Kind.FINISHED, data={"outcome": act.outcome})
                    if stop.signal_number:
                        raise stop.error()
                    return state
                state = self._do(state, act, stop)

    def _do(self, state: State, act: Apply | Undo | OpenWindow | TurnBack, stop: StopRequest) -> State:
        match act:
            case OpenWindow(deadline):
                return self._write(state, Kind.WINDOW, data={"deadline": deadline.isoformat()})
            case TurnBack(reason):
                self.reporter.warn(f"turning back: {reason}")
                return self._write(state, Kind.TURN_BACK, data={"reason": reason})
            case Undo(step, facts):
                self.reporter.say(f"  undo    {step.id}")
                try:
                    self.verbs[step.uses].undo(step, facts)
                except GigopsError as error:
                    error.message = f"the way home stopped at step `{step.id}`: {error.message}"
                    error.hint = f"{error.hint}; then run the same command again: it goes on from there"
                    raise
                return self._write(state, Kind.UNDONE, step.id)
            case Apply(step, facts):
                return self._apply(state, step, facts, stop)

    def _apply(self, state: State, step: Step, facts: Facts | None, stop: StopRequest) -> State:
        verb = self.verbs[step.uses]
        self.reporter.say(f"  {step.phase:<7} {step.id}")
        try:
            if facts is None:
                facts = verb.prepare(step)
            state = self._write(state, Kind.STARTED, step.id, {"facts": dict(facts)})
            result = verb.apply(step, facts, _StepPace(self, state, step, stop))
        except Interrupted:
            raise
        except _Stopped:
            return state
        except GigopsError as error:
            return self._failed(state, step, error)
        # Whatever a step raises, the application must come home: a bug is a failed step too.
        except Exception as error:  # noqa: BLE001
            text = f"unexpected {type(error).__name__}: {redact(str(error)).strip()}"
            return self._failed(state, step, GigopsError(text, hint="send us the run's journal"))
        return self._write(state, Kind.DONE, step.id, {"result": dict(result)})

    def _failed(self, state: State, step: Step, error: GigopsError) -> State:
        told = {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
        self.reporter.warn(f"step `{step.id}`: {error.message}", hint=error.hint)
        return self._write(state, Kind.FAILED, step.id, told)

    def _stopped(self, state: State, stop: StopRequest) -> State:
        """Inside the window the run goes home first; anywhere else it stops as it stands."""
        inside = any(step.phase is Phase.WINDOW and step.id in state.steps for step in self.playbook.steps)
        if not inside or past_return(self.playbook, state):
            raise stop.error()
        self.reporter.warn("turning back: stopped by hand")
        return self._write(state, Kind.TURN_BACK, data={"reason": stop.error().message})

    def _write(
        self, state: State, kind: Kind, step: str = "", data: Mapping[str, Any] | None = None
    ) -> State:
        event = Event(self.clock.now(), kind, step, data or {})
        self.journal.append(event)
        return after(state, event)


class _Stopped(Exception):
    """Raised out of a step that was asked to stop at a clean moment."""


@dataclass
class _StepPace:
    """The `Pace` of one step: raises when the window is over or the user wants to stop."""

    engine: Engine
    state: State
    step: Step
    stop: StopRequest

    def check(self) -> None:
        if self.stop.signal_number:
            raise _Stopped
        if self.step.phase is not Phase.WINDOW or past_return(self.engine.playbook, self.state):
            return
        last = last_moment(self.engine.playbook, self.state)
        if last is not None and self.engine.clock.now() > last:
            raise TurnedBack(f"the window of {self.engine.playbook.window} is over")


def window_seconds(state: State, closing: str) -> float | None:
    """How long the window was, from its opening to the end of step `closing`; None while it is open."""
    known = state.steps.get(closing)
    if state.window_opened is None or known is None or known.ended_at is None:
        return None
    return _between(state.window_opened, known.ended_at)


def _between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def exit_code(outcome: Outcome) -> int:
    """What the process ends with."""
    return {Outcome.COMPLETE: 0, Outcome.PARTLY: 3, Outcome.TURNED_BACK: 4, Outcome.FAILED: 1}[outcome]
