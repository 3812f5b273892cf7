"""What a playbook is: named steps in order, each in a phase, with a window around some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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
    description: str = ""

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.id == name)


Result = Mapping[str, Any]
"""What a step tells of its work, as JSON values; never a secret."""


def _no_facts(step: Step) -> Facts:
    del step
    return {}


def _nothing_to_undo(step: Step, facts: Facts) -> None:
    del step, facts


@dataclass(frozen=True)
class Verb:
    """What a step does. The engine calls `prepare`, writes the facts down, then `apply`; later maybe `undo`.

    `plan` says in one line what `apply` would do here and now, and changes nothing. `prepare` reads what
    undo will need. `apply` makes the change; repeated with the same facts it finds its work done. `undo`
    puts back what `apply` changed, however far it came. Each raises a GigopsError when it cannot.
    `options` are the words allowed under `with:`, each with what it means.
    """

    summary: str
    plan: Callable[[Step], str]
    apply: Callable[[Step, Facts, Pace], Result]
    prepare: Callable[[Step], Facts] = _no_facts
    undo: Callable[[Step, Facts], None] = _nothing_to_undo
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hold:
    """A verb whose effect ends with its process, such as a lock, until the verb named in `until` is done.

    Everything done after `verb` rested on it, so a new process that finds it lost takes the steps from it
    on again.
    """

    verb: str
    until: str
