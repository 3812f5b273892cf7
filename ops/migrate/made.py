"""The views and trigger functions that gigops made: noted with their making, dropped with their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.migrate.migration import SourcePlan, Step
from ops.migrate.names import literal, qualified

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

KINDS = ("view", "trigger")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS _gigops.objects (kind text, schema_name text, object_name text,"
    " source text NOT NULL, PRIMARY KEY (kind, schema_name, object_name))"
)
_THERE = """
SELECT o.kind, o.schema_name, o.object_name, o.source FROM _gigops.objects o
    JOIN pg_namespace n ON n.nspname = o.schema_name
WHERE (o.kind = 'view' AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid
    AND c.relname = o.object_name AND c.relkind = 'v'))
  OR (o.kind = 'trigger' AND EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid
    AND p.proname = o.object_name AND p.pronargs = 0 AND p.prorettype = 'trigger'::regtype))
"""


def making(step: Step) -> str:
    """The statements that make a view or trigger, prove it and note it, for one transaction."""
    values = ", ".join(map(literal, (step.kind, step.schema, step.name, step.origin)))
    note = f"INSERT INTO _gigops.objects VALUES ({values}) ON CONFLICT DO NOTHING"
    return ";\n".join(each for each in (_TABLE, step.sql, step.proof, note) if each)


def there(connection: Connection) -> list[tuple[str, str, str, str]]:
    """(kind, schema, name, source) of what gigops made and is still there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.objects') IS NOT NULL")
        if not (cursor.fetchone() or (False,))[0]:
            return []
        cursor.execute(_THERE)
        return [(row[0], row[1], row[2], row[3]) for row in cursor.fetchall()]


def drop_statements(connection: Connection, source: SourcePlan) -> list[str]:
    """What drops the views and trigger functions of `source`; their triggers go with them."""
    ours = [(kind, schema, name) for kind, schema, name, origin in there(connection)
            if (schema, origin) == (source.schema, str(source.origin))]  # fmt: skip
    views = [qualified(schema, name) for kind, schema, name in ours if kind == "view"]
    functions = [f"{qualified(schema, name)}()" for kind, schema, name in ours if kind == "trigger"]
    statements = [f"DROP FUNCTION {', '.join(functions)} CASCADE"] if functions else []
    statements += [f"DROP VIEW {', '.join(views)}"] if views else []
    if ours:
        where = f"schema_name = {literal(source.schema)} AND source = {literal(str(source.origin))}"
        statements.append(f"DELETE FROM _gigops.objects WHERE {where}")
    return statements
