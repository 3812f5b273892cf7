"""Foreign keys and triggers taken off for the load: noted in PostgreSQL as they are taken off, and put back.

`_gigops.held` keeps what makes each anew, so that after a kill at any moment a second run puts it back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ops.migrate.existing.model import TargetKey, TargetTrigger
from ops.migrate.names import quote
from ops.migrate.state import transaction

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from ops.migrate.existing.model import TargetTable

_TABLES = """
CREATE TABLE IF NOT EXISTS _gigops.filled (relation oid PRIMARY KEY);
CREATE TABLE IF NOT EXISTS _gigops.held (
    relation oid, kind text, name text, definition text NOT NULL, columns text[] NOT NULL,
    parent_schema text NOT NULL, parent text NOT NULL, parent_columns text[] NOT NULL, valid boolean NOT NULL,
    PRIMARY KEY (relation, kind, name)
);
"""
_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


@dataclass
class Held:
    """What was taken off one table."""

    keys: list[TargetKey] = field(default_factory=list)
    triggers: list[TargetTrigger] = field(default_factory=list)


def prepare(connection: Connection) -> None:
    """Makes the tables of the notes, where they are missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.held')")
        if (cursor.fetchone() or (None,))[0] is None:
            cursor.execute(_TABLES)


def filled(connection: Connection) -> frozenset[int]:
    """The oids of tables that gigops fills and did not make."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.filled') IS NOT NULL")
        if not (cursor.fetchone() or (False,))[0]:
            return frozenset()
        cursor.execute("SELECT relation FROM _gigops.filled")
        return frozenset(row[0] for row in cursor.fetchall())


def note_filled(connection: Connection, oids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO _gigops.filled SELECT unnest(%s::oid[]) ON CONFLICT DO NOTHING", (list(oids),)
        )


def read(connection: Connection) -> Mapping[int, Held]:
    """oid → what is off the table."""
    found: dict[int, Held] = defaultdict(Held)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.held') IS NOT NULL")
        if not (cursor.fetchone() or (False,))[0]:
            return found
        cursor.execute(
            "SELECT relation, kind, name, definition, columns, parent_schema, parent, parent_columns, valid"
            " FROM _gigops.held ORDER BY relation, kind, name"
        )
        for oid, kind, name, definition, columns, schema, parent, to, valid in cursor.fetchall():
            if kind == "trigger":
                found[oid].triggers.append(TargetTrigger(name, definition))
            else:
                key = TargetKey(name, definition, tuple(columns), (schema, parent), tuple(to), valid)
                found[oid].keys.append(key)
    return found


def take_off(connection: Connection, table: TargetTable, oid: int, *, keys: bool) -> None:
    """Drops the table's foreign keys (with `keys`) and disables its triggers, and notes them, within the
    caller's transaction. What is off already stays so."""
    target = _name(table)
    with connection.cursor() as cursor:
        for key in table.foreign_keys if keys else ():
            _note(connection, oid, "key", key.name, key.definition, key)
            cursor.execute(f"ALTER TABLE {target} DROP CONSTRAINT IF EXISTS {quote(key.name)}")
        for trigger in table.triggers:
            _note(connection, oid, "trigger", trigger.name, trigger.enabled, None)
            cursor.execute(f"ALTER TABLE {target} DISABLE TRIGGER {quote(trigger.name)}")


def put_back(connection: Connection, tables: Sequence[TargetTable]) -> tuple[str, ...]:
    """Enables the triggers, and forgets what is back: the foreign keys were made by the migration's own
    steps before. Returns those that are still missing."""
    missing = []
    with transaction(connection):
        off = read(connection)
        oids = _oids(connection)
        for table in tables:
            oid = oids.get((table.schema, table.name), 0)
            for trigger in off[oid].triggers if oid in off else ():
                word = _ENABLE[trigger.enabled]
                _run(connection, f"ALTER TABLE {_name(table)} {word} TRIGGER {quote(trigger.name)}")
                _forget(connection, oid, "trigger", trigger.name)
            for key in off[oid].keys if oid in off else ():
                if _stands(connection, oid, key.name):
                    _forget(connection, oid, "key", key.name)
                else:
                    missing.append(f"{table.label}.{key.name}")
    return tuple(missing)


def _note(
    connection: Connection, oid: int, kind: str, name: str, definition: str, key: TargetKey | None
) -> None:
    key = key or TargetKey("", "", (), ("", ""))
    values = (
        oid,
        kind,
        name,
        definition,
        list(key.columns),
        *key.parent,
        list(key.parent_columns),
        key.valid,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO _gigops.held VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            values,
        )


def _forget(connection: Connection, oid: int, kind: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM _gigops.held WHERE relation = %s AND kind = %s AND name = %s", (oid, kind, name)
        )


def _stands(connection: Connection, oid: int, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conrelid = %s AND conname = %s", (oid, name))
        return cursor.fetchone() is not None


def _oids(connection: Connection) -> dict[tuple[str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.oid IN (SELECT relation FROM _gigops.held)"
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _name(table: TargetTable) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}"


def _run(connection: Connection, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
