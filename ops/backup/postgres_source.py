"""One moment of a PostgreSQL database, held still: its snapshot, its tables' row counts, its locale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.backup.manifest import Locale, TableRows
from ops.database.connect import connect
from ops.errors import NotReady
from ops.values import DatabaseUrl, redact

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

TABLES = """
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
"""Tables that hold rows of the user's own: no views, no partitioned parents, no extension's tables."""


@dataclass(frozen=True)
class Moment:
    """`snapshot` goes to pg_dump; `size` is the database's size on the server's disk."""

    snapshot: str
    tables: tuple[TableRows, ...]
    locale: Locale
    size: int


@contextmanager
def held_still(url: DatabaseUrl) -> Iterator[Moment]:
    """The database as of now, for as long as the block lasts; rows are counted in the same snapshot
    that pg_dump is to be given."""
    import psycopg2

    connection = connect(url, application_name="gigops backup")
    try:
        try:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection.cursor() as cursor:
                moment = _read(cursor)
        except psycopg2.Error as error:
            text = redact(str(error), url.password).strip().splitlines()[0]
            raise NotReady(
                f"`{url.database}` cannot be read whole: {text}",
                hint=f"back up as the owner of all tables: `{url.user}` needs SELECT on each",
            ) from None
        yield moment
    finally:
        connection.close()


def count_rows(cursor: Cursor, tables: Sequence[tuple[str, str]]) -> tuple[TableRows, ...]:
    """The number of rows of each (schema, table)."""
    from psycopg2 import sql

    counted = []
    for schema, table in tables:
        cursor.execute(sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, table)))
        counted.append(TableRows(schema, table, _one(cursor)[0]))
    return tuple(counted)


def _read(cursor: Cursor) -> Moment:
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SET {name} = 0")
    cursor.execute("SET lock_timeout = '60s'")
    # without this a table with row security would be counted, and dumped, in part
    cursor.execute("SET row_security = off")
    cursor.execute("SELECT pg_export_snapshot()")
    snapshot = str(_one(cursor)[0])
    cursor.execute("SELECT pg_database_size(current_database())")
    size = int(_one(cursor)[0])
    cursor.execute(TABLES)
    tables = count_rows(cursor, [(str(s), str(t)) for s, t in cursor.fetchall()])
    return Moment(snapshot, tables, _locale(cursor), size)


def _locale(cursor: Cursor) -> Locale:
    version = cursor.connection.server_version
    provider = "datlocprovider::text" if version >= 150000 else "'c'"
    name = "datlocale" if version >= 170000 else "daticulocale" if version >= 150000 else "NULL"
    cursor.execute(
        f"SELECT pg_encoding_to_char(encoding), datcollate, datctype, {provider}, coalesce({name}, '')"
        " FROM pg_database WHERE datname = current_database()"
    )
    return Locale(*(str(value) for value in _one(cursor)))


def _one(cursor: Cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return row
