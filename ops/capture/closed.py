"""PostgreSQL's own gate: between the copy and `open`, its tables refuse every write but gigops's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

SQLSTATE = "GG001"
_TRIGGER = "_gigops_fence"

Table = tuple[str, str]
"""Schema and name."""


def close(connection: Connection, tables: Sequence[Table]) -> None:
    """Makes `tables` refuse writes (SQLSTATE GG001), in one transaction. Repeating it is harmless.

    A session that set `gigops.copying` to `on` is let through.
    """
    from psycopg2 import sql

    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS _gigops")
        cursor.execute(_FUNCTION)
        for schema, name in tables:
            table, trigger = sql.Identifier(schema, name), sql.Identifier(_TRIGGER)
            cursor.execute(sql.SQL("DROP TRIGGER IF EXISTS {} ON {}").format(trigger, table))
            cursor.execute(
                sql.SQL(
                    "CREATE TRIGGER {} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION _gigops.fence()"
                ).format(trigger, table)
            )


def open_(connection: Connection) -> int:
    """Lets everybody write again to every table that `close` closed, in one transaction; returns how many
    those were. Repeating it is harmless."""
    from psycopg2 import sql

    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname = %s",
            (_TRIGGER,),
        )
        closed = cursor.fetchall()
        for schema, name in closed:
            table, trigger = sql.Identifier(schema, name), sql.Identifier(_TRIGGER)
            cursor.execute(sql.SQL("DROP TRIGGER {} ON {}").format(trigger, table))
    return len(closed)


_FUNCTION = f"""
CREATE OR REPLACE FUNCTION _gigops.fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('gigops.copying', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION USING
            ERRCODE = '{SQLSTATE}',
            MESSAGE = 'gigops-fence: this database is not open yet: the move from SQLite is not complete',
            HINT = 'gigops cutover status';
    END IF;
    RETURN NULL;
END $$
"""
