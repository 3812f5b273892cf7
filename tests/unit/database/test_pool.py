"""The pool hands out what works, makes people wait, and forgets nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from ops.database.pool import Pool


@dataclass
class Line:
    """A connection without a server."""

    number: int
    open: bool = True
    works: bool = True


@dataclass
class Exchange:
    """Opens lines and remembers them."""

    lines: list[Line] = field(default_factory=list)
    refuses: bool = False

    def pool(self, *, limit: int, keep: int = 2) -> Pool[Line]:
        return Pool(self.open, self.close, lambda line, idle: line.works, limit=limit, keep=keep)

    def open(self) -> Line:
        if self.refuses:
            raise ConnectionError("refused")
        self.lines.append(Line(len(self.lines)))
        return self.lines[-1]

    def close(self, line: Line) -> None:
        line.open = False


def taken(pool: Pool[Line]) -> Line:
    line = pool.take(0)
    assert line is not None
    return line


def test_an_idle_connection_is_used_again() -> None:
    exchange = Exchange()
    pool = exchange.pool(limit=2)
    for _ in range(3):
        pool.give_back(taken(pool))
    assert len(exchange.lines) == 1


def test_a_dead_idle_connection_is_closed_and_replaced() -> None:
    exchange = Exchange()
    pool = exchange.pool(limit=1)
    first = taken(pool)
    pool.give_back(first)
    first.works = False
    second = taken(pool)
    assert second is not first and second.works and not first.open


def test_who_finds_none_gets_none_in_the_end_and_one_when_it_comes_back() -> None:
    pool = Exchange().pool(limit=1)
    line = taken(pool)
    assert pool.take(0.01) is None
    timer = threading.Timer(0.05, pool.give_back, [line])
    timer.start()
    assert pool.take(5) is line
    timer.join()


def test_a_failed_opening_does_not_use_up_a_place() -> None:
    exchange = Exchange(refuses=True)
    pool = exchange.pool(limit=1)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            pool.take(0)
    exchange.refuses = False
    assert pool.take(0) is not None


def test_a_closed_pool_closes_what_comes_back_late() -> None:
    exchange = Exchange()
    pool = exchange.pool(limit=2)
    idle, used = taken(pool), taken(pool)
    pool.give_back(idle)
    pool.close()
    assert not idle.open and used.open
    pool.give_back(used)
    assert not used.open


def test_no_more_are_kept_idle_than_agreed() -> None:
    exchange = Exchange()
    pool = exchange.pool(limit=0, keep=1)
    lines = [taken(pool) for _ in range(3)]
    for line in lines:
        pool.give_back(line)
    assert sum(line.open for line in exchange.lines) == 1
