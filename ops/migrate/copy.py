"""Rows from SQLite into PostgreSQL: several parts at once, each batch and its mark in one transaction."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from ops.errors import Missing, Refused, SourceError
from ops.interfaces import Pace, Progress, Reporter
from ops.migrate import state
from ops.migrate.chunkcopy import ChunkCopy
from ops.migrate.crew import Crew, enlist, hands
from ops.migrate.generated import computed_columns
from ops.migrate.hand import Hand
from ops.migrate.migration import Migration, SourcePlan, TablePlan
from ops.migrate.plan import chunks, in_order
from ops.migrate.rejects.refusal import refused_row, unfit
from ops.migrate.session import open_session
from ops.migrate.sqlitefile import identity
from ops.values import DatabaseUrl


@dataclass(frozen=True)
class CopyReport:
    """`rows` were copied by this run, `already` by runs before it."""

    tables: int
    rows: int
    already: int
    seconds: float


def copy_rows(migration: Migration, url: DatabaseUrl, reporter: Reporter, pace: Pace) -> CopyReport:
    """Copies every row that is not copied yet, several parts of the tables at once.

    Raises Refused (a value PostgreSQL cannot hold, with table, column and key; the application works
    there already), Busy (another run copies), NotReady (disk full, connection lost: a second run goes
    on), SourceError (a file changed meanwhile).
    """
    from ops.migrate import arrow

    started = time.monotonic()
    with ExitStack() as stack:
        guard = stack.enter_context(closing(open_session(url)))
        state.hold(guard, session=True)
        oids = _own_tables(migration, guard)
        marks = state.marks(guard)
        computed = computed_columns(guard)
        guard.commit()
        already = sum(m.rows for (oid, _), m in marks.items() if oid in oids.values())
        wanted = 1 if migration.ordered else hands(url)
        targets = enlist(stack, lambda: arrow.open_postgres(url, state.AT_WORK), wanted)
        crew = Crew([Hand(target, stack.enter_context(ExitStack())) for target in targets])
        bar = stack.enter_context(reporter.progress("copying rows", migration.rows))
        bar.advance(already)
        for source in migration.sources:
            _check_unchanged(source)
        todo = chunks(migration.tables) if not migration.ordered else in_order(migration.tables)
        copies = [
            ChunkCopy(chunk, oid, marks.get((oid, chunk.part)), computed.get(oid, frozenset()))
            for chunk in todo
            if (oid := oids[(chunk.table.schema, chunk.table.name)])
        ]
        tasks = [partial(_copy, each, bar=bar, pace=pace, crew=crew) for each in copies]
        copied = sum(crew.run(tasks, pace))
        for source in migration.sources:
            _check_unchanged(source)
    return CopyReport(len(migration.tables), copied, already, time.monotonic() - started)


def _copy(work: ChunkCopy, hand: Hand, *, bar: Progress, pace: Pace, crew: Crew[Hand]) -> int:
    """Copies what the mark leaves over, and returns the rows."""
    from ops.migrate.arrow import RefusedRows
    from ops.migrate.convert import UnfitValue

    if work.mark and work.mark.done:
        return 0
    table, copied, batch = work.chunk.table, 0, None
    target = hand.writer(table)
    try:
        batches = work.batches(hand.file(table.path))
        with closing(batches):
            for batch, reached, last in batches:
                if crew.stopped.is_set():
                    return copied
                rows = batch.num_rows if batch else 0
                if rows:
                    target.copy(table.schema, table.name, batch)
                mark = state.mark_statement(work.oid, work.chunk.part, reached, rows, last)
                target.execute(mark)
                target.commit()
                bar.advance(rows)
                copied += rows
                pace.check()
    except RefusedRows as error:
        target.rollback()
        reason = str(error)
    except UnfitValue as error:
        target.rollback()
        raise unfit(table, error) from None
    else:
        return copied
    raise refused_row(table, reason, batch, partial(_takes, target, table))


def _takes(target: Any, table: TablePlan, batch: Any) -> bool:
    """Whether PostgreSQL would take these rows; they do not stay."""
    from ops.migrate.arrow import RefusedRows

    try:
        target.copy(table.schema, table.name, batch)
    except RefusedRows:
        return False
    finally:
        target.rollback()
    return True


def _own_tables(migration: Migration, connection: Any) -> dict[tuple[str, str], int]:
    ours = state.relations(connection)
    for source in migration.sources:
        known = state.known(connection, source) if state.exists(connection) else None
        if known and known.opened:
            raise Refused(
                f"the application already works on the tables of `{source.origin.name}` in PostgreSQL",
                hint="to copy them once more beside these, give another schema: --schema-name NAME",
            )
        if known is None or (known.fingerprint, known.digest) != (
            source.fingerprint,
            migration.digest(source),
        ):
            raise Missing(
                f"the tables for `{source.origin.name}` in its present state are not made yet",
                hint="gigops migrate makes them and goes on",
            )
    return {(t.schema, t.name): ours[(t.schema, t.name)][0] for t in migration.tables}


def _check_unchanged(source: SourcePlan) -> None:
    if identity(source.path)[1] != source.fingerprint:
        raise SourceError(
            f"`{source.origin}` changed since it was surveyed",
            hint="run it again; gigops migrate copies a snapshot, gigops cutover freezes the file first",
        )
