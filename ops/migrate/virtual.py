"""Virtual tables of a SQLite file: those whose content is nowhere else are read as ordinary tables."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace

from ops.migrate.model import Column, LeftOut, Schema, Table
from ops.migrate.sqlitefile import quoted

_START = re.compile(r"\s*CREATE\s+VIRTUAL\s+TABLE\b.*?\bUSING\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)
_CONTENT = re.compile(r"[,(]\s*content\s*=\s*([\"'`]?)([^\"'`,)]*)", re.IGNORECASE)
_FULL_TEXT = ("fts3", "fts4", "fts5")
_SHADOWS = {
    "fts3": ("content", "segments", "segdir", "docsize", "stat"),
    "fts4": ("content", "segments", "segdir", "docsize", "stat"),
    "fts5": ("data", "idx", "content", "docsize", "config"),
    "rtree": ("node", "rowid", "parent"),
    "rtree_i32": ("node", "rowid", "parent"),
    "geopoly": ("node", "rowid", "parent"),
}
"""https://sqlite.org/fts3.html#shadow_tables, fts5.html#the_fts5_data_structures, rtree.html"""


def is_virtual(sql: str) -> bool:
    return _START.match(sql) is not None


def shadow_names(name: str, sql: str) -> set[str]:
    """The tables that are the inside of the virtual table `name`, in lower case. Those of a module that is
    not SQLite's own are tables like any other."""
    return {f"{name}_{suffix}".lower() for suffix in _SHADOWS.get(_module(sql), ())}


def read_virtual(connection: sqlite3.Connection, name: str, sql: str) -> Table | LeftOut:
    """The table to carry, or why it is not carried."""
    module = _module(sql)
    if module not in (*_FULL_TEXT, "rtree", "rtree_i32"):
        return LeftOut("virtual table", name, sql, f"the module `{module}` is none of SQLite's own")
    content = _CONTENT.search(sql)
    if content and module in _FULL_TEXT:
        whose = f"it indexes `{content[2]}`, which is carried" if content[2] else "it keeps no texts"
        return LeftOut("virtual table", name, sql, whose)
    try:
        info = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (name,)).fetchall()
        connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        return LeftOut("virtual table", name, sql, str(error))
    shown = [column for column, hidden in info if hidden != 1]
    if module in _FULL_TEXT:
        key = next(word for word in ("rowid", "docid", "id_") if word not in (c.lower() for c in shown))
        columns = (Column(key, "INTEGER"), *(Column(column, "") for column in shown))
    else:
        kind = "REAL" if module == "rtree" else "INTEGER"
        # After the box come the auxiliary columns, which are of any kind.
        boxes = len([c for c in shown[1:] if not re.search(rf"\+\s*{re.escape(c)}\b", sql)])
        columns = (
            Column(shown[0], "INTEGER"),
            *(Column(column, kind) for column in shown[1 : boxes + 1]),
            *(Column(column, "") for column in shown[boxes + 1 :]),
        )
        key = shown[0]
    return Table(name, columns, (key,), key, quoted(key), module=module)


def without_virtual(schema: Schema) -> Schema:
    """The same with no virtual table carried, for tables that the application made itself."""
    left = tuple(LeftOut("virtual table", t.name) for t in schema.tables if t.module)
    tables = tuple(t for t in schema.tables if not t.module)
    return replace(schema, tables=tables, left_out=(*schema.left_out, *left))


def _module(sql: str) -> str:
    found = _START.match(sql)
    return found[1].lower() if found else ""
