"""Finds every row of a file that will not be carried; refuses more of them than the user allows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ops.errors import Refused
from ops.migrate.migration import TablePlan
from ops.migrate.model import Note
from ops.migrate.rejects.book import Page, open_page
from ops.migrate.rejects.model import Example, Found, shown_key
from ops.migrate.rejects.orphans import NO_PARENT, count_orphans, null_orphans, reject_orphans
from ops.migrate.rejects.twins import reject_twins
from ops.migrate.rejects.values import reject_misfits
from ops.settings import Target

_FIRST = 10


@dataclass(frozen=True)
class Sorted:
    """A file's tables with their rejects, and what is to be told of them."""

    tables: tuple[TablePlan, ...]
    found: Found
    notes: tuple[Note, ...]


def strict(target: Target) -> Target:
    """How types are chosen: to fail on rows that do not fit is to reject them and to allow none."""
    return replace(target, on_misfit="reject") if target.on_misfit == "fail" else target


def sort_rows(
    connection: sqlite3.Connection, tables: Sequence[TablePlan], target: Target, most: int
) -> Sorted:
    """`tables` with the rows that are not carried. Of more than `most` only the first are named; all are
    counted. Raises Refused where NULL cannot stand for a missing parent."""
    pages = [open_page(connection, table, number) for number, table in enumerate(tables)]
    if target.on_misfit != "widen":
        for page in pages:
            reject_misfits(connection, page)
            reject_twins(connection, page)
    if target.on_orphan == "reject":
        reject_orphans(pages)
    made: Sequence[TablePlan] = count_orphans(connection, pages)
    made = [replace(table, rejects=page.rejects(most)) for table, page in zip(made, pages, strict=True)]
    notes: list[Note] = []
    if target.on_orphan == "null":
        made, notes = null_orphans(made)
    found = _found(pages)
    told = _notes(made) if found.rows <= target.allow_rejects else []
    return Sorted(tuple(made), found, (*notes, *told))


def _found(pages: Sequence[Page]) -> Found:
    examples = [example for page in pages for example in page.examples(_FIRST)]
    counts = [count for page in pages for count in page.counts()]
    return Found(sum(page.rows() for page in pages), tuple(counts), tuple(examples[:_FIRST]))


def _notes(tables: Sequence[TablePlan]) -> list[Note]:
    notes = []
    for table in tables:
        counted = Counter(problem for reject in table.rejects for problem in reject.problems)
        for problem, rows in counted.items():
            said = f"{rows} {'row is' if rows == 1 else 'rows are'} set aside: {problem.reason}"
            notes.append(Note(f"{table.label}.{problem.where}", said, f"gigops rejects show {table.label}"))
        rejected = {name for problem in counted for name in problem.columns}
        for column in table.columns:
            if column.choice.misfit and column.source.name not in rejected:
                notes.append(Note(f"{table.label}.{column.source.name}", column.choice.reason))
    return notes


def together(found: Sequence[Found]) -> Found:
    """What was found in several files, as one."""
    counts = tuple(count for one in found for count in one.counts)
    first = tuple(example for one in found for example in one.first)
    return Found(sum(one.rows for one in found), counts, first[:_FIRST])


def refuse_too_many(found: Found, target: Target) -> None:
    """Raises Refused, with the rows, when there are more than the user allows."""
    if found.rows <= target.allow_rejects:
        return
    first = found.first[0]
    if len(found.counts) == 1:
        message = f"`{first.where}` in `{first.file}`: {_rows(found.rows)} cannot be carried: {_said(first)}"
    else:
        message = f"{_rows(found.rows)} cannot be carried; the first: `{first.where}` in `{first.file}`"
        message += f": {_said(first)}"
    if target.allow_rejects:
        message += f"; --allow-rejects is {target.allow_rejects}"
    orphans_only = all(count.problem.reason.startswith(NO_PARENT) for count in found.counts)
    other = "--on-orphan keep" if orphans_only else "--on-misfit widen (a type that carries them all)"
    raise Refused(
        message,
        hint=f"correct them, or add {other}, or --allow-rejects {found.rows} to set them aside;"
        " gigops migrate --plan lists them",
        details=described(found),
    )


def described(found: Found) -> tuple[str, ...]:
    """The rows that are not carried, for people: how many for each reason, then the first of them."""
    counts = [f"{c.table}.{c.problem.where}: {c.rows} x {c.problem.reason}" for c in found.counts[:_FIRST]]
    more = len(found.counts) - len(counts)
    return (
        *counts,
        *([f"and {more} more reasons"] if more else []),
        *(
            f"the row with {shown_key(e.key)} of {e.table}: {e.problem.where} is {e.value}"
            for e in found.first
        ),
        *([f"and {found.rows - len(found.first)} more rows"] if found.rows > len(found.first) else []),
    )


def _said(example: Example) -> str:
    return f"{example.problem.reason} (the row with {shown_key(example.key)} holds {example.value})"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
