"""What a run would do: the real `decide`, fed with imagined events, so a preview cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops.playbook.decide import Apply, Finish, OpenWindow, TurnBack, Undo, decide
from ops.playbook.model import Hold, Playbook, Verb
from ops.playbook.state import Event, Kind, State, after


@dataclass(frozen=True)
class Line:
    """One line of a plan: the phase ("" for what is not a step), the step, and what it would do."""

    phase: str
    step: str
    text: str


def preview(
    playbook: Playbook, verbs: Mapping[str, Verb], holds: Sequence[Hold], state: State, now: datetime
) -> Iterator[Line]:
    """The lines of a plan, from where `state` stands to the end, as if every step went well."""
    state = after(state, Event(now, Kind.SESSION))
    while True:
        act = decide(playbook, state, now, holds)
        match act:
            case OpenWindow(deadline):
                yield Line("", "", f"the window opens: {playbook.window}, the application waits")
                state = after(state, Event(now, Kind.WINDOW, "", {"deadline": deadline.isoformat()}))
            case Apply(step, facts):
                yield Line(step.phase, step.id, verbs[step.uses].plan(step))
                state = after(state, Event(now, Kind.STARTED, step.id, {"facts": facts or {}}))
                state = after(state, Event(now, Kind.DONE, step.id))
            case TurnBack(reason):
                yield Line("", "", f"turn back: {reason}")
                state = after(state, Event(now, Kind.TURN_BACK, "", {"reason": reason}))
            case Undo(step, _):
                yield Line("undo", step.id, verbs[step.uses].summary)
                state = after(state, Event(now, Kind.UNDONE, step.id))
            case Finish():
                return
