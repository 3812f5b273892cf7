"""What gigops remembers in the target about its own work: schema `_gigops`, written with the work itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.errors import Busy
from ops.migrate.migration import SourcePlan, TablePlan

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_LOCK = 4_733_251  # any number, the same for all of gigops's migrations of a database
_AT_WORK = _LOCK + 1
AT_WORK = f"SELECT pg_catalog.pg_advisory_lock_shared({_AT_WORK})"
"""Every session that writes rows or builds indexes runs this first: what a killed run left working in the
server is found by it."""
_LEFT_WORKING = f"""
SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objid = {_AT_WORK}
    AND classid = 0 AND objsubid = 1 AND pid <> pg_catalog.pg_backend_pid()
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""
_SECONDS_TO_NOTICE = 1.0
"""How long the server may take to see that the run which held the lock was killed."""
_SECONDS_TO_END = 30.0
_TABLES = """
CREATE SCHEMA IF NOT EXISTS _gigops;
CREATE TABLE IF NOT EXISTS _gigops.sources (
    source text, schema_name text, fingerprint text NOT NULL, digest text NOT NULL,
    opened boolean NOT NULL DEFAULT false, PRIMARY KEY (source, schema_name)
);
CREATE TABLE IF NOT EXISTS _gigops.tables (
    relation oid PRIMARY KEY, schema_name text NOT NULL, table_name text NOT NULL,
    source text NOT NULL, source_schema text NOT NULL
);
CREATE TABLE IF NOT EXISTS _gigops.copied (
    relation oid, part int, reached bigint, rows bigint NOT NULL, done boolean NOT NULL,
    transactions bigint[] NOT NULL, PRIMARY KEY (relation, part)
);
"""


@dataclass(frozen=True)
class Known:
    """What was noted of a source when its tables were made."""

    fingerprint: str
    digest: str
    opened: bool


@dataclass(frozen=True)
class Mark:
    """How far a part of a table is copied: the last row id, or the rows when it has none."""

    reached: int | None
    rows: int
    done: bool


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commits at the end, rolls back on an error; whatever the connection's autocommit is."""
    connection.rollback()
    before, connection.autocommit = connection.autocommit, False
    try:
        yield
        connection.commit()
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    finally:
        if not connection.closed:
            connection.autocommit = before


def hold(connection: Connection, *, session: bool = False) -> None:
    """Takes the migration's lock for this transaction (or session), and ends what a killed run left working
    in the server: it might still commit a batch, or build an index. Raises Busy."""
    word = "pg_try_advisory_lock" if session else "pg_try_advisory_xact_lock"
    until = time.monotonic() + _SECONDS_TO_NOTICE
    with connection.cursor() as cursor:
        while True:
            cursor.execute(f"SELECT {word}({_LOCK})")
            if (cursor.fetchone() or (False,))[0]:
                break
            if time.monotonic() > until:
                raise Busy(
                    "another gigops is copying into this database",
                    hint="wait until it is done, then run again",
                )
            time.sleep(0.05)
    _end_leftovers(connection)


def _end_leftovers(connection: Connection) -> None:
    import psycopg2

    until = time.monotonic() + _SECONDS_TO_END
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LEFT_WORKING)
            left = [pid for (pid,) in cursor.fetchall()]
            if not left:
                return
            try:
                cursor.execute("SELECT pg_catalog.pg_terminate_backend(pid) FROM unnest(%s) AS pid", (left,))
            except psycopg2.errors.InsufficientPrivilege:
                break
            if time.monotonic() > until:
                break
            time.sleep(0.05)
    raise Busy(
        f"sessions of an interrupted run are still at work in the server: {', '.join(map(str, left))}",
        hint=f"as the role that started them: SELECT pg_terminate_backend({left[0]})",
    )


