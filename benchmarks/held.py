"""What a PostgreSQL database and a SQLite file hold beside rows, counted the same way for every contender."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ops.database.connect import connect
from ops.migrate.migration import Migration
from ops.values import DatabaseUrl

_OURS = "nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '_gigops')"
_RULES = f"""
WITH tables AS (
    SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}
)
SELECT
    (SELECT count(*) FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid WHERE t.relkind = 'r'
        AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped AND NOT EXISTS (SELECT 1 FROM pg_index i
        WHERE i.indrelid = t.oid AND i.indisprimary AND a.attnum = ANY(i.indkey))),
    (SELECT count(*) FROM pg_constraint JOIN tables t ON t.oid = conrelid WHERE contype = 'c'),
    (SELECT count(*) FROM pg_constraint JOIN tables t ON t.oid = conrelid WHERE contype = 'f'),
    (SELECT count(*) FROM tables WHERE relkind IN ('v', 'm')),
    (SELECT count(*) FROM pg_trigger JOIN tables t ON t.oid = tgrelid WHERE NOT tgisinternal)
"""
_TABLES = f"""
SELECT format('%I.%I', n.nspname, c.relname), c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND {_OURS}
"""


@dataclass(frozen=True)
class Held:
    """Rows of the file's ordinary tables, NOT NULLs of columns that are no key, CHECKs, foreign keys, views,
    triggers."""

    rows: int
    not_nulls: int
    checks: int
    foreign_keys: int
    views: int
    triggers: int

    @property
    def rules(self) -> str:
        return "·".join(map(str, (self.not_nulls, self.checks, self.foreign_keys, self.views, self.triggers)))


def in_sqlite(path: Path, migration: Migration) -> Held:
    tables = [table.source for table in migration.tables]
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        counts = dict(connection.execute("SELECT type, count(*) FROM sqlite_master GROUP BY type"))
    return Held(
        sum(table.profile.rows for table in migration.tables),
        sum(c.not_null and c.name not in table.primary_key for table in tables for c in table.columns),
        sum(len(table.checks) for table in tables),
        sum(len(table.foreign_keys) for table in tables),
        counts.get("view", 0),
        counts.get("trigger", 0),
    )


def in_postgres(url: DatabaseUrl, names: Sequence[str]) -> Held:
    """What is there; rows of the tables called `names` alone, in any case."""
    wanted = {name.lower() for name in names}
    with closing(connect(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [qualified for qualified, name in cursor.fetchall() if name.lower() in wanted]
        rows = 0
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            rows += (cursor.fetchone() or (0,))[0]
        cursor.execute(_RULES)
        return Held(rows, *(cursor.fetchone() or (0, 0, 0, 0, 0)))
