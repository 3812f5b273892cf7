"""Compares every value of every table on both sides, and counts the keys and constraints there must be."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ops.interfaces import Pace, Progress, Reporter
from ops.migrate.compare import FIRST_DIFFERENCES, Difference, Tally, compare_streams
from ops.migrate.crew import Crew, enlist, hands
from ops.migrate.hand import Hand
from ops.migrate.inventory import Count, count_constraints, present_columns
from ops.migrate.migration import ColumnPlan, Migration, TablePlan
from ops.migrate.names import quote
from ops.migrate.ordering import order_by, same_order
from ops.migrate.plan import Span, heaviest_first, rows_a_batch, spans
from ops.migrate.reading import in_key_order, parts_of, select
from ops.migrate.rejects.ledger import Apart, apart, place
from ops.migrate.session import open_session
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.migrate.arrow import PostgresColumns


@dataclass(frozen=True)
class TableComparison:
    """One table: rows on both sides, values compared, differences (`first` are the first ten)."""

    table: str
    source: str
    rows: int
    target_rows: int
    values: int
    differences: int
    first: tuple[Difference, ...]


@dataclass(frozen=True)
class Comparison:
    """All tables, and the counts of keys and constraints."""

    tables: tuple[TableComparison, ...]
    schema: tuple[Count, ...]
    seconds: float

    @property
    def equal(self) -> bool:
        """Every value of every row is the same on both sides."""
        return self.differences == 0

    @property
    def complete(self) -> bool:
        """Every key and constraint the migration meant to make is there."""
        return all(count.present >= count.expected for count in self.schema if count.vital)

    @property
    def differences(self) -> int:
        return sum(table.differences for table in self.tables)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def values(self) -> int:
        return sum(table.values for table in self.tables)

    @property
    def first(self) -> tuple[Difference, ...]:
        return tuple(difference for table in self.tables for difference in table.first)


def verify(migration: Migration, url: DatabaseUrl, reporter: Reporter, pace: Pace) -> Comparison:
    """Reads both sides whole, in the order of the key, and compares. Changes nothing."""
    from ops.migrate import arrow

    started = time.monotonic()
    connection = open_session(url)
    try:
        there = present_columns(connection, migration.schemas)
        schema = count_constraints(migration, connection)
        beside = apart(connection, migration)
    finally:
        connection.close()
    with ExitStack() as stack:
        targets = enlist(stack, lambda: arrow.open_postgres(url), hands(url))
        crew = Crew([Hand(target, stack.enter_context(ExitStack())) for target in targets])
        bar = stack.enter_context(reporter.progress("comparing rows", migration.rows))
        work = [(table, span) for table in heaviest_first(migration.tables) for span in spans(table)]
        tasks = [
            partial(_compare_span, table, span, there.get(place(table), frozenset()),
                    beside.get(place(table), Apart()), bar, pace)
            for table, span in work
        ]  # fmt: skip
        found = crew.run(tasks, pace)
    tallies: dict[str, list[Tally]] = {}
    for (table, _), tally in zip(work, found, strict=True):
        tallies.setdefault(table.qualified, []).append(tally)
    for table in migration.tables:
        tallies[table.qualified].append(_lost(table, beside.get(place(table), Apart())))
    results = tuple(_joined(table, tallies[table.qualified]) for table in migration.tables)
    return Comparison(results, schema, time.monotonic() - started)


def _joined(table: TablePlan, tallies: Sequence[Tally]) -> TableComparison:
    """One table's result from those of its parts. What is wrong with a column as a whole counts once."""
    first: dict[Difference, None] = {}
    for tally in tallies:
        first |= dict.fromkeys(tally.first)
    kept = tuple(first)[:FIRST_DIFFERENCES]
    again = sum(len(tally.first) for tally in tallies) - len(first)
    return TableComparison(
        table.label, table.origin.name, sum(t.source_rows for t in tallies),
        sum(t.target_rows for t in tallies), sum(t.values for t in tallies),
        sum(t.count for t in tallies) - again, kept,
    )  # fmt: skip


