"""Reads the tables that are in PostgreSQL already: columns, types, keys, triggers, and our rights to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ops.migrate.existing import held
from ops.migrate.existing.history import level_columns, level_of
from ops.migrate.existing.model import (
    Standing,
    TargetColumn,
    TargetKey,
    TargetTable,
    TargetTrigger,
    TargetType,
)
from ops.migrate.names import qualified, quote
from ops.migrate.state import exists, transaction

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_TABLES = """
SELECT c.oid, n.nspname, c.relname, pg_has_role(current_user, c.relowner, 'USAGE'),
    row_security_active(c.oid), ARRAY(SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) r
        WHERE has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, r))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
        AND d.deptype = 'e')
ORDER BY 2, 3
"""
_COLUMNS = """
SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.attidentity <> '' OR (a.atthasdef AND a.attgenerated = ''), a.attgenerated <> '',
    coalesce(CASE WHEN has_schema_privilege(n.oid, 'USAGE') THEN
        pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) END,
        (SELECT quote_ident(m.nspname) || '.' || quote_ident(s.relname) FROM pg_attrdef d
            JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
            JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
            JOIN pg_namespace m ON m.oid = s.relnamespace
            WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum LIMIT 1), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""
_TYPES = """
SELECT t.oid, t.typname, t.typtype::text, t.typcategory::text, t.typbasetype, t.typtypmod,
    ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM pg_type t WHERE t.typtype <> 'c'
"""
_KEYS = """
SELECT k.conrelid, k.conname, pg_get_constraintdef(k.oid), n.nspname, p.relname, k.convalidated,
    has_table_privilege(p.oid, 'REFERENCES'),
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number ORDER BY c.place),
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS c (number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.number ORDER BY c.place)
FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY(%s::oid[]) ORDER BY k.conrelid, k.conname
"""
_TRIGGERS = """
SELECT tgrelid, tgname, tgenabled::text FROM pg_trigger
WHERE NOT tgisinternal AND tgparentid = 0 AND tgenabled <> 'D' AND tgrelid = ANY(%s::oid[]) ORDER BY 1, 2
"""


def read_standing(connection: Connection, schemas: Sequence[str]) -> Standing:
    """The tables of `schemas`. What an earlier run of ours took off them for the load counts as there."""
    with transaction(connection):
        _rows(connection, "SELECT set_config('search_path', '', true)")  # so that definitions name schemas
        known = exists(connection)
        tables = _rows(connection, _TABLES, list(schemas))
        oids = [row[0] for row in tables]
        columns = _columns(connection, oids)
        keys, triggers = _keys(connection, oids), _triggers(connection, oids)
        for oid, found in held.read(connection).items() if known else ():
            keys[oid] += [key for key in found.keys if key.name not in {k.name for k in keys[oid]}]
            there = {trigger.name for trigger in triggers[oid]}
            triggers[oid] += [trigger for trigger in found.triggers if trigger.name not in there]
        filling = held.filled(connection)
        ours = dict(_rows(connection, "SELECT relation, source FROM _gigops.tables")) if known else {}
        found_tables = tuple(
            TargetTable(
                schema, name, tuple(columns[oid]), tuple(keys[oid]), tuple(triggers[oid]), owned,
                frozenset(rights), hidden, "SELECT" in rights and _holds_rows(connection, schema, name),
                ours.get(oid, "") if oid in filling else "", oid in ours and oid not in filling,
            )
            for oid, schema, name, owned, hidden, rights in tables
        )  # fmt: skip
        return Standing(found_tables, tuple(_levels(connection, found_tables)))


def _columns(connection: Connection, oids: Sequence[int]) -> dict[int, list[TargetColumn]]:
    types = {row[0]: row[1:] for row in _rows(connection, _TYPES)}
    found: dict[int, list[TargetColumn]] = defaultdict(list)
    for oid, name, of_type, size, shown, not_null, filled, generated, sequence in _rows(
        connection, _COLUMNS, list(oids)
    ):
        kind = _type(types, of_type, size, shown)
        found[oid].append(TargetColumn(name, kind, not_null, filled, generated, sequence))
    return found


def _type(types: dict[int, tuple[Any, ...]], oid: int, size: int, shown: str) -> TargetType:
    domain = False
    while types[oid][1] == "d":
        domain, size, oid = True, types[oid][4], types[oid][3]
    name, _, category, _, _, labels = types[oid]
    scale = -1
    if size >= 4 and name in ("varchar", "bpchar"):
        size -= 4
    elif size >= 4 and name == "numeric":
        # The two halves of a numeric's modifier: numeric_typmod_precision and _scale in PostgreSQL's
        # numeric.c; the scale has 11 bits and a sign.
        size, scale = (size - 4) >> 16, ((size - 4) & 0x7FF ^ 1024) - 1024
    return TargetType(shown, name, category, size, scale, tuple(labels), domain)


def _keys(connection: Connection, oids: Sequence[int]) -> dict[int, list[TargetKey]]:
    found: dict[int, list[TargetKey]] = defaultdict(list)
    for oid, name, definition, schema, parent, valid, ours, columns, to in _rows(
        connection, _KEYS, list(oids)
    ):
        key = TargetKey(name, definition, tuple(columns), (schema, parent), tuple(to), valid, ours)
        found[oid].append(key)
    return found


def _triggers(connection: Connection, oids: Sequence[int]) -> dict[int, list[TargetTrigger]]:
    found: dict[int, list[TargetTrigger]] = defaultdict(list)
    for oid, name, enabled in _rows(connection, _TRIGGERS, list(oids)):
        found[oid].append(TargetTrigger(name, enabled))
    return found


def _levels(
    connection: Connection, tables: Sequence[TargetTable]
) -> list[tuple[tuple[str, str], frozenset[str]]]:
    found = []
    for table in tables:
        named = level_columns(table.name, tuple(column.name for column in table.columns))
        if named and "SELECT" in table.rights:
            columns = ", ".join(quote(name) for name in named)
            rows = _rows(connection, f"SELECT {columns} FROM {qualified(table.schema, table.name)}")
            found.append(((table.schema, table.name), frozenset(level_of(row) for row in rows)))
    return found


def _holds_rows(connection: Connection, schema: str, name: str) -> bool:
    return bool(_rows(connection, f"SELECT EXISTS (SELECT 1 FROM {qualified(schema, name)})")[0][0])


def _rows(connection: Connection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall()
