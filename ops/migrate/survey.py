"""Reads the sources and decides the whole migration, before anything is changed anywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from ops.errors import Refused, UsageError
from ops.migrate import census
from ops.migrate.catalog import read_schema
from ops.migrate.choose import Wishes, choose_type
from ops.migrate.ddl import after_rows, before_rows
from ops.migrate.migration import ColumnPlan, Migration, SourcePlan, TablePlan
from ops.migrate.model import Note, Schema, Table
from ops.migrate.names import Pool, column_names, fit
from ops.migrate.profile import profile_table
from ops.migrate.rejects.find import refuse_too_many, sort_rows, strict, together
from ops.migrate.rejects.model import Found
from ops.migrate.seen import TableProfile
from ops.migrate.sqlitefile import identity, reading
from ops.settings import Source, Target

_MOST_COLUMNS = 1600
_MOST_REJECTS = 1_000_000  # kept in memory by a survey that refuses nothing
_WHAT_TO_DO = {
    "view": "write it anew on PostgreSQL with CREATE VIEW",
    "trigger": "write it anew on PostgreSQL as a trigger function, where the application needs it",
    "virtual table": "fill an ordinary table from it, or use PostgreSQL's text search",
    "shadow table": "it is the inside of a virtual table",
    "index": "it belongs to a virtual table",
}


def survey(
    sources: Sequence[Source], target: Target | None = None, *, whole: bool = True, refuse: bool = True
) -> Migration:
    """What `sources` become in PostgreSQL. With `whole` each file's pages are checked first.

    Raises SourceError (a file that cannot be read) and Refused (names that meet; with `refuse`, more rows
    that cannot be carried than `target` allows).
    """
    target = target or Target()
    if not sources:
        raise UsageError("no SQLite file is named", hint="gigops migrate --source app.db --target URL")
    paths = [source.path.resolve() for source in sources]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise UsageError(f"`{twice}` is named twice", hint="name each file once")
    plans, notes, rejects = [], list[Note](), list[Found]()
    for source in sources:
        plan, left, found = _survey_source(source, target, whole, refuse)
        plans.append(plan)
        notes += left
        rejects.append(found)
    _refuse_clashes(plans)
    if refuse:
        refuse_too_many(together(rejects), target)
    tables = [table for plan in plans for table in plan.tables]
    pools = {plan.schema: Pool() for plan in plans}
    for table in tables:
        pools[table.schema].take(table.name)
    after, lost = after_rows(tables, pools)
    before = tuple(before_rows(t) for t in tables)
    return Migration(tuple(plans), before, after, (*notes, *lost), found=together(rejects))


def _survey_source(
    source: Source, target: Target, whole: bool, refuse: bool
) -> tuple[SourcePlan, list[Note], Found]:
    schema = source.schema or target.schema
    origin, fingerprint = identity(source.path)
    notes, tables = [], []
    with reading(source.path, whole=whole) as connection:
        connection.execute("BEGIN")  # one state of the file for the whole survey
        found = read_schema(connection, source.path)
        notes += [
            Note(left.name, f"the {left.kind} is not carried", _WHAT_TO_DO[left.kind])
            for left in found.left_out
        ]
        for table in found.tables:
            profile = profile_table(connection, table, found.encoding)
            plan = _plan_table(found, table, profile, source, schema, origin, strict(target))
            tables.append(plan)
            notes += _table_notes(plan)
        most = target.allow_rejects if refuse else _MOST_REJECTS
        rows = sort_rows(connection, tables, target, most)
        if refuse and target.on_misfit == "fail" and not rows.found.rows:
            for carried in rows.tables:
                _refuse_misfits(connection, carried, origin)
    file = SourcePlan(source.path, origin, fingerprint, schema, rows.tables)
    return file, [*notes, *rows.notes], rows.found


def _plan_table(
    found: Schema, table: Table, profile: TableProfile, source: Source, schema: str, origin: Path,
    target: Target,
) -> TablePlan:  # fmt: skip
    if len(table.columns) > _MOST_COLUMNS:
        raise Refused(
            f"`{table.name}` in `{origin.name}` has {len(table.columns)} columns, and PostgreSQL allows"
            f" {_MOST_COLUMNS}",
            hint="split the table in two in SQLite",
        )
    names = column_names(tuple(c.name for c in table.columns))
    columns = tuple(
        ColumnPlan(
            column,
            names[column.name],
            profile.columns[column.name],
            choose_type(
                column,
                profile.columns[column.name],
                Wishes(compat=True, on_misfit=target.on_misfit),
                rowid_alias=column.name == table.rowid_alias,
            ),
        )
        for column in table.columns
    )
    name = fit(source.prefix + table.name)
    return TablePlan(source.path, origin, found.encoding, table, profile, schema, name, columns)


def _table_notes(table: TablePlan) -> list[Note]:
    notes = []
    if not table.name.endswith(table.source.name):
        notes.append(
            Note(table.source.name, f"the name is too long for PostgreSQL: it is `{table.name}` there")
        )
    for column in table.columns:
        where = f"{table.label}.{column.source.name}"
        if column.name != column.source.name:
            notes.append(Note(where, f"PostgreSQL cannot have this name: it is `{column.name}` there"))
        if column.source.generated is not None:
            said = f"is computed by SQLite ({column.source.generated}); PostgreSQL gets the values only"
            notes.append(Note(where, said, "have the application or a trigger fill it"))
        if column.source.not_null and column.profile.nulls:
            notes.append(
                Note(where, "is NOT NULL but holds NULL: it may be NULL in PostgreSQL", "fill it in")
            )
        if column.source.collation == "NOCASE":
            said = "is COLLATE NOCASE, but PostgreSQL tells upper from lower case"
            notes.append(Note(where, said, "compare lower(…) in the application's SQL"))
    return notes


def _refuse_misfits(connection: sqlite3.Connection, table: TablePlan, origin: Path) -> None:
    for column in table.columns:
        choice = column.choice
        if choice.misfit:
            key, value = census.example(
                connection, table.source, column.source.name, choice.problem, table.encoding
            )
            at = f" (the row with {key} holds {value})" if key else f" (one is {value})"
            raise Refused(
                f"`{table.source.name}.{column.source.name}` in `{origin.name}`: {choice.misfit}{at}",
                hint=f"correct the rows, or add --on-misfit widen: the column becomes {choice.postgres}",
            )


def _refuse_clashes(plans: Sequence[SourcePlan]) -> None:
    seen: dict[tuple[str, str], TablePlan] = {}
    for plan in plans:
        for table in plan.tables:
            other = seen.setdefault((table.schema, table.name), table)
            if other is not table:
                raise Refused(
                    f"`{table.source.name}` is a table of both `{other.origin.name}` and"
                    f" `{table.origin.name}`",
                    hint="give each source a schema of its own (--schema-per-source, or `schema` of the"
                    " source in gigops.yaml), or a prefix (--prefix, or `prefix`)",
                )
