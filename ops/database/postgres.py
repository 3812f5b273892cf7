"""The PostgreSQL backend: psycopg2 with a pool, `?` placeholders, and values as SQLite gives them."""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.database import placeholders
from ops.database.connect import connect
from ops.database.pool import Pool
from ops.database.transaction import OpenTransaction, Parameters, Row, Transaction, plain
from ops.errors import NotReady
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

_ASKED_AFTER = 1.0
"""Seconds of idleness after which a connection is tried with a question before it is handed out."""


@dataclass(frozen=True)
class PostgresOptions:
    """`pool_size` connections at most; who finds none waits `pool_timeout` seconds. `schema` goes first in
    the search path."""

    schema: str | None = None
    pool_size: int = 10
    pool_timeout: float = 30.0


class PostgresBackend:
    """One PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, url: DatabaseUrl, options: PostgresOptions) -> None:
        self._url, self._options = url, options
        size = options.pool_size
        self._pool: Pool[Connection] = Pool(self._open, _close, _usable, limit=size, keep=size)

    @property
    def waits_for(self) -> str:
        size = self._options.pool_size
        return f"one of the {size} connections to `{self._url}`, which are all in use"

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = self._taken()
        try:
            connection.autocommit = False
            yield connection
            connection.commit()
        finally:
            self.let_go(connection)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        connection = self._taken()
        try:
            connection.autocommit = True
            yield _Statements(connection, self)
        finally:
            self.let_go(connection)

    def begin(self, wait: float, *, single: bool) -> OpenTransaction | None:
        connection = self._pool.take(wait)
        if connection is None:
            return None
        # One statement is a transaction by itself, and saves two journeys to the server.
        connection.autocommit = single
        return _Statements(connection, self)

    def let_go(self, connection: Connection) -> None:
        """Gives the connection back; an open transaction is rolled back."""
        import psycopg2

        usable = not connection.closed
        try:
            if usable:
                connection.rollback()
        except psycopg2.Error:
            usable = False
        self._pool.give_back(connection, usable=usable)

    def close(self) -> None:
        self._pool.close()

    def _taken(self) -> Connection:
        connection = self._pool.take(self._options.pool_timeout)
        if connection is None:
            raise NotReady(
                f"waited {self._options.pool_timeout:g} s for {self.waits_for}",
                hint="end transactions sooner, or give DatabaseManager a larger pool_size",
            )
        return connection

    def _open(self) -> Connection:
        from psycopg2 import sql

        connection = connect(self._url, application_name="ops.database", autocommit=True)
        _read_as_sqlite(connection)
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            if self._options.schema:
                schema = sql.Identifier(self._options.schema)
                cursor.execute(sql.SQL("SET search_path TO {}, public").format(schema))
        return connection


class _Statements:
    """Statements on a connection, outside or inside a transaction."""

    def __init__(self, connection: Connection, backend: PostgresBackend) -> None:
        self._connection, self._backend = connection, backend

    def execute_query(self, sql: str, params: Parameters = ()) -> list[Row]:
        with self._connection.cursor() as cursor:
            _execute(cursor, sql, params)
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def execute_update(self, sql: str, params: Parameters = ()) -> int:
        with self._connection.cursor() as cursor:
            _execute(cursor, sql, params)
            return max(0, cursor.rowcount)

    def commit(self) -> None:
        try:
            self._connection.commit()
        finally:
            self._backend.let_go(self._connection)

    def rollback(self) -> None:
        self._backend.let_go(self._connection)


def _execute(cursor: Cursor, sql: str, params: Parameters) -> None:
    translated = placeholders.named(sql) if isinstance(params, Mapping) else placeholders.positional(sql)
    # '0' and '1' in quotes have no type of their own: they fit boolean and integer columns alike.
    cursor.execute(translated, plain(params, truth=("0", "1")))


def _read_as_sqlite(connection: Connection) -> None:
    """Makes values arrive in SQLite's five types: dates, times and JSON as text, booleans as 0 and 1,
    numeric as int or float (SQLite's NUMERIC does the same), bytea as bytes."""
    from psycopg2 import BINARY
    from psycopg2.extensions import new_type, register_type

    # The numbers are the types' oids (PostgreSQL's pg_type.dat): date, time, timestamp, timestamptz,
    # interval, timetz, json, jsonb.
    texts = (1082, 1083, 1114, 1184, 1186, 1266, 114, 3802)
    for kind in (
        new_type(texts, "SQLITE_TEXT", lambda text, _: text),
        new_type((16,), "SQLITE_BOOLEAN", lambda text, _: None if text is None else int(text == "t")),
        new_type((1700,), "SQLITE_NUMERIC", lambda text, _: None if text is None else number(text)),
        new_type((17,), "SQLITE_BLOB", lambda text, cursor: _bytes(BINARY(text, cursor))),
    ):
        register_type(kind, connection)


def number(text: str | bytes) -> int | float:
    """A `numeric` as SQLite would hold it: an integer when it is one and fits 64 bits, else a float."""
    text = text if isinstance(text, str) else text.decode()
    whole, _, fraction = text.partition(".")
    if not fraction.strip("0") and whole.lstrip("-").isdigit() and -(2**63) <= int(whole) < 2**63:
        return int(whole)
    return float(text)


def _bytes(view: Any) -> bytes | None:
    return None if view is None else bytes(view)


def _close(connection: Connection) -> None:
    connection.close()


def _usable(connection: Connection, idle: float) -> bool:
    """Whether the server is still there. A server that went away leaves its farewell to be read."""
    import psycopg2

    if connection.closed:
        return False
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if idle < _ASKED_AFTER and not poll.poll(0):
            return True
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error:
        return False
    return True
