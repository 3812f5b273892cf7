"""Several connections at work at once: each takes the next task as soon as it is free."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from queue import SimpleQueue
from typing import Generic, TypeVar

from ops.database.pooler import room
from ops.errors import NotReady
from ops.interfaces import Pace
from ops.values import DatabaseUrl

Worker = TypeVar("Worker")
Result = TypeVar("Result")
_SECONDS_BETWEEN_LOOKS = 0.2
MOST = 4


def hands(url: DatabaseUrl | None = None) -> int:
    """How many connections are worth opening here, and to be had of a pooler at `url`. Raises NotReady."""
    worth = max(2, min(MOST, os.cpu_count() or 1))
    return room(url, worth) if url else worth


class Crew(Generic[Worker]):
    """`stopped` is set as soon as one task failed or the run is to end; long tasks look at it."""

    def __init__(self, workers: Sequence[Worker], cancel: Callable[[Worker], None] | None = None) -> None:
        self.workers = tuple(workers)
        self.stopped = threading.Event()
        self._cancel = cancel

    def run(self, tasks: Sequence[Callable[[Worker], Result]], pace: Pace | None = None) -> list[Result]:
        """The results, in the order of the tasks. The first error ends the others and is raised."""
        free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            free.put(worker)

        def work(task: Callable[[Worker], Result]) -> Result:
            worker = free.get()
            try:
                if self.stopped.is_set():
                    raise _LeftUndone
                return task(worker)
            finally:
                free.put(worker)

        with ThreadPoolExecutor(len(self.workers), thread_name_prefix="gigops") as pool:
            futures = [pool.submit(work, task) for task in tasks]
            try:
                self._watch(futures, pace)
            except BaseException:
                self.stopped.set()
                for future in futures:
                    future.cancel()
                if self._cancel:
                    for worker in self.workers:
                        self._cancel(worker)
                raise
        return [future.result() for future in futures]

    def _watch(self, futures: Sequence[Future[Result]], pace: Pace | None) -> None:
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            for future in done:
                future.result()
            if pace:
                pace.check()


class _LeftUndone(Exception):
    """Another task failed first."""


def enlist(
    stack: ExitStack, opening: Callable[[], AbstractContextManager[Worker]], wanted: int
) -> list[Worker]:
    """Opens up to `wanted` workers, which `stack` closes: fewer when the server gives no more connections,
    as the small plans of hosting providers do. Raises NotReady when it gives none."""
    found = [stack.enter_context(opening())]
    for _ in range(wanted - 1):
        try:
            found.append(stack.enter_context(opening()))
        except NotReady:
            break
    return found
