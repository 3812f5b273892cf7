"""A migration's plan, result and comparison as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ops.cli.render import table
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.migrate.existing.model import Filling
    from ops.migrate.migration import Migration
    from ops.migrate.model import Note
    from ops.migrate.rejects.model import Found
    from ops.migrate.run import Migrated
    from ops.migrate.verify import Comparison
    from ops.settings import Target


def plan_lines(migration: Migration, target: Target) -> Iterator[str]:
    from ops.migrate.rejects.find import described
    from ops.migrate.types import describe

    for planned in migration.tables:
        of = "" if planned.name == planned.source.name else f", table {planned.source.name}"
        yield f"{planned.label}  ({planned.profile.rows:,} rows of {planned.origin.name}{of})"
        for column in planned.columns:
            choice, declared = column.choice, column.source.declared or "no type"
            mark = "misfit: " if choice.misfit else ""
            of = "" if column.name == column.source.name else f" ({column.source.name} in SQLite)"
            yield f"  {column.name}{of}: {declared} -> {choice.postgres}"
            values = "" if choice.misfit else f"{describe(column.profile)}; "
            yield from _wrapped(f"{mark}{values}{choice.reason}", "    ")
        yield ""
    yield from _note_lines(migration.notes)
    yield f"{len(migration.tables)} tables, {migration.rows:,} rows"
    yield from _native_lines(migration, target)
    if migration.filling:
        yield from _filling_lines(migration.filling)
    elif migration.found.rows > target.allow_rejects:
        yield f"{migration.found.rows} rows cannot be carried:"
        for line in described(migration.found):
            yield from _wrapped(line, "  ")
        yield f"correct them, or set them aside: gigops migrate --allow-rejects {migration.found.rows}"
        yield "next: gigops migrate --on-misfit widen"
    elif migration.misfits and target.on_misfit == "fail":
        yield f"{len(migration.misfits)} columns hold values unlike their type: correct them, or"
        yield "next: gigops migrate --on-misfit widen"
    else:
        yield "next: gigops migrate"


def _native_lines(migration: Migration, target: Target) -> Iterator[str]:
    """Raw SQL that was written for SQLite fails on PostgreSQL's own types, in production first."""
    kinds = {c.choice.carriage.kind for table in migration.tables for c in table.columns}
    native = sorted(kinds & {"bool", "date", "json", "jsonb", "time", "timestamp", "timestamptz", "uuid"})
    if native and not target.compat and not migration.filling:
        said = f"PostgreSQL's own types: {', '.join(native)}. For an application with raw SQL written for"
        yield from _wrapped(f"{said} SQLite, --compat (compat: true) keeps what SQLite has", "")


def plan_report(migration: Migration) -> dict[str, Any]:
    from ops.migrate.types import describe

    return {
        "tables": [
            {
                "table": planned.name,
                "schema": planned.schema,
                "source": str(planned.origin),
                "rows": planned.profile.rows,
                "columns": [
                    {
                        "name": column.name,
                        "declared": column.source.declared,
                        "values": describe(column.profile),
                        "type": column.choice.postgres,
                        "reason": column.choice.reason,
                        "misfit": bool(column.choice.misfit),
                    }
                    for column in planned.columns
                ],
            }
            for planned in migration.tables
        ],
        "statements": [step.sql for step in (*migration.before, *migration.after)],
        "notes": _note_report(migration.notes),
        "rejects": _found_report(migration.found),
        "refusals": _note_report(migration.filling.refusals if migration.filling else ()),
    }


def _filling_lines(filling: Filling) -> Iterator[str]:
    if not filling.refusals:
        yield "next: gigops migrate --schema existing"
        return
    yield f"the tables cannot be filled as things are ({len(filling.refusals)}):"
    for note in filling.refusals:
        yield from _wrapped(str(note), "  ")


