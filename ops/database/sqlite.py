"""The SQLite backend: a connection for each who asks, and a write lock that is asked for in small steps."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.database.pool import Pool
from ops.database.tokens import first_word
from ops.database.transaction import OpenTransaction, Parameters, Row, Transaction, plain
from ops.errors import SourceError

_IDLE_KEPT = 8


@dataclass(frozen=True)
class SqliteOptions:
    """`busy_timeout` (seconds) is how long a statement waits for another connection's lock.

    `foreign_keys` is on unless told otherwise, because PostgreSQL always keeps them; SQLite's own default
    is off."""

    busy_timeout: float = 5.0
    foreign_keys: bool = True


class SqliteBackend:
    """One SQLite file. Its journal mode is the application's business and is left as it is."""

    dialect = "sqlite"

    def __init__(self, path: Path, options: SqliteOptions) -> None:
        self._path, self._options = path, options
        self._pool: Pool[sqlite3.Connection] = Pool(self._open, _close, _usable, limit=0, keep=_IDLE_KEPT)
        # Writers of this process queue here: SQLite's own busy handler sleeps, and starves some of them.
        self._writers = threading.Lock()

    @property
    def waits_for(self) -> str:
        return f"the write lock of `{self._path}`, which another connection holds"

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._taken()
        # The DB-API's way: the first write opens a transaction.
        connection.isolation_level = "DEFERRED"
        try:
            yield connection
            connection.commit()
        finally:
            self._put_back(connection)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        connection = self._taken()
        try:
            yield _Reading(connection)
        finally:
            self._put_back(connection)

    def begin(self, wait: float, *, single: bool) -> OpenTransaction | None:
        del single
        if not self._writers.acquire(timeout=wait):
            return None
        connection = None
        try:
            connection = self._taken()
            if self._locked(connection, wait):
                return _Writing(connection, self)
        except BaseException:
            self.let_go(connection)
            raise
        self.let_go(connection)
        return None

    def let_go(self, connection: sqlite3.Connection | None) -> None:
        """Ends what `begin` began; an open transaction is rolled back."""
        try:
            if connection is not None:
                self._put_back(connection)
        finally:
            self._writers.release()

    def close(self) -> None:
        self._pool.close()

    def _open(self) -> sqlite3.Connection:
        path, options = self._path, self._options
        try:
            # A connection belongs to one thread at a time, but not always to the same.
            connection = sqlite3.connect(
                path, timeout=options.busy_timeout, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA foreign_keys = {int(options.foreign_keys)}")
        except sqlite3.Error as error:
            raise SourceError(f"`{path}` cannot be opened: {error}", hint="gigops doctor") from None
        return connection

    def _taken(self) -> sqlite3.Connection:
        connection = self._pool.take(0)
        if connection is None:
            raise AssertionError("a pool without a limit has always one")
        return connection

    def _put_back(self, connection: sqlite3.Connection) -> None:
        usable = True
        try:
            if connection.in_transaction:
                connection.rollback()
            connection.isolation_level = None
        except sqlite3.Error:
            usable = False
        self._pool.give_back(connection, usable=usable)

    def _locked(self, connection: sqlite3.Connection, wait: float) -> bool:
        """Whether the file's write lock came within `wait`."""
        connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            return False
        finally:
            # The commit may have to wait for readers longer than this step did for writers.
            connection.execute(f"PRAGMA busy_timeout = {int(self._options.busy_timeout * 1000)}")
        return True


class _Reading:
    """Statements on a connection, outside or inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute_query(self, sql: str, params: Parameters = ()) -> list[Row]:
        cursor = self._execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def execute_update(self, sql: str, params: Parameters = ()) -> int:
        cursor = self._execute(sql, params)
        cursor.fetchall()
        if cursor.rowcount < 0 and first_word(sql) == "with":
            # The driver counts for statements that begin with INSERT, UPDATE, DELETE or REPLACE only.
            return int(self._connection.execute("SELECT changes()").fetchone()[0])
        return max(0, cursor.rowcount)

    def _execute(self, sql: str, params: Parameters) -> sqlite3.Cursor:
        cursor = self._connection.cursor()
        return cursor.execute(sql, plain(params, truth=(0, 1)))


class _Writing(_Reading):
    """A transaction that holds the file's write lock."""

    def __init__(self, connection: sqlite3.Connection, backend: SqliteBackend) -> None:
        super().__init__(connection)
        self._backend = backend

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        finally:
            self._backend.let_go(self._connection)

    def rollback(self) -> None:
        self._backend.let_go(self._connection)


def _close(connection: sqlite3.Connection) -> None:
    connection.close()


def _usable(connection: Any, idle: float) -> bool:
    del connection, idle
    return True
