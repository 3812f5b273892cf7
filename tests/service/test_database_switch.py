"""An application that writes without a pause goes through the window: nothing fails, nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.capture import closed, fence, gate
from ops.capture.freeze import Freezer
from ops.database import DatabaseManager, DatabaseMoved
from ops.database.connect import connect
from ops.errors import NotReady
from ops.values import DatabaseUrl

TABLE = "CREATE TABLE entries (id TEXT PRIMARY KEY, value {real} NOT NULL)"


@dataclass
class Traffic:
    """Threads that write and read through one manager and keep their own list of what was acknowledged."""

    db: DatabaseManager
    acknowledged: dict[str, float] = field(default_factory=dict)
    sides: set[str] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)
    reads: int = 0
    slowest_read: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        work = [self._single, self._double, self._read]
        threads = [threading.Thread(target=self._noting, args=(work[n % 3], n)) for n in range(9)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def wait_for_writes(self, count: int) -> None:
        """Until `count` more are acknowledged, or one failed."""
        wanted, end = len(self.acknowledged) + count, time.monotonic() + 20
        while len(self.acknowledged) < wanted and not self.failures:
            assert time.monotonic() < end, "the writers stand still"
            time.sleep(0.005)

    def _single(self, thread: int) -> None:
        for number in self._numbers():
            key, value = f"{thread}-{number}", number / 7
            self.db.execute_update("INSERT INTO entries VALUES (?, ?)", (key, value))
            self.acknowledged[key] = value

    def _double(self, thread: int) -> None:
        for number in self._numbers():
            keys = [f"{thread}-{number}-{part}" for part in "ab"]
            with self.db.transaction() as transaction:
                for key in keys:
                    transaction.execute_update("INSERT INTO entries VALUES (?, ?)", (key, 0.1))
            self.acknowledged.update(dict.fromkeys(keys, 0.1))

    def _read(self, thread: int) -> None:
        for _ in self._numbers():
            begun = time.monotonic()
            [row] = self.db.execute_query("SELECT count(*) AS n FROM entries")
            assert row["n"] > 0
            self.reads += 1
            self.slowest_read = max(self.slowest_read, time.monotonic() - begun)
            time.sleep(0.002)

    def _numbers(self) -> Iterator[int]:
        number = 0
        while not self._stop.is_set():
            number += 1
            yield number
            self.sides.add(self.db.dialect)

    def _noting(self, work: Callable[[int], None], thread: int) -> None:
        try:
            work(thread)
        except Exception as error:  # noqa: BLE001 -- a thread's error has to reach the test
            self.failures.append(error)


@dataclass
class Move:
    """The steps of a cutover by hand, with the real lock, fences and gate."""

    source: Path
    env: Path
    url: DatabaseUrl

    def __post_init__(self) -> None:
        self.freezer = Freezer([self.source])
        self.target = connect(self.url, autocommit=False)

    def prepare(self) -> None:
        with self.target, self.target.cursor() as cursor:
            cursor.execute(TABLE.format(real="DOUBLE PRECISION"))
        closed.close(self.target, [("public", "entries")])

    def close_the_source(self) -> None:
        gate.put_up(self.env, datetime.now(UTC) + timedelta(seconds=60))
        self.freezer.freeze(within=10, hold_for=60)

    def copy(self) -> None:
        with closing(sqlite3.connect(f"file:{self.source}?mode=ro", uri=True)) as source:
            rows = source.execute("SELECT id, value FROM entries").fetchall()
        with self.target, self.target.cursor() as cursor:
            cursor.execute("SET LOCAL gigops.copying = 'on'")
            cursor.executemany("INSERT INTO entries VALUES (%s, %s)", rows)

    def switch(self, text: str) -> None:
        beside = self.env.with_name(".env.new")
        beside.write_text(text)
        beside.replace(self.env)

    def open_the_target(self) -> None:
        lines = fence.statements(self.source, datetime.now(UTC), self.env)
        self.freezer.commit({self.source: lines})
        closed.open_(self.target)
        gate.take_down(self.env)

    def rows(self) -> dict[str, float]:
        with self.target, self.target.cursor() as cursor:
            cursor.execute("SELECT id, value FROM entries")
            return dict(cursor.fetchall())


@pytest.fixture(params=["wal", "delete"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
        connection.execute(TABLE.format(real="REAL"))
        connection.execute("INSERT INTO entries VALUES ('first', 0.5)")
    return path


@pytest.fixture
def move(source: Path, tmp_path: Path, database: DatabaseUrl) -> Iterator[Move]:
    env = tmp_path / ".env"
    env.write_text("DATABASE_TYPE=sqlite\n")
    move = Move(source, env, database)
    yield move
    move.freezer.release()
    move.target.close()


@pytest.fixture
def traffic(move: Move) -> Iterator[Traffic]:
    db = DatabaseManager(move.source, env_file=move.env, pool_size=5, max_wait=20)
    yield Traffic(db)
    db.close()


def to_postgres(move: Move) -> str:
    return f"DATABASE_TYPE=postgresql\nDATABASE_URL={move.url.reveal()}\n"


def test_a_cutover_under_traffic_fails_nothing_and_loses_nothing(move: Move, traffic: Traffic) -> None:
    move.prepare()
    with traffic.running():
        traffic.wait_for_writes(200)
        move.close_the_source()
        held = len(traffic.acknowledged)
        reads = traffic.reads
        move.copy()
        while traffic.reads < reads + 20:
            time.sleep(0.005)
        move.switch(to_postgres(move))
        move.open_the_target()
        # One write a thread may have been committed and not yet noted when the lock was taken.
        assert held > 200
        traffic.wait_for_writes(200)
    assert traffic.failures == []
    assert traffic.sides == {"sqlite", "postgresql"}
    assert move.rows() == {"first": 0.5, **traffic.acknowledged}


def test_nothing_is_written_anywhere_between_the_lock_and_the_opening(move: Move, traffic: Traffic) -> None:
    move.prepare()
    with traffic.running():
        traffic.wait_for_writes(50)
        move.close_the_source()
        move.copy()
        copied = move.rows()
        move.switch(to_postgres(move))
        time.sleep(0.3)  # not for luck: the time in which the writers could do wrong
        assert move.rows() == copied
        move.open_the_target()
        traffic.wait_for_writes(50)
    assert traffic.failures == []


def test_a_move_that_turns_back_has_only_made_the_writers_wait(move: Move, traffic: Traffic) -> None:
    move.prepare()
    with traffic.running():
        for with_switch in (False, True):
            traffic.wait_for_writes(50)
            move.close_the_source()
            if with_switch:
                move.copy()
                move.switch(to_postgres(move))
                move.switch("DATABASE_TYPE=sqlite\n")
            move.freezer.release()
            gate.take_down(move.env)
        traffic.wait_for_writes(50)
    assert traffic.failures == []
    with closing(sqlite3.connect(move.source)) as connection:
        kept = dict(connection.execute("SELECT id, value FROM entries").fetchall())
    assert kept == {"first": 0.5, **traffic.acknowledged}


def test_the_lock_taken_without_a_gate_is_waited_for_too(move: Move, traffic: Traffic) -> None:
    with traffic.running():
        traffic.wait_for_writes(20)
        move.freezer.freeze(within=10, hold_for=60)
        time.sleep(0.5)
        move.freezer.release()
        traffic.wait_for_writes(20)
    assert traffic.failures == []


def test_a_lock_that_never_comes_free_is_named(move: Move) -> None:
    db = DatabaseManager(move.source, env_file=move.env, max_wait=0.3)
    move.freezer.freeze(within=10, hold_for=60)
    with pytest.raises(NotReady, match=r"write lock of .*app\.db"):
        db.execute_update("INSERT INTO entries VALUES ('x', 1)")
    assert db.execute_query("SELECT id FROM entries") == [{"id": "first"}]


def test_a_manager_that_cannot_see_the_switch_is_told_that_the_data_moved(move: Move, tmp_path: Path) -> None:
    other = tmp_path / "other.env"
    other.write_text("DATABASE_TYPE=sqlite\n")
    db = DatabaseManager(move.source, env_file=other, max_wait=0.2)
    move.close_the_source()
    move.freezer.commit({move.source: fence.statements(move.source, datetime.now(UTC), move.env)})
    with pytest.raises(DatabaseMoved, match="see DATABASE_URL"):
        db.execute_update("INSERT INTO entries VALUES ('x', 1)")
    with pytest.raises(DatabaseMoved, match="see DATABASE_URL"), db.transaction() as transaction:
        transaction.execute_update("INSERT INTO entries VALUES ('x', 1)")
    with pytest.raises(DatabaseMoved, match="see DATABASE_URL"), db.get_connection() as connection:
        connection.execute("INSERT INTO entries VALUES ('x', 1)")
    assert db.execute_query("SELECT id FROM entries") == [{"id": "first"}]


def test_postgresql_that_is_not_open_yet_is_waited_for(move: Move) -> None:
    """The gate's deadline may pass before gigops opens the new side."""
    move.prepare()
    move.switch(to_postgres(move))
    db = DatabaseManager(move.source, env_file=move.env, max_wait=10)
    with pytest.raises(DatabaseMoved, match="not open yet"), db.transaction() as transaction:
        transaction.execute_update("INSERT INTO entries VALUES ('x', 1)")
    opening = threading.Timer(0.3, closed.open_, (move.target,))
    opening.start()
    assert db.execute_update("INSERT INTO entries VALUES ('y', 1)") == 1
    opening.join()
    assert move.rows() == {"y": 1.0}
    db.close()


