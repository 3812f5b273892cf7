"""Views of a SQLite file: what their columns are called, and what they give, to compare it by."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace

from ops.migrate.model import ColumnSum, View
from ops.migrate.sqlitefile import quoted

_PATIENCE = 2.0  # seconds for a view
_ALL_PATIENCE = 5.0  # for all views of a file: an application may be waiting
_STEPS = 10_000  # of SQLite's machine between looks at the clock
_MEASURES = (
    "count({0})", "count(CASE WHEN typeof({0}) = 'integer' THEN 1 END)",
    "count(CASE WHEN typeof({0}) = 'real' THEN 1 END)", "count(CASE WHEN typeof({0}) = 'text' THEN 1 END)",
    "coalesce(sum(CASE WHEN typeof({0}) = 'integer' THEN {0} % 1000003 END), 0)",
    "total(CASE WHEN typeof({0}) = 'real' THEN {0} END)",
    "coalesce(sum(CASE WHEN typeof({0}) = 'text' THEN length({0}) END), 0)",
)  # fmt: skip
_MOST = 250  # columns: SQLite's results have 2,000


def read_view(connection: sqlite3.Connection, name: str, sql: str) -> View:
    """The view, with the reason when SQLite itself cannot read it."""
    try:
        rows = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (name,)).fetchall()
        connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 0").fetchone()
    except sqlite3.OperationalError as error:
        return View(name, sql, problem=str(error))
    return View(name, sql, tuple(column for (column,) in rows))


def measured(connection: sqlite3.Connection, views: Sequence[View]) -> tuple[View, ...]:
    """The views with what they give, as far as that is told within seconds."""
    end = time.monotonic() + _ALL_PATIENCE
    return tuple(_measured(connection, view, min(end, time.monotonic() + _PATIENCE)) for view in views)


def _measured(connection: sqlite3.Connection, view: View, end: float) -> View:
    if (
        view.problem
        or len(view.columns) > _MOST
        or len(set(map(str.lower, view.columns))) < len(view.columns)
    ):
        return view
    wanted = [measure.format(quoted(column)) for column in view.columns for measure in _MEASURES]
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        row = connection.execute(f"SELECT count(*), {', '.join(wanted)} FROM {quoted(view.name)}").fetchone()
    except sqlite3.Error:
        return view  # too slow, or one of its rows is an error in SQLite itself
    finally:
        connection.set_progress_handler(None, 0)
    size = len(_MEASURES)
    sums = tuple(ColumnSum(*row[at : at + size]) for at in range(1, len(row), size))
    return replace(view, rows=row[0], sums=sums)
