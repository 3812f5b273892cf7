"""The door to ADBC: column batches out of a SQLite file, and into and out of PostgreSQL.

ADBC brings a SQLite library of its own, beside Python's. Two of them in one process lose each other's
POSIX locks, so only files that cannot change meanwhile may be opened here: snapshots, or files that
another process holds frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as postgresql
import adbc_driver_sqlite.dbapi as sqlite
import pyarrow as pa

from ops.errors import GigopsError, NotReady, Refused, SourceError
from ops.migrate import strangers
from ops.migrate.session import UNHURRIED
from ops.migrate.sqlitefile import explained, reading, uri
from ops.values import DatabaseUrl, redact

# What psycopg2's keywords are called in a URL is the same; ADBC hands the URL to libpq.
_APPLICATION = ("application_name", "gigops")


class RefusedRows(Exception):
    """PostgreSQL takes the rows' values for something its type cannot hold."""


@dataclass(frozen=True)
class SqliteColumns:
    """An open SQLite file."""

    connection: Any
    path: Path

    def batches(self, sql: str, rows: int) -> Iterator[Any]:
        """The result in record batches of `rows` rows, without its first row, the sentinel."""
        cursor, missed = self.connection.cursor(), False
        try:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(max(rows, 2))})
            cursor.execute(sql)
            first = True
            for batch in cursor.fetch_record_batch():
                yield batch.slice(1) if first else batch
                first = False
        except sqlite.Error as error:
            missed = any(word in str(error) for word in strangers.MISSED)
            if not missed:
                raise explained(self.path, redact(str(error))) from None
        except (pa.ArrowInvalid, OSError) as error:
            if "Type mismatch" in str(error):
                raise SourceError(
                    f"`{self.path}` changed while it was read", hint="run it again: it starts anew"
                ) from None
            raise explained(self.path, str(error)) from None
        finally:
            cursor.close()
        if missed:
            with reading(self.path) as acquainted:
                yield from strangers.batches(acquainted, sql, rows)


@dataclass(frozen=True)
class PostgresColumns:
    """A connection to PostgreSQL that takes and gives record batches; not in autocommit."""

    connection: Any
    url: DatabaseUrl

    def copy(self, schema: str, table: str, batch: Any) -> None:
        """COPYs the batch into the table, within the running transaction. Raises RefusedRows."""
        with self._explaining(f"copying into `{table}`"), self.connection.cursor() as cursor:
            cursor.adbc_ingest(table, batch, mode="append", db_schema_name=schema)

    def execute(self, sql: str) -> None:
        with self._explaining("writing to PostgreSQL"), self.connection.cursor() as cursor:
            cursor.execute(sql)

    def batches(self, sql: str) -> Iterator[Any]:
        """The result in record batches as they come from the server."""
        with self._explaining("reading from PostgreSQL"), self.connection.cursor() as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()

    def commit(self) -> None:
        with self._explaining("committing"):
            self.connection.commit()

    def rollback(self) -> None:
        with self._explaining("rolling back"):
            self.connection.rollback()

    @contextmanager
    def _explaining(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (postgresql.Error, OSError, pa.ArrowException) as error:
            raise what_postgres_says(self.url, doing, error) from None


@contextmanager
def open_sqlite(path: Path) -> Iterator[SqliteColumns]:
    try:
        connection = sqlite.connect(uri(path))
    except sqlite.Error as error:
        raise explained(path, str(error)) from None
    try:
        yield SqliteColumns(connection, path)
    finally:
        connection.close()


@contextmanager
def open_postgres(url: DatabaseUrl, *first: str) -> Iterator[PostgresColumns]:
    """A connection whose writes gigops's own fence lets pass (`gigops.copying`), and which ran `first`."""
    named = (
        url
        if any(key == "application_name" for key, _ in url.query)
        else (replace(url, query=(*url.query, _APPLICATION)))
    )
    try:
        connection = postgresql.connect(named.reveal())
    except postgresql.Error as error:
        raise what_postgres_says(url, "connecting", error) from None
    try:
        opened = PostgresColumns(connection, url)
        opened.execute("SET gigops.copying = 'on'")
        opened.execute("SET synchronous_commit = off")
        opened.execute("SET timezone = 'UTC'")
        for statement in (UNHURRIED, *first):
            opened.execute(statement)
        opened.commit()
        yield opened
    finally:
        connection.close()


def what_postgres_says(url: DatabaseUrl, doing: str, error: BaseException) -> GigopsError | RefusedRows:
    """The error of gigops for one of ADBC's or psycopg2's; RefusedRows for one about the rows' values."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""
    text = redact(str(error), url.password)
    lines = text.splitlines() or [text]
    reason = next((line for line in lines if "ERROR:" in line or "FATAL:" in line), lines[0])
    reason = reason.split("ERROR:")[-1].split("FATAL:")[-1].strip()[:300]
    where = f"{url.host}:{url.port}"
    if state == "53100" or "No space left" in text:
        return NotReady(
            f"the server at {where} has no disk space left ({doing})",
            hint="free some space and run the same command again: it goes on from here",
        )
    if state == "GG001":
        return Refused(f"PostgreSQL is fenced against writes: {reason}", hint="gigops cutover status")
    if state.startswith(("22", "23")):
        detail = next((line.split("DETAIL:")[-1].strip() for line in lines if "DETAIL:" in line), "")
        return RefusedRows(f"{reason}: {detail}"[:300] if detail else reason)
    if state == "42501":
        return NotReady(f"`{url.user}` may not do this on {where}: {reason}", hint="ask the database's owner")
    return NotReady(
        f"PostgreSQL at {where} failed while {doing}: {reason}",
        hint="run the same command again: it goes on from here",
    )
