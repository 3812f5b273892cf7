"""Which columns, keys and constraints PostgreSQL really has, from its own catalog, beside what was meant."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ops.migrate.migration import Migration

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_PLURALS = {
    "primary key": "primary keys",
    "unique": "unique",
    "index": "other indexes",
    "foreign key": "foreign keys",
    "check": "checks",
}
_OTHERS = {"view": "views", "trigger": "triggers"}


@dataclass(frozen=True)
class Count:
    """`missing` names those that were meant and are not there. Without `vital` ones nothing is lost of what
    the database holds or refuses."""

    name: str
    expected: int
    present: int
    missing: tuple[str, ...] = ()
    vital: bool = True


def present_columns(
    connection: Connection, schemas: Sequence[str]
) -> Mapping[tuple[str, str], frozenset[str]]:
    """(schema, table) → its columns."""
    found: dict[tuple[str, str], set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s) AND a.attnum > 0"
            " AND NOT a.attisdropped AND c.relkind IN ('r', 'p')",
            (list(schemas),),
        )
        for schema, table, column in cursor.fetchall():
            found.setdefault((schema, table), set()).add(column)
    return {key: frozenset(columns) for key, columns in found.items()}


def count_constraints(migration: Migration, connection: Connection) -> tuple[Count, ...]:
    """Tables, NOT NULLs, keys, indexes and constraints: meant and present."""
    present = present_columns(connection, migration.schemas)
    named = _named(connection, migration.schemas)
    filled = _not_nulls(connection, migration.schemas)
    tables = [(table.schema, table.name) for table in migration.tables]
    counts = [_count("tables", tables, present)]
    wanted = [
        (table.schema, table.name, column.name)
        for table in migration.tables
        for column in table.columns
        if (column.source.not_null and not column.profile.nulls)
        or column.source.name == table.source.rowid_alias
    ]
    counts.append(_count("not nulls", wanted, filled))
    for kind, plural in _PLURALS.items():
        steps = [(s.schema, s.table, s.name) for s in migration.after if s.kind == kind]
        counts.append(_count(plural, steps, named))
    objects = _objects(connection, migration.schemas)
    for kind, plural in _OTHERS.items():
        steps = [(s.schema, s.table, s.name) for s in migration.after if s.kind == kind]
        counts += [replace(_count(plural, steps, objects), vital=False)] if steps else []
    return tuple(counts)


def _count(name: str, wanted: Sequence[tuple[str, ...]], there: Container[object]) -> Count:
    missing = tuple(".".join(each) for each in wanted if each not in there)
    return Count(name, len(wanted), len(wanted) - len(missing), missing)


def _named(connection: Connection, schemas: Sequence[str]) -> set[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, k.conname FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%(s)s)"
            " UNION SELECT n.nspname, c.relname, i.relname FROM pg_index x"
            " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = ANY(%(s)s) AND x.indisvalid",
            {"s": list(schemas)},
        )
        return {(row[0], row[1], row[2]) for row in cursor.fetchall()}


def _objects(connection: Connection, schemas: Sequence[str]) -> set[tuple[str, str, str]]:
    """Views (as their own tables) and triggers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, c.relname FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = ANY(%(s)s) AND c.relkind = 'v'"
            " UNION SELECT n.nspname, c.relname, t.tgname FROM pg_trigger t JOIN pg_class c"
            " ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = ANY(%(s)s) AND NOT t.tgisinternal",
            {"s": list(schemas)},
        )
        return {(row[0], row[1], row[2]) for row in cursor.fetchall()}


def _not_nulls(connection: Connection, schemas: Sequence[str]) -> set[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s) AND a.attnotnull"
            " AND a.attnum > 0",
            (list(schemas),),
        )
        return {(row[0], row[1], row[2]) for row in cursor.fetchall()}
