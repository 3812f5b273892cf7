"""`DatabaseManager`: what an application holds; it finds its database and follows it when it moves."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ops.database.authority import Authority
from ops.database.environment import Meant, Sqlite
from ops.database.errors import DatabaseMoved, from_fence
from ops.database.gate import Gate
from ops.database.postgres import PostgresBackend, PostgresOptions
from ops.database.sqlite import SqliteBackend, SqliteOptions
from ops.database.tokens import only_reads
from ops.database.transaction import Backend, OpenTransaction, Parameters, Row, Transaction
from ops.errors import NotReady, UsageError

Result = TypeVar("Result")

_POLL = 0.02
_STEP = 0.1
"""The longest a writer waits for a lock before it looks at the gate and at `.env` again."""


class DatabaseManager:
    """One database, SQLite or PostgreSQL, whichever the environment means; safe to share between threads.

    `env_file` (else GIGOPS_ENV_FILE, else `.env` in the working folder) is looked at before each statement
    or transaction, so the move to the other database needs no restart. While gigops has its window open
    writes wait, at most `max_wait` seconds, and go on where the data then is; reads go on.

    Placeholders are `?` with a sequence or `:name` with a mapping, on both. `get_connection()` gives the
    driver's own connection, which knows the driver's own placeholders and does not wait at the gate.
    """

    def __init__(
        self,
        sqlite_path: str | Path | None = None,
        *,
        env_file: str | Path | None = None,
        schema: str | None = None,
        pool_size: int = 10,
        pool_timeout: float = 30.0,
        busy_timeout: float = 5.0,
        foreign_keys: bool = True,
        max_wait: float = 60.0,
    ) -> None:
        path = _env_file(env_file)
        self._authority = Authority(path, Path(sqlite_path) if sqlite_path else None, os.environ)
        self._gate = Gate(path)
        self._sqlite = SqliteOptions(busy_timeout, foreign_keys)
        self._postgres = PostgresOptions(schema, pool_size, pool_timeout)
        self._max_wait = max_wait
        self._current: tuple[Meant, Backend] | None = None
        self._start_anew()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`, as it is at this moment."""
        return self._backend().dialect

    def execute_query(self, sql: str, params: Parameters = ()) -> list[Row]:
        """The rows of one statement. One that also writes (`INSERT … RETURNING id`) is kept at once."""
        if only_reads(sql):
            with self._backend().reading() as reading:
                return reading.execute_query(sql, params)
        return self._one_statement(lambda transaction: transaction.execute_query(sql, params))

    def execute_update(self, sql: str, params: Parameters = ()) -> int:
        """Runs one statement, kept at once, and returns how many rows it changed.

        Raises NotReady after `max_wait`, DatabaseMoved when this side is closed for good."""
        return self._one_statement(lambda transaction: transaction.execute_update(sql, params))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All statements of the block together; rolled back when it raises. Not nestable in a thread.

        Raises NotReady when it cannot begin within `max_wait`, DatabaseMoved when the side closes while
        the block runs: then run the block again."""
        transaction = self._begin(time.monotonic() + self._max_wait, single=False)
        try:
            yield transaction
        except BaseException as error:
            self._end(transaction.rollback)
            if from_fence(error):
                raise _moved(error) from error
            raise
        else:
            self._end(transaction.commit)

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """The driver's connection (sqlite3 or psycopg2), committed at the end of the block, rolled back
        when it raises. It does not wait at the gate: raises DatabaseMoved when this side is closed."""
        held: AbstractContextManager[Any] = self._backend().connection()
        try:
            with held as connection:
                yield connection
        except Exception as error:
            if from_fence(error):
                raise _moved(error) from error
            raise

    def close(self) -> None:
        """Closes the connections that are idle now, and the others when they come back."""
        with self._lock:
            old, self._current = self._current, None
        if old is not None:
            old[1].close()

    def _one_statement(self, run: Callable[[Transaction], Result]) -> Result:
        """Begins, runs and commits, again and again while the fence says that this side is closed:
        nothing was done then, so a repeat is safe."""
        end = time.monotonic() + self._max_wait
        while True:
            transaction = self._begin(end, single=True)
            try:
                result = run(transaction)
            except BaseException as error:
                self._end(transaction.rollback)
                if not from_fence(error):
                    raise
                if time.monotonic() >= end:
                    raise _moved(error) from error
                time.sleep(_POLL)
                continue
            self._end(transaction.commit)
            return result

    def _begin(self, end: float, *, single: bool) -> OpenTransaction:
        """A transaction on the side that is open: the gate and `.env` are looked at before the lock is
        asked for, while it is waited for, and again when it is held."""
        if getattr(self._here, "writing", False):
            raise UsageError(
                "a transaction is already open in this thread", hint="use the handle that transaction() gave"
            )
        while True:
            waits_for = self._held_back()
            if not waits_for:
                backend = self._backend()
                transaction = backend.begin(min(_STEP, max(0.0, end - time.monotonic())), single=single)
                if transaction is None:
                    waits_for = backend.waits_for
                elif not self._gate.stands() and self._backend() is backend:
                    self._here.writing = True
                    return transaction
                else:
                    transaction.rollback()
            elif time.monotonic() < end:
                time.sleep(_POLL)
            if waits_for and time.monotonic() >= end:
                raise NotReady(
                    f"a write waited {self._max_wait:g} s for {waits_for}", hint="gigops cutover status"
                )

    def _held_back(self) -> str:
        return f"the end of the move: the gate `{self._gate}` stands" if self._gate.stands() else ""

    def _end(self, how: Callable[[], None]) -> None:
        self._here.writing = False
        how()

    def _backend(self) -> Backend:
        """The backend of the database that is meant now; the one of before is closed."""
        if self._process != os.getpid():
            self._start_anew()
        wanted = self._authority.look()
        known = self._current
        if known is not None and known[0] == wanted:
            return known[1]
        with self._lock:
            known = self._current
            if known is not None and known[0] == wanted:
                return known[1]
            backend = self._made(wanted)
            self._current = (wanted, backend)
        if known is not None:
            known[1].close()
        return backend

    def _made(self, wanted: Meant) -> Backend:
        if isinstance(wanted, Sqlite):
            return SqliteBackend(wanted.path, self._sqlite)
        return PostgresBackend(wanted.url, self._postgres)

    def _start_anew(self) -> None:
        """Also after a fork: the parent's connections are not ours to use or to close."""
        self._inherited, self._current = self._current, None
        self._lock = threading.Lock()
        self._here = threading.local()
        self._process = os.getpid()


def _env_file(given: str | Path | None) -> Path | None:
    """The file to follow, made absolute. Raises NotReady when it was named and is not there."""
    named = given or os.environ.get("GIGOPS_ENV_FILE")
    path = Path(named or ".env").absolute()
    if named and not path.exists():
        raise NotReady(f"the env file `{path}` does not exist", hint="create it, or correct its path")
    return path


def _moved(error: BaseException) -> DatabaseMoved:
    text = str(error).strip().splitlines()[0]
    return DatabaseMoved(text, hint="run it again; if it stays so: gigops cutover status")
