"""gigops's own sessions in the target: no time limit of the role ends a copy or the building of an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.database.connect import connect
from ops.migrate.state import AT_WORK
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

UNHURRIED = """
SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN (
    'statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout'
)
"""
"""Hosting providers set some of these for the role; not every version of PostgreSQL has all."""


def open_session(url: DatabaseUrl) -> Connection:
    """A connection without those limits, not in autocommit. Errors: those of `connect`."""
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(UNHURRIED)
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def writing(url: DatabaseUrl, settings: str) -> Iterator[Connection]:
    """A session that writes into the target: with `settings` (SQL), and seen by a later run as at work."""
    connection = open_session(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(settings)
            cursor.execute(AT_WORK)
        connection.commit()
        yield connection
    finally:
        connection.close()
