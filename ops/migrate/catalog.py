"""A SQLite file's own catalog, read into a Schema."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

from ops.migrate.model import Column, ForeignKey, Index, IndexPart, LeftOut, Schema, Table, Trigger, View
from ops.migrate.sqlitefile import quoted
from ops.migrate.sqltext import ColumnText, TableText, read_create_index, read_create_table
from ops.migrate.viewing import read_view
from ops.migrate.virtual import is_virtual, read_virtual, shadow_names

OWN = "_gigops_"
"""What gigops itself puts into a SQLite file (fence, capture) begins so, and is no part of it."""
_HEADER = ("user_version", "application_id")


def read_schema(connection: sqlite3.Connection, path: Path, *, orphans: bool = True) -> Schema:
    """Everything the file declares, tables in the order they were made; with `orphans` counted too."""
    encoding = str(connection.execute("PRAGMA encoding").fetchone()[0])
    rows = connection.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY rowid"
    ).fetchall()
    virtual = {name: sql for kind, name, _, sql in rows if kind == "table" and is_virtual(sql)}
    shadows = {low for name, sql in virtual.items() for low in shadow_names(name, sql)}
    tables, left_out, views, triggers = list[Table](), list[LeftOut](), list[View](), list[Trigger]()
    for kind, name, of_table, sql in rows:
        if name.startswith(OWN):
            continue
        if name in virtual and kind == "table":
            found = read_virtual(connection, name, sql)
            tables += [found] if isinstance(found, Table) else []
            left_out += [found] if isinstance(found, LeftOut) else []
        elif kind == "table" and name.lower() in shadows:
            left_out.append(LeftOut("shadow table", name, sql))
        elif kind == "view":
            views.append(read_view(connection, name, sql))
        elif kind == "trigger":
            triggers.append(Trigger(name, of_table, sql))
        elif kind == "table" and not name.lower().startswith("sqlite_"):
            tables.append(_read_table(connection, name, sql))
        elif kind == "index" and of_table in virtual:
            left_out.append(LeftOut("index", name, sql))
    by_name = {t.name.lower(): t for t in tables}
    resolved = [_with_parents(table, by_name) for table in tables]
    if orphans:
        resolved = [with_orphans(connection, table, by_name) for table in resolved]
    version, application = (connection.execute(f"PRAGMA {word}").fetchone()[0] for word in _HEADER)
    return Schema(
        path, encoding, tuple(resolved), tuple(left_out), tuple(views), tuple(triggers), version, application
    )


def _read_table(connection: sqlite3.Connection, name: str, sql: str) -> Table:
    text = read_create_table(sql)
    info = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (name,)
    ).fetchall()
    columns = tuple(
        Column(
            column,
            declared or "",
            bool(not_null),
            default,
            _of(text, column).collation,
            (_of(text, column).generated or "") if hidden in (2, 3) else None,
        )
        for column, declared, not_null, default, _, hidden in info
    )
    key = tuple(row[0] for row in sorted((r for r in info if r[4]), key=lambda r: r[4]))
    indexes = _read_indexes(connection, name)
    alias = None
    if len(key) == 1 and not text.without_rowid and not any(i.origin == "pk" for i in indexes):
        declared = next(c.declared for c in columns if c.name == key[0])
        alias = key[0] if declared.upper() == "INTEGER" else None
    return Table(
        name=name,
        columns=columns,
        primary_key=key,
        rowid_alias=alias,
        rowid_name=None if text.without_rowid else _rowid_name(columns, alias),
        autoincrement=text.autoincrement,
        sequence=_sequence(connection, name) if text.autoincrement else None,
        indexes=indexes,
        foreign_keys=_read_foreign_keys(connection, name, text),
        checks=text.checks,
    )


def _of(text: TableText, column: str) -> ColumnText:
    return text.columns.get(column.lower(), ColumnText())


def _rowid_name(columns: tuple[Column, ...], alias: str | None) -> str | None:
    if alias:
        return quoted(alias)
    names = {c.name.lower() for c in columns}
    return next((word for word in ("rowid", "_rowid_", "oid") if word not in names), None)


def _sequence(connection: sqlite3.Connection, table: str) -> int | None:
    row = connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return int(row[0]) if row and isinstance(row[0], int) else None


def _read_indexes(connection: sqlite3.Connection, table: str) -> tuple[Index, ...]:
    listed = connection.execute(
        'SELECT name, "unique", origin FROM pragma_index_list(?) ORDER BY seq DESC', (table,)
    ).fetchall()
    found = []
    for name, unique, origin in listed:
        row = connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)
        ).fetchone()
        texts, where = read_create_index(row[0]) if row and row[0] else ((), None)
        parts = connection.execute(
            'SELECT cid, name, "desc", coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno', (name,)
        ).fetchall()
        found.append(
            Index(
                name,
                bool(unique),
                origin,
                tuple(
                    IndexPart(
                        column if cid >= 0 else None,
                        texts[i] if cid < 0 and i < len(texts) else "",
                        bool(descending),
                        (collation or "BINARY").upper(),
                    )
                    for i, (cid, column, descending, collation) in enumerate(parts)
                ),
                where,
            )
        )
    return tuple(found)


def _read_foreign_keys(connection: sqlite3.Connection, table: str, text: TableText) -> tuple[ForeignKey, ...]:
    grouped: dict[int, list[tuple[str, str, str | None, str, str]]] = {}
    for number, parent, child, to, on_update, on_delete in connection.execute(
        'SELECT id, "table", "from", "to", on_update, on_delete'
        " FROM pragma_foreign_key_list(?) ORDER BY id, seq",
        (table,),
    ):
        grouped.setdefault(number, []).append((parent, child, to, on_update, on_delete))
    # SQLite numbers them from the last one written to the first.
    flags = dict(zip(sorted(grouped, reverse=True), text.deferred, strict=False))
    return tuple(
        ForeignKey(
            tuple(row[1] for row in rows),
            rows[0][0],
            tuple(row[2] for row in rows if row[2] is not None),
            rows[0][3],
            rows[0][4],
            flags.get(number, False),
        )
        for number, rows in sorted(grouped.items(), reverse=True)
    )


def _with_parents(table: Table, tables: dict[str, Table]) -> Table:
    keys = []
    for key in table.foreign_keys:
        parent = tables.get(key.parent.lower())
        columns: tuple[str, ...] = ()
        if parent:
            wanted = key.parent_columns or parent.primary_key
            known = [parent.column(name) for name in wanted]
            columns = tuple(c.name for c in known if c) if all(known) else ()
        children = tuple((table.column(c) or Column(c, "")).name for c in key.columns)
        fits = len(columns) == len(children)
        name = parent.name if parent else key.parent
        keys.append(replace(key, columns=children, parent=name, parent_columns=columns if fits else ()))
    return replace(table, foreign_keys=tuple(keys))


def with_orphans(connection: sqlite3.Connection, table: Table, tables: dict[str, Table]) -> Table:
    """`table` with the rows counted whose parent is missing; `tables` by their lower-case names."""
    keys = []
    for key in table.foreign_keys:
        # Without a key to look the parent up by, the search would take rows times rows.
        if not key.parent_columns or not tables[key.parent.lower()].finds(key.parent_columns):
            keys.append(key)
            continue
        pairs = list(zip(key.columns, key.parent_columns, strict=True))
        match = " AND ".join(f"p.{quoted(to)} = c.{quoted(of)}" for of, to in pairs)
        given = " AND ".join(f"c.{quoted(of)} IS NOT NULL" for of, _ in pairs)
        example = " || ', ' || ".join(f"quote(c.{quoted(of)})" for of, _ in pairs)
        count, shown = connection.execute(
            f"SELECT count(*), min({example}) FROM {quoted(table.name)} c WHERE {given} AND NOT EXISTS"
            f" (SELECT 1 FROM {quoted(key.parent)} p WHERE {match})"
        ).fetchone()
        keys.append(replace(key, orphans=count, orphan_example=shown or ""))
    return replace(table, foreign_keys=tuple(keys))
