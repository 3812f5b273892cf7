"""Reads the sources and decides the whole migration, before anything is changed anywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ops.errors import Refused, UsageError
from ops.migrate import census
from ops.migrate.catalog import read_schema
from ops.migrate.columns import agreed, choose_types, wanted_forms
from ops.migrate.ddl import after_rows, before_rows
from ops.migrate.existing.plan import survey_existing
from ops.migrate.generated import with_computed
from ops.migrate.limits import check_sizes, log_notes
from ops.migrate.migration import ColumnPlan, Migration, SourcePlan, TablePlan
from ops.migrate.model import Note, Schema, Table
from ops.migrate.names import Pool, column_names, fit, styled
from ops.migrate.naming import name_notes, refuse_meeting_columns, refuse_meeting_tables
from ops.migrate.objects import file_notes, views_and_triggers
from ops.migrate.profile import profile_table
from ops.migrate.rejects.find import refuse_too_many, sort_rows, strict, together
from ops.migrate.rejects.model import Found
from ops.migrate.ruled import checked
from ops.migrate.seen import TableProfile
from ops.migrate.sqlitefile import identity, reading
from ops.migrate.viewing import measured
from ops.settings import Source, Target
from ops.values import DatabaseUrl

_MOST_COLUMNS = 1600
_MOST_REJECTS = 1_000_000  # kept in memory by a survey that refuses nothing


def survey(
    sources: Sequence[Source],
    target: Target | None = None,
    *,
    url: DatabaseUrl | None = None,
    whole: bool = True,
    still: bool = False,
    refuse: bool = True,
) -> Migration:
    """What `sources` become in PostgreSQL. With `whole` each file's pages are checked first. `still`: nobody
    changes the files meanwhile (snapshots, or frozen ones), so they may be read by several at once. `url`
    is where the tables are that are filled with `tables="existing"`.

    Raises SourceError (a file that cannot be read) and Refused (names that meet; with `refuse`, more rows
    that cannot be carried than `target` allows).
    """
    target = target or Target()
    if target.on_misfit == "fail" and target.allow_rejects:
        target = replace(target, on_misfit="reject")  # to allow rejects is to want them
    if not sources:
        raise UsageError("no SQLite file is named", hint="gigops migrate --source app.db --target URL")
    paths = [source.path.resolve() for source in sources]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise UsageError(f"`{twice}` is named twice", hint="name each file once")
    if target.tables == "existing":
        if url is None:
            raise UsageError(
                "the tables to fill are in no PostgreSQL", hint="name it: --target postgresql://…"
            )
        return survey_existing(sources, target, url, whole=whole, still=still, refuse=refuse)
    plans, notes, rejects, files = [], list[Note](), list[Found](), list[Schema]()
    for source in sources:
        plan, left, found, declared = _survey_source(source, target, whole, still, refuse)
        plans.append(plan)
        files.append(declared)
        notes += left
        rejects.append(found)
    refuse_meeting_tables(plans)
    if refuse:
        refuse_too_many(together(rejects), target)
    tables = [table for plan in plans for table in plan.tables]
    pools = {plan.schema: Pool() for plan in plans}
    for table in tables:
        pools[table.schema].take(table.name)
    after, lost = after_rows(tables, pools, target.names)
    before = tuple(before_rows(t) for t in tables)
    last, told = views_and_triggers(list(zip(files, plans, sources, strict=True)), pools, target.names)
    notes += [*lost, *told]
    return Migration(tuple(plans), before, (*after, *last), tuple(notes), found=together(rejects))


def _survey_source(
    source: Source, target: Target, whole: bool, still: bool, refuse: bool
) -> tuple[SourcePlan, list[Note], Found, Schema]:
    schema = source.schema or target.schema
    origin, fingerprint = identity(source.path)
    notes, tables = list[Note](), list[TablePlan]()
    with reading(source.path, whole=whole and not still) as connection:
        connection.execute("BEGIN")  # one state of the file for the whole survey
        found = read_schema(connection, source.path, orphans=not still)
        found, profiles = _profiled(connection, found, target, whole, still)
        notes += [*log_notes(origin, len(found.tables)), *file_notes(found, origin)]
        for table in found.tables:
            profile = profiles[table.name]
            notes += check_sizes(connection, table, profile, found.encoding, origin.name)
            plan = _plan_table(found, table, profile, source, schema, origin, strict(target))
            tables.append(checked(connection, plan, target))
        tables = list(agreed(tables, strict(target)))
        for i, plan in enumerate(tables):
            tables[i], told = with_computed(plan)
            notes += [*name_notes(plan, source.prefix, target.names), *_table_notes(plan), *told]
        most = target.allow_rejects if refuse else _MOST_REJECTS
        rows = sort_rows(connection, tables, target, most)
        if refuse and target.on_misfit == "fail" and not rows.found.rows:
            for carried in rows.tables:
                _refuse_misfits(connection, carried, origin)
        declared = replace(found, views=measured(connection, found.views))
    file = SourcePlan(source.path, origin, fingerprint, schema, rows.tables)
    return file, [*notes, *rows.notes], rows.found, declared


def _profiled(
    connection: sqlite3.Connection, found: Schema, target: Target, whole: bool, still: bool
) -> tuple[Schema, Mapping[str, TableProfile]]:
    wanted = {table.name: wanted_forms(table, target) for table in found.tables}
    if still:
        from ops.migrate.scan import scan

        scanned = scan(found, wanted, whole=whole)
        return replace(found, tables=scanned.tables), scanned.profiles
    return found, {
        table.name: profile_table(connection, table, found.encoding, wanted[table.name])
        for table in found.tables
    }


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
    refuse_meeting_columns(table, origin, target.names)
    names = column_names(tuple(c.name for c in table.columns), target.names)
    choices = choose_types(table, profile, target)
    columns = tuple(
        ColumnPlan(column, names[column.name], profile.columns[column.name], choices[column.name])
        for column in table.columns
    )
    name = fit(styled(source.prefix + table.name, target.names))
    return TablePlan(source.path, origin, found.encoding, table, profile, schema, name, columns)


def _table_notes(table: TablePlan) -> list[Note]:
    notes = []
    for column in table.columns:
        where = f"{table.label}.{column.source.name}"
        if column.source.not_null and column.profile.nulls:
            notes.append(
                Note(where, "is NOT NULL but holds NULL: it may be NULL in PostgreSQL", "fill it in")
            )
        notes += [Note(where, said) for said in column.choice.notes]
        if column.source.collation == "NOCASE":
            said = "is COLLATE NOCASE, but PostgreSQL tells upper from lower case"
            notes.append(Note(where, said, "compare lower(…) in the application's SQL"))
        elif column.source.collation not in ("BINARY", "RTRIM"):
            said = f"is COLLATE {column.source.collation}, which only the application has"
            notes.append(Note(where, f"{said}: PostgreSQL compares bytes", "compare in the application"))
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
