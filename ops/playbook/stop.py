"""Ctrl-C and SIGTERM during a run: noted at once, obeyed at the next moment where stopping is clean."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ops.errors import Interrupted


class StopRequest:
    """Remembers the first signal. A second one raises at once: the journal knows how to go on."""

    def __init__(self) -> None:
        self.signal_number = 0

    def error(self) -> Interrupted:
        name = signal.Signals(self.signal_number).name
        return Interrupted(
            f"stopped by {name}",
            signal_number=self.signal_number,
            hint="run the same command again: it goes on from here",
        )

    def note(self, number: int, frame: FrameType | None) -> None:
        del frame
        first = not self.signal_number
        self.signal_number = number
        if not first:
            raise self.error()


@contextmanager
def listening(note: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Sends SIGINT, SIGTERM and SIGHUP to `note` while the block runs."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
