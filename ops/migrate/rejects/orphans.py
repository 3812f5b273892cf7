"""Rows whose parent is missing: in SQLite already, or because the parent itself is not carried."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ops.errors import Refused
from ops.migrate.migration import TablePlan
from ops.migrate.model import ForeignKey, Note, Table
from ops.migrate.rejects.book import Page
from ops.migrate.rejects.literals import left_out
from ops.migrate.rejects.model import Problem
from ops.migrate.sqlitefile import quoted

NO_PARENT = "no parent"


def reject_orphans(pages: Sequence[Page]) -> None:
    """Rejects every row without its parent, then those whose parent was rejected, until none is left."""
    by_name = {page.table.source.name: page for page in pages}
    changed = True
    while changed:
        changed = False
        for page in pages:
            for key, parent in _provable(page.table.source, by_name):
                if not key.orphans and not parent.rows():
                    continue
                name = quoted(page.table.source.name)
                lost = orphans(page.table.source, key, f"NOT {parent.holds('p')}")
                rows = f"{name} WHERE {lost} AND NOT {page.holds(name)}"
                new = page.add_from(rows, Problem(key.columns, f"{NO_PARENT} in {key.parent}"))
                changed = changed or new > 0


def count_orphans(connection: sqlite3.Connection, pages: Sequence[Page]) -> list[TablePlan]:
    """The tables, their foreign keys with as many orphans as there are among the rows that are carried."""
    by_name = {page.table.source.name: page for page in pages}
    found = []
    for page in pages:
        table, keys = page.table, list(page.table.source.foreign_keys)
        for i, key in enumerate(keys):
            parent = by_name.get(key.parent)
            if parent is None or not _is_provable(key, parent.table.source):
                continue
            if not (parent.rows() or (key.orphans and page.rows())):
                continue
            lost = orphans(table.source, key, f"NOT {parent.holds('p')}")
            name = quoted(table.source.name)
            shown = " || ', ' || ".join(f"quote({name}.{quoted(of)})" for of in key.columns)
            count, example = connection.execute(
                f"SELECT count(*), min({shown}) FROM {name} WHERE {lost} AND NOT {page.holds(name)}"
            ).fetchone()
            keys[i] = replace(key, orphans=count, orphan_example=example or "")
        found.append(replace(table, source=replace(table.source, foreign_keys=tuple(keys))))
    return found


def null_orphans(tables: Sequence[TablePlan]) -> tuple[list[TablePlan], list[Note]]:
    """The tables with references to missing parents made NULL, and a note for each foreign key.

    Raises Refused where a reference may not be NULL."""
    by_name = {table.source.name: table for table in tables}
    made, notes = [], list[Note]()
    for table in tables:
        keys, nulled = list(table.source.foreign_keys), dict(table.nulled)
        for i, key in enumerate(keys):
            if not key.orphans:
                continue
            parent = by_name[key.parent]
            gone = left_out(parent.source, parent.rejects, parent.encoding, alias="p")
            lost = orphans(table.source, key, f"NOT {gone}" if gone else "")
            for name in _may_be_null(table, key):
                nulled[name] = f"{nulled[name]} OR {lost}" if name in nulled else lost
            where = f"{table.label}({', '.join(key.columns)}) REFERENCES {key.parent}"
            notes.append(
                Note(where, f"{key.orphans} rows have no parent ({key.orphan_example}): it is NULL there")
            )
            keys[i] = replace(key, orphans=0, orphan_example="")
        source = replace(table.source, foreign_keys=tuple(keys))
        made.append(replace(table, source=source, nulled=nulled))
    return made, notes


def orphans(table: Table, key: ForeignKey, parent_counts: str) -> str:
    """The condition that a row of `table` has no parent by `key`; `parent_counts`, of the alias `p`, says
    which parents there are."""
    name = quoted(table.name)
    pairs = list(zip(key.columns, key.parent_columns, strict=True))
    given = " AND ".join(f"{name}.{quoted(of)} IS NOT NULL" for of, _ in pairs)
    match = " AND ".join(f"p.{quoted(to)} = {name}.{quoted(of)}" for of, to in pairs)
    match += f" AND {parent_counts}" if parent_counts else ""
    return f"({given} AND NOT EXISTS (SELECT 1 FROM {quoted(key.parent)} p WHERE {match}))"


def _provable(table: Table, pages: dict[str, Page]) -> list[tuple[ForeignKey, Page]]:
    found = [(key, pages[key.parent]) for key in table.foreign_keys if key.parent in pages]
    return [(key, page) for key, page in found if _is_provable(key, page.table.source)]


def _is_provable(key: ForeignKey, parent: Table) -> bool:
    """Whether SQLite itself could look the parent up; PostgreSQL gets no other foreign key."""
    return bool(key.parent_columns) and parent.finds(key.parent_columns)


def _may_be_null(table: TablePlan, key: ForeignKey) -> list[str]:
    """The columns to make NULL: one of them is enough for PostgreSQL not to look for a parent."""
    fixed = {c.source.name for c in table.columns if c.source.not_null} | set(table.source.primary_key)
    free = [name for name in key.columns if name not in fixed]
    if not free:
        raise Refused(
            f"{key.orphans} rows of `{table.source.name}` in `{table.origin.name}` have no parent in"
            f" `{key.parent}`, and {', '.join(f'`{name}`' for name in key.columns)} may not be NULL",
            hint="correct the rows, or add --on-orphan reject --allow-rejects N, or --on-orphan keep",
        )
    return free
