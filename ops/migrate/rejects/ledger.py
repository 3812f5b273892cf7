"""What PostgreSQL remembers of rejects (`_gigops.rejects`): which rows, of which run, which came later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.migrate import state
from ops.migrate.migration import Migration, TablePlan
from ops.migrate.names import literal, quote
from ops.migrate.rejects.lines import key_text
from ops.migrate.rejects.model import Reject, key_names, shown_key

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_TABLE = """
CREATE TABLE IF NOT EXISTS _gigops.rejects (
    relation oid, key text, run text NOT NULL, problems text NOT NULL,
    carried timestamptz, carried_key text, PRIMARY KEY (relation, key)
)
"""
_WHEN = "to_char(carried AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


@dataclass(frozen=True)
class Apart:
    """What stands between the two sides of a table: `lost` are rows that do not fit and were never noted,
    for people; `elsewhere` is the condition (PostgreSQL's SQL) of the rows that `retry` carried."""

    lost: tuple[str, ...] = ()
    elsewhere: str = ""


def exists(connection: Connection) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.rejects') IS NOT NULL")
        return bool((cursor.fetchone() or (False,))[0])


def note(connection: Connection, tables: Sequence[TablePlan], run: str) -> Mapping[tuple[str, str], str]:
    """Notes the rejects of `tables`, and returns the run that each table's belong to: `run`, or the earlier
    one in which they were noted."""
    runs = {}
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        for table, oid in _oids(connection, tables):
            cursor.execute("SELECT run FROM _gigops.rejects WHERE relation = %s LIMIT 1", (oid,))
            row = cursor.fetchone()
            runs[place(table)] = str(row[0]) if row else run
            if row is None:
                cursor.executemany(
                    "INSERT INTO _gigops.rejects (relation, key, run, problems) VALUES (%s, %s, %s, %s)",
                    [(oid, _key(table, reject), run, _problems(reject)) for reject in table.rejects],
                )
    return runs


def noted(connection: Connection, relation: int, run: str) -> Mapping[str, str]:
    """The keys of a table's rejects, and when each was carried (ISO text, `""`: not yet)."""
    if not exists(connection):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, coalesce({_WHEN}, '') FROM _gigops.rejects WHERE relation = %s AND run = %s",
            (relation, run),
        )
        return dict(cursor.fetchall())


def mark_carried(connection: Connection, relation: int, key: str, carried_key: str) -> str:
    """Notes, in the transaction of its INSERT, that the row is carried; returns when, as ISO text (`""`:
    it was carried before)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE _gigops.rejects SET carried = now(), carried_key = %s WHERE relation = %s AND key = %s"
            " AND carried IS NULL"
            f" RETURNING {_WHEN}",
            (carried_key, relation, key),
        )
        return str((cursor.fetchone() or ("",))[0])


def carried_key(columns: Sequence[str], alias: str) -> str:
    """The SQL expression that tells a carried row again: by its key, else by all of it."""
    if columns:
        return f"jsonb_build_array({', '.join(f'{alias}.{quote(name)}' for name in columns)})::text"
    return f"to_jsonb({alias}.*)::text"


def key_in_postgres(table: TablePlan) -> Sequence[str]:
    """The columns that tell the table's rows in PostgreSQL; `()` when it has no key that is filled."""
    key = [table.column(name) for name in table.source.primary_key]
    return [column.name for column in key] if all(column.profile.nulls == 0 for column in key) else []


def apart(connection: Connection, migration: Migration) -> Mapping[tuple[str, str], Apart]:
    """For each table, what a comparison must know beside the rows that both sides have."""
    there = exists(connection)
    found = {}
    for table, oid in _oids(connection, migration.tables):
        known: dict[str, str | None] = {}
        if there:
            with connection.cursor() as cursor:
                cursor.execute("SELECT key, carried_key FROM _gigops.rejects WHERE relation = %s", (oid,))
                known = dict(cursor.fetchall())
        lost = [reject for reject in table.rejects if _key(table, reject) not in known]
        carried = [literal(key) for key in known.values() if key is not None]
        told = carried_key(key_in_postgres(table), table.qualified)
        found[(table.schema, table.name)] = Apart(
            tuple(shown_key(dict(zip(key_names(table.source), r.key, strict=True))) for r in lost),
            f"{told} IN ({', '.join(carried)})" if carried else "",
        )
    return found


def place(table: TablePlan) -> tuple[str, str]:
    """Where the table stands in PostgreSQL."""
    return table.schema, table.name


def _oids(connection: Connection, tables: Sequence[TablePlan]) -> list[tuple[TablePlan, int]]:
    ours = state.relations(connection)
    return [(t, ours[(t.schema, t.name)][0]) for t in tables if (t.schema, t.name) in ours]


def _key(table: TablePlan, reject: Reject) -> str:
    return key_text(dict(zip(key_names(table.source), reject.key, strict=True)))


def _problems(reject: Reject) -> str:
    return json.dumps([[list(p.columns), p.reason] for p in reject.problems], ensure_ascii=False)
