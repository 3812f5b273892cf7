"""What a playbook is: named steps in order, each in a phase, with a window around some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from ops.interfaces import Pace
from ops.values import Duration

Facts = Mapping[str, Any]
"""What undo needs, as JSON values; written down before the change, and never a secret."""


class Phase(StrEnum):
    """`prepare` may take as long as it takes, `window` is the time the application waits, and `settle`
    comes after the application is open again."""

    PREPARE = "prepare"
    WINDOW = "window"
    SETTLE = "settle"


@dataclass(frozen=True)
class Step:
    """One line of a playbook. `uses` names the verb; after a step with `no_return` a run only goes on."""

    id: str
    uses: str
    phase: Phase = Phase.PREPARE
    no_return: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Playbook:
    """Steps in order. `window` bounds the window phase, `reserve` is the part of it kept for the way home."""

    name: str
    steps: tuple[Step, ...]
    window: Duration | None = None
    reserve: Duration = field(default=Duration(0.0))

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.id == name)


class Verb(Protocol):
    """What a step does. The engine calls `prepare`, writes the facts down, then `apply`; later maybe `undo`.

    `apply` may be repeated with the same facts at any time and then finds its work done. `undo` likewise.
    Any of them raises a GigopsError when it cannot.
    """

    summary: str
    """One line: what it does, for `gigops playbook show`."""

    options: Mapping[str, str]
    """The words allowed under `with:`, each with what it means."""

    def plan(self, step: Step) -> str:
        """What `apply` would do here and now, in one line. Changes nothing."""
        ...

    def prepare(self, step: Step) -> Facts:
        """What undo will need. Reads only."""
        ...

    def apply(self, step: Step, facts: Facts, pace: Pace) -> Mapping[str, Any]:
        """Makes the change, and returns what is worth telling (JSON values, no secrets)."""
        ...

    def undo(self, step: Step, facts: Facts) -> None:
        """Puts back what `apply` changed, however far it came."""
        ...


@dataclass(frozen=True)
class Hold:
    """A verb whose effect ends with its process, such as a lock, until the verb named in `until` is done.

    Everything done after `verb` rested on it, so a new process that finds it lost takes the steps from it
    on again.
    """

    verb: str
    until: str
