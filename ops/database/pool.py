"""Connections kept for the next one who needs one; whoever comes when all are out waits a while.

Why not psycopg2's own pool: it raises at once when all are out and hands out dead connections; and why
not SQLAlchemy's: an application would load all of it for these lines.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Connection = TypeVar("Connection")


class Pool(Generic[Connection]):
    """At most `limit` connections at once (0: as many as asked for), at most `keep` of them idle.

    `usable` is asked before an idle one is handed out, with how long it was idle; it may talk to the
    server. `close` must not raise.
    """

    def __init__(
        self,
        open_one: Callable[[], Connection],
        close_one: Callable[[Connection], None],
        usable: Callable[[Connection, float], bool],
        *,
        limit: int,
        keep: int,
    ) -> None:
        self._open_one, self._close_one, self._usable = open_one, close_one, usable
        self._limit, self._keep = limit, keep
        self._changed = threading.Condition()
        self._idle: list[tuple[float, Connection]] = []
        self._out = 0
        self._closed = False

    def take(self, wait: float) -> Connection | None:
        """A connection that works; None when all stay out for `wait` seconds."""
        with self._changed:
            if not self._changed.wait_for(self._one_is_free, max(0.0, wait)):
                return None
            self._out += 1
        try:
            return self._usable_idle_one() or self._open_one()
        except BaseException:
            self._one_less_out()
            raise

    def give_back(self, connection: Connection, *, usable: bool = True) -> None:
        """Every connection taken comes back here once; one that is not `usable` is closed."""
        with self._changed:
            kept = usable and not self._closed and len(self._idle) < self._keep
            if kept:
                self._idle.append((time.monotonic(), connection))
        if not kept:
            self._close_one(connection)
        self._one_less_out()

    def close(self) -> None:
        """Closes the idle ones; the others are closed when they come back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            self._close_one(connection)

    def _one_is_free(self) -> bool:
        return not self._limit or self._out < self._limit

    def _usable_idle_one(self) -> Connection | None:
        while True:
            with self._changed:
                if not self._idle:
                    return None
                since, connection = self._idle.pop()
            if self._usable(connection, time.monotonic() - since):
                return connection
            self._close_one(connection)

    def _one_less_out(self) -> None:
        with self._changed:
            self._out -= 1
            self._changed.notify()