def _lost(table: TablePlan, beside: Apart) -> Tally:
    """Rows of SQLite that do not fit, and that nobody set aside."""
    tally = Tally(table.label, source_rows=len(beside.lost))
    for key in beside.lost:
        tally.add("missing", key)
    return tally


def _compare_span(
    table: TablePlan, span: Span, there: frozenset[str], beside: Apart, bar: Progress, pace: Pace, hand: Hand
) -> Tally:
    tally = Tally(table.label)
    missing = [column for column in table.columns if column.name not in there]
    for column in missing:
        tally.add("type", "", column.name, target="there is no such column in PostgreSQL")
    if missing:
        tally.source_rows = span.rows
        return tally
    key = _key(table)
    sorted_here = any(not same_order(column, table.encoding) for column in key)
    numbers = [table.columns.index(column) for column in key]
    source_rows = _from_sqlite(table, span, hand, [] if sorted_here else key)
    carried = f"NOT {beside.elsewhere}" if beside.elsewhere else ""
    target_rows = _from_postgres(table, span, carried, hand.target, [] if sorted_here else key, tally)
    if sorted_here:
        source_rows, target_rows = _sorted(source_rows, numbers), _sorted(target_rows, numbers)
    names = [column.name for column in table.columns]
    with closing(source_rows), closing(target_rows):
        for rows in compare_streams(source_rows, target_rows, names, numbers, tally):
            pace.check()
            bar.advance(rows)
    hand.target.commit()
    return tally


def _key(table: TablePlan) -> Sequence[ColumnPlan]:
    """The primary key, if it tells every row; else all columns."""
    key = [table.column(name) for name in table.source.primary_key]
    if key and all(column.profile.nulls == 0 for column in key):
        return key
    return table.columns


def _from_sqlite(
    table: TablePlan, span: Span, hand: Hand, key: Sequence[ColumnPlan]
) -> Generator[Any, None, None]:
    from ops.migrate.convert import comparable, from_sqlite
    from ops.migrate.existing.canonical import canonical

    file = hand.file(table.path)
    parts = parts_of(table)
    order = in_key_order(table, key)
    where = span.within(str(table.source.rowid_name))
    for batch in file.batches(select(table, parts, where=where, order=order), rows_a_batch(table.profile)):
        yield canonical(table, comparable(table, from_sqlite(table, parts, batch)), hand.server)


def _from_postgres(
    table: TablePlan, span: Span, carried: str, target: PostgresColumns, key: Sequence[ColumnPlan],
    tally: Tally,
) -> Generator[Any, None, None]:  # fmt: skip
    import pyarrow as pa

    from ops.migrate.convert import arrow_type, from_postgres, read_as

    wanted = ", ".join(read_as(column) for column in table.columns)
    sql = f"SELECT {wanted} FROM {table.qualified}"
    where = (
        span.within(quote(table.column(table.source.rowid_alias).name)) if table.source.rowid_alias else ""
    )
    conditions = [each for each in (where, carried) if each]
    sql += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if key:
        sql += f" ORDER BY {', '.join(order_by(column) for column in key)}"
    told: set[str] = set()
    for batch in target.batches(sql):
        arrays = []
        for column, array in zip(table.columns, batch.columns, strict=True):
            try:
                arrays.append(from_postgres(column, array))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                if column.name not in told:
                    told.add(column.name)
                    said = f"PostgreSQL holds values there that are no {column.choice.postgres}"
                    tally.add("type", "", column.name, target=said)
                arrays.append(pa.nulls(batch.num_rows, arrow_type(column)))
        yield pa.record_batch(arrays, names=[column.name for column in table.columns])


def _sorted(batches: Iterator[Any], key: Sequence[int]) -> Generator[Any, None, None]:
    """All rows, sorted in memory: for keys that the two databases sort differently."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = list(batches)
    if not found:
        return
    table = pa.concat_tables([pa.Table.from_batches([b]) for b in found], promote_options="permissive")
    # Arrow reads a name like `.a` or `[0]` as a path, so the columns to sort by go by numbers.
    keys = pa.table([table.column(i) for i in key], names=[f"k{i}" for i in key])
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
    yield from table.take(order).combine_chunks().to_batches(max_chunksize=50_000)
