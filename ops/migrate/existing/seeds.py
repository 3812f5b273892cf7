"""Rows that the application's own migrations put into PostgreSQL: which of them SQLite's rows may replace."""

from __future__ import annotations

import sqlite3

from ops.migrate.careful import Misfit, as_text, convert_value
from ops.migrate.existing.look import as_input_text
from ops.migrate.existing.match import Pair
from ops.migrate.existing.server import Server
from ops.migrate.migration import TablePlan
from ops.migrate.names import quote
from ops.migrate.sqlitefile import quoted

FRAMEWORK = {"django_content_type", "auth_permission", "django_site"}
"""Filled by Django itself after each migrate, numbered as it comes: with SQLite's rows the ids agree."""
MOST_ROWS = 10_000


def same_rows(connection: sqlite3.Connection, plan: TablePlan, pair: Pair, server: Server) -> bool:
    """Whether each row of PostgreSQL's table is one of SQLite's, by the columns that both have. A table of
    more than ten thousand rows is no seed."""
    names = ", ".join(f"{quote(column.name)}::text" for column in plan.columns)
    with server.connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM {plan.qualified} LIMIT {MOST_ROWS + 1}")
        there = set(cursor.fetchall())
    if len(there) > MOST_ROWS or not plan.columns:
        return False
    return there <= _as_postgres(connection, plan, pair, server)


def _as_postgres(
    connection: sqlite3.Connection, plan: TablePlan, pair: Pair, server: Server
) -> set[tuple[str | None, ...]]:
    """SQLite's rows as PostgreSQL would write them; those that it would not take are left out."""
    columns = [quoted(column.source.name) for column in plan.columns]
    factory, connection.text_factory = connection.text_factory, as_text
    try:
        sql = f"SELECT {', '.join(columns)} FROM {quoted(plan.source.name)} LIMIT {MOST_ROWS}"
        rows = connection.execute(sql).fetchall()
    finally:
        connection.text_factory = factory
    cells: list[list[str | None]] = []
    for i, (column, (_, target)) in enumerate(zip(plan.columns, pair.columns, strict=True)):
        texts: list[str | None] = []
        for row in rows:
            try:
                made = convert_value(column, row[i])
            except Misfit:
                made = None
            texts.append(None if made is None else as_input_text(made))
        given = sorted({text for text in texts if text is not None})
        refused = server.refused(target.type.shown, given)
        taken = [text for text in given if text not in refused]
        canonical = dict(zip(taken, server.canonical(target.type.shown, taken), strict=True))
        cells.append([None if text is None else canonical.get(text) for text in texts])
    return set(zip(*cells, strict=True))
