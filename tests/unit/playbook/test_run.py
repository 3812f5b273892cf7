"""The engine, killed at every line of its journal, in a toy world where a lost write shows."""

from __future__ import annotations

import os
import signal

import pytest

from ops.errors import Interrupted, NotReady
from ops.playbook.state import Kind, Outcome
from tests.unit.playbook.toys import DyingJournal, ToyClock, World, run, state

_journal = DyingJournal()
run(World(), _journal, ToyClock())
LINES = len(_journal.lines)
MOMENTS = [(line, after) for line in range(LINES) for after in (False, True)]


def _whole(world: World, outcome: Outcome | None) -> None:
    if outcome is Outcome.COMPLETE:
        assert (world.env, world.opened, world.fenced) == ("postgresql", True, True)
    else:
        assert outcome is Outcome.TURNED_BACK
        assert (world.env, world.opened, world.fenced, world.locked) == ("sqlite", False, False, False)
    assert world.lost == []


def test_a_run_without_trouble_completes() -> None:
    world, journal = World(), DyingJournal()
    assert run(world, journal, ToyClock()) is Outcome.COMPLETE
    _whole(world, Outcome.COMPLETE)


@pytest.mark.parametrize(("line", "after"), MOMENTS)
def test_killed_anywhere_and_run_again_at_once_it_completes_and_loses_nothing(line: int, after: bool) -> None:
    world, journal, clock = World(), DyingJournal(at=line, after=after), ToyClock()
    assert run(world, journal, clock) is None
    journal.at = -1
    outcome = run(world, journal, clock)
    assert outcome is Outcome.COMPLETE
    _whole(world, outcome)


@pytest.mark.parametrize(("line", "after"), MOMENTS)
def test_killed_anywhere_and_run_after_the_window_it_is_whole_on_one_side(line: int, after: bool) -> None:
    world, journal, clock = World(), DyingJournal(at=line, after=after), ToyClock()
    run(world, journal, clock)
    journal.at = -1
    opened = any(event.kind is Kind.STARTED and event.step == "open" for event in journal.lines)
    inside = any(event.kind is Kind.STARTED and event.step == "freeze" for event in journal.lines)
    window_known = any(event.kind is Kind.WINDOW for event in journal.lines)
    clock.sleep(3600)
    outcome = run(world, journal, clock)
    if inside and not opened:
        assert outcome is Outcome.TURNED_BACK
    elif window_known and not opened:
        assert outcome in (Outcome.TURNED_BACK, Outcome.COMPLETE)
    else:
        assert outcome is Outcome.COMPLETE
    _whole(world, outcome)


@pytest.mark.parametrize("first", range(2, LINES))
def test_killed_twice_it_is_still_whole(first: int) -> None:
    for second in range(first + 1, first + 8):
        world, journal, clock = World(), DyingJournal(at=first), ToyClock()
        run(world, journal, clock)
        journal.at = second
        run(world, journal, clock)
        journal.at = -1
        _whole(world, run(world, journal, clock))


@pytest.mark.parametrize("step", ["freeze", "copy", "switch", "fence"])
def test_a_step_that_fails_in_the_window_turns_the_run_back(step: str) -> None:
    world, journal = World(fails=step), DyingJournal()
    assert run(world, journal, ToyClock()) is Outcome.TURNED_BACK
    _whole(world, Outcome.TURNED_BACK)
    assert step in state(journal).turning_back


def test_undo_goes_newest_first_and_leaves_what_was_before_the_window() -> None:
    world = World(fails="fence")
    run(world, DyingJournal(), ToyClock())
    undone = [line for line in world.log if line.startswith("undo")]
    assert undone == ["undo fence", "undo switch", "undo copy", "undo freeze"]


def test_a_step_that_fails_before_the_window_is_tried_again_by_the_next_run() -> None:
    world, journal, clock = World(fails="provision"), DyingJournal(), ToyClock()
    assert run(world, journal, clock) is Outcome.FAILED
    world.fails = ""
    assert run(world, journal, clock) is Outcome.COMPLETE


def test_a_failed_backup_leaves_the_application_on_postgresql_and_is_tried_again() -> None:
    world, journal, clock = World(fails="backup"), DyingJournal(), ToyClock()
    assert run(world, journal, clock) is Outcome.PARTLY
    assert world.opened
    world.fails = ""
    assert run(world, journal, clock) is Outcome.COMPLETE
    assert world.log.count("open") == 1


def test_once_open_has_begun_a_run_never_turns_back() -> None:
    world, journal, clock = World(fails="open"), DyingJournal(), ToyClock()
    assert run(world, journal, clock) is Outcome.FAILED
    clock.sleep(3600)
    world.fails = ""
    assert run(world, journal, clock) is Outcome.COMPLETE
    assert "undo switch" not in world.log


def test_a_lost_lock_makes_the_copy_be_taken_again() -> None:
    world, journal, clock = World(), DyingJournal(), ToyClock()
    after_copy = next(i for i, e in enumerate(_journal.lines) if e.kind is Kind.DONE and e.step == "copy")
    journal.at, journal.after = after_copy, True
    run(world, journal, clock)
    journal.at = -1
    run(world, journal, clock)
    assert world.log.count("copy") == 2
    assert world.lost == []


def test_a_failed_undo_is_tried_again_by_the_next_run() -> None:
    class Stuck(World):
        stuck = True

        def does(self, what: str) -> None:
            self.fails = what if self.stuck and what in ("copy", "undo freeze") else ""
            super().does(what)

    world, journal, clock = Stuck(), DyingJournal(), ToyClock()
    with pytest.raises(NotReady):
        run(world, journal, clock)
    world.stuck = False
    assert run(world, journal, clock) is Outcome.TURNED_BACK
    assert not world.locked


def test_ctrl_c_inside_the_window_goes_home_first() -> None:
    journal = DyingJournal()

    class Pressed(World):
        def does(self, what: str) -> None:
            if what == "copy":
                os.kill(os.getpid(), signal.SIGINT)
            super().does(what)

    pressed = Pressed()
    with pytest.raises(Interrupted) as raised:
        run(pressed, journal, ToyClock())
    assert raised.value.exit_code == 130
    _whole(pressed, state(journal).finished)


def test_a_window_with_no_time_left_for_the_way_home_is_over() -> None:
    journal, clock = DyingJournal(), ToyClock()

    class Slow(World):
        def does(self, what: str) -> None:
            clock.sleep(56 if what == "copy" else 0)
            super().does(what)

    assert run(Slow(), journal, clock) is Outcome.TURNED_BACK
    assert "window of 1m is over" in state(journal).turning_back