def test_a_writer_that_waited_for_the_lock_looks_again_once_it_has_it(move: Move) -> None:
    """The lock may come free after the gate went up, or after the data went: then it must not be used."""
    move.prepare()
    closed.open_(move.target)
    db = DatabaseManager(move.source, env_file=move.env, max_wait=20)
    for number in range(3):
        move.switch("DATABASE_TYPE=sqlite\n")
        move.freezer.freeze(within=10, hold_for=60)
        writer = threading.Thread(
            target=db.execute_update, args=("INSERT INTO entries VALUES (?, 1)", (str(number),))
        )
        writer.start()
        writer.join(0.05)
        gate.put_up(move.env, datetime.now(UTC) + timedelta(seconds=60))
        move.freezer.release()
        writer.join(0.2)
        assert writer.is_alive(), "it wrote while the gate stood"
        move.freezer.freeze(within=10, hold_for=60)
        gate.take_down(move.env)
        writer.join(0.05)
        move.switch(to_postgres(move))
        move.freezer.release()
        writer.join(10)
    with closing(sqlite3.connect(move.source)) as connection:
        assert connection.execute("SELECT id FROM entries").fetchall() == [("first",)]
    assert move.rows() == {"0": 1.0, "1": 1.0, "2": 1.0}
    db.close()