def prepare(connection: Connection) -> None:
    """Makes the tables that are missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.copied')")
        if (cursor.fetchone() or (None,))[0] is None:
            cursor.execute(_TABLES)


def exists(connection: Connection) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.copied') IS NOT NULL")
        return bool((cursor.fetchone() or (False,))[0])


def mark_opened(connection: Connection) -> None:
    """Notes that the application writes to PostgreSQL from now on: nothing is copied over it any more."""
    with transaction(connection):
        prepare(connection)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE _gigops.sources SET opened = true")


def known(connection: Connection, source: SourcePlan) -> Known | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fingerprint, digest, opened FROM _gigops.sources WHERE source = %s AND schema_name = %s",
            (str(source.origin), source.schema),
        )
        row = cursor.fetchone()
    return Known(*row) if row else None


def note_source(connection: Connection, source: SourcePlan, digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO _gigops.sources (source, schema_name, fingerprint, digest) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (source, schema_name) DO UPDATE"
            " SET fingerprint = excluded.fingerprint, digest = excluded.digest, opened = false",
            (str(source.origin), source.schema, source.fingerprint, digest),
        )


def note_table(connection: Connection, table: TablePlan, source_schema: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO _gigops.tables VALUES (%s::regclass::oid, %s, %s, %s, %s)",
            (table.qualified, table.schema, table.name, str(table.origin), source_schema),
        )


def relations(connection: Connection) -> Mapping[tuple[str, str], tuple[int, str, str]]:
    """The tables that are gigops's own and still there: (schema, name) → (oid, source, its schema)."""
    if not exists(connection):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, c.oid, t.source, t.source_schema FROM _gigops.tables t"
            " JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
        )
        return {(row[0], row[1]): (row[2], row[3], row[4]) for row in cursor.fetchall()}


def marks(connection: Connection) -> Mapping[tuple[int, int], Mark]:
    """(oid, part) → how far it is copied."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relation, part, reached, rows, done FROM _gigops.copied")
        return {(row[0], row[1]): Mark(*row[2:]) for row in cursor.fetchall()}


def mark_statement(relation: int, part: int, reached: int | None, rows: int, done: bool) -> str:
    """The statement that belongs in the transaction of a batch. It notes that transaction's number too,
    so that rows of others can be told from ours."""
    values = f"{relation}, {part}, {'NULL' if reached is None else reached}, {rows}, {str(done).lower()}"
    return (
        f"INSERT INTO _gigops.copied VALUES ({values}, ARRAY[txid_current() & 4294967295])"
        " ON CONFLICT (relation, part) DO UPDATE SET reached = excluded.reached, done = excluded.done,"
        " rows = copied.rows + excluded.rows, transactions = copied.transactions || excluded.transactions"
    )


def forget_copied(connection: Connection, oids: list[int]) -> None:
    """What was noted of tables whose rows are gone: how far they were copied, which were set aside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.rejects') IS NOT NULL")
        if (cursor.fetchone() or (False,))[0]:
            cursor.execute("DELETE FROM _gigops.rejects WHERE relation = ANY(%s::oid[])", (oids,))
        cursor.execute("DELETE FROM _gigops.copied WHERE relation = ANY(%s::oid[])", (oids,))


def forget_tables(connection: Connection, oids: list[int]) -> None:
    forget_copied(connection, oids)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM _gigops.tables WHERE relation = ANY(%s::oid[])", (oids,))


def written_by_others(connection: Connection, qualified: str, oid: int) -> bool:
    """Whether the table holds anything but exactly the rows that gigops copied into it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(rows), 0) FROM _gigops.copied WHERE relation = %s", (oid,))
        copied = int((cursor.fetchone() or (0,))[0])
        cursor.execute(
            f"SELECT count(*), count(*) FILTER (WHERE xmin::text::bigint NOT IN (SELECT unnest(transactions)"
            f" FROM _gigops.copied WHERE relation = {oid})) FROM {qualified}"
        )
        found = cursor.fetchone() or (0, 0)
    return (int(found[0]), int(found[1])) != (copied, 0)