def migrated_lines(done: Migrated) -> Iterator[str]:
    if done.comparison:
        yield from comparison_lines(done.comparison, with_next=False)
    yield ""
    yield from _note_lines(done.notes)
    for run in done.aside:
        yield from _wrapped(f"{done.migration.found.rows} rows set aside: {run.folder}", "")
    if done.copied.already:
        yield f"{done.copied.rows:,} rows copied, {done.copied.already:,} were there from an earlier run"
    else:
        yield f"{done.copied.rows:,} rows copied"
    parts = f"{done.copied.seconds:.1f} s copying"
    if done.comparison is None:
        yield f"{done.seconds:.1f} s: {parts}; nothing was compared"
        yield "next: gigops verify"
        return
    yield f"{done.seconds:.1f} s: {parts}, {done.comparison.seconds:.1f} s comparing"
    if done.comparison.equal and done.comparison.complete:
        yield "next: gigops cutover --plan"


def migrated_report(done: Migrated, url: DatabaseUrl) -> dict[str, Any]:
    return {
        "target": url,
        "copied": done.copied.rows,
        "already": done.copied.already,
        "rejects": {
            **_found_report(done.migration.found),
            "folders": [run.folder for run in done.aside],
        },
        **(comparison_report(done.comparison) if done.comparison else {}),
        "notes": _note_report(done.notes),
        "seconds": round(done.seconds, 3),
        "copying_seconds": round(done.copied.seconds, 3),
        "comparing_seconds": round(done.comparison.seconds, 3) if done.comparison else None,
    }


def comparison_lines(comparison: Comparison, *, with_next: bool = True) -> Iterator[str]:
    rows = [
        (each.table, each.rows, each.target_rows, each.values, each.differences) for each in comparison.tables
    ]
    whole = ("total", comparison.rows, sum(each.target_rows for each in comparison.tables),
             comparison.values, comparison.differences)  # fmt: skip
    yield from table(("table", "rows", "in PostgreSQL", "values compared", "differences"), [*rows, whole])
    yield ""
    yield from table(
        ("in the schema", "meant", "present"),
        [(each.name, each.expected, each.present) for each in comparison.schema],
    )
    for count in comparison.schema:
        for name in count.missing:
            yield f"missing ({count.name}): {name}"
    for difference in comparison.first:
        yield from _wrapped(f"differs: {difference}", "")
    if with_next:
        yield ""
        verdict = "every value is equal" if comparison.equal else f"{comparison.differences} differences"
        yield f"{verdict}: {comparison.values:,} values, {comparison.rows:,} rows, {comparison.seconds:.1f} s"
        if comparison.equal:
            yield "next: gigops status"


def comparison_report(comparison: Comparison) -> dict[str, Any]:
    return {
        "equal": comparison.equal,
        "complete": comparison.complete,
        "rows": comparison.rows,
        "values": comparison.values,
        "differences": comparison.differences,
        "first": [
            {
                "table": each.table,
                "kind": each.kind,
                "key": each.key,
                "column": each.column,
                "source": each.source,
                "target": each.target,
            }
            for each in comparison.first
        ],
        "tables": [
            {
                "table": each.table,
                "source": each.source,
                "rows": each.rows,
                "target_rows": each.target_rows,
                "values": each.values,
                "differences": each.differences,
            }
            for each in comparison.tables
        ],
        "schema": {
            each.name: {"meant": each.expected, "present": each.present, "missing": list(each.missing)}
            for each in comparison.schema
        },
        "seconds": round(comparison.seconds, 3),
    }


def _found_report(found: Found) -> dict[str, Any]:
    from ops.migrate.rejects.model import shown_key

    return {
        "rows": found.rows,
        "counts": [
            {"table": c.table, "columns": c.problem.columns, "reason": c.problem.reason, "rows": c.rows}
            for c in found.counts
        ],
        "first": [
            {"table": e.table, "key": shown_key(e.key), "columns": e.problem.columns,
             "reason": e.problem.reason, "value": e.value}
            for e in found.first
        ],
    }  # fmt: skip


def _note_lines(notes: Iterable[Note]) -> Iterator[str]:
    found = list(notes)
    if found:
        yield f"not carried as it was ({len(found)}):"
    for note in found:
        yield from _wrapped(str(note), "  ")
    if found:
        yield ""


def _note_report(notes: Iterable[Note]) -> list[dict[str, str]]:
    return [{"where": note.where, "what": note.what, "do": note.do} for note in notes]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 80, initial_indent=indent, subsequent_indent=indent + "  ") or [indent]
