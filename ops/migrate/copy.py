"""Rows from SQLite into PostgreSQL in column batches; each batch and its mark are one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.database.connect import connect
from ops.errors import Missing, Refused, SourceError
from ops.interfaces import Pace, Progress, Reporter
from ops.migrate import census, state
from ops.migrate.migration import Migration, SourcePlan, TablePlan
from ops.migrate.plan import Chunk, chunks, rows_a_batch
from ops.migrate.reading import parts_of, select
from ops.migrate.sqlitefile import identity, reading
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.migrate.arrow import PostgresColumns, SqliteColumns


@dataclass(frozen=True)
class CopyReport:
    """`rows` were copied by this run, `already` by runs before it."""

    tables: int
    rows: int
    already: int
    seconds: float


def copy_rows(migration: Migration, url: DatabaseUrl, reporter: Reporter, pace: Pace) -> CopyReport:
    """Copies every row that is not copied yet.

    Raises Refused (a value PostgreSQL cannot hold, with table, column and key; the application works
    there already), Busy (another run copies), NotReady (disk full, connection lost: a second run goes
    on), SourceError (a file changed meanwhile).
    """
    from ops.migrate import arrow

    started = time.monotonic()
    guard = connect(url)
    try:
        state.hold(guard, session=True)
        oids = _own_tables(migration, guard)
        marks = state.marks(guard)
        guard.commit()
        already = sum(m.rows for (oid, _), m in marks.items() if oid in oids.values())
        copied = 0
        with arrow.open_postgres(url) as target, reporter.progress("copying rows", migration.rows) as bar:
            bar.advance(already)
            for source in migration.sources:
                _check_unchanged(source)
                with arrow.open_sqlite(source.path) as file:
                    for chunk in chunks(source.tables):
                        oid = oids[(chunk.table.schema, chunk.table.name)]
                        work = _ChunkCopy(chunk, oid, marks.get((oid, chunk.part)), file, target)
                        copied += work.run(bar, pace)
                _check_unchanged(source)
    finally:
        guard.close()
    return CopyReport(len(migration.tables), copied, already, time.monotonic() - started)


@dataclass(frozen=True)
class _ChunkCopy:
    chunk: Chunk
    oid: int
    mark: state.Mark | None
    file: SqliteColumns
    target: PostgresColumns

    def run(self, bar: Progress, pace: Pace) -> int:
        """Copies what the mark leaves over, and returns the rows."""
        from ops.migrate.arrow import RefusedRows

        if self.mark and self.mark.done:
            return 0
        table, copied = self.chunk.table, 0
        try:
            with _one_ahead(self._batches()) as take:
                batch = take()
                while True:
                    pace.check()
                    following = take() if batch is not None else None
                    rows = batch[0].num_rows if batch else 0
                    if batch and rows:
                        self.target.copy(table.schema, table.name, batch[0])
                    reached = batch[1] if batch else (self.mark.reached if self.mark else None)
                    done = following is None
                    self.target.execute(state.mark_statement(self.oid, self.chunk.part, reached, rows, done))
                    self.target.commit()
                    bar.advance(rows)
                    copied += rows
                    if done:
                        return copied
                    batch = following
        except RefusedRows as error:
            self.target.rollback()
            reason = str(error)
        raise _refused(table, reason)

    def _batches(self) -> Iterator[tuple[Any, int | None]]:
        """Converted batches, each with how far it reaches: its last row id, or the rows so far."""
        from ops.migrate.convert import from_sqlite

        table, chunk = self.chunk.table, self.chunk
        parts, size = parts_of(table), rows_a_batch(table.profile)
        reached = self.mark.reached if self.mark else None
        if chunk.low is None or chunk.high is None:
            count = reached or 0
            # Without row ids the table is stored in the order of its key, so a scan comes the same again.
            for raw in self.file.batches(select(table, parts, offset=count), size):
                count += raw.num_rows
                yield from_sqlite(table, parts, raw), count
            return
        name = table.source.rowid_name
        low = chunk.low if reached is None else reached + 1
        if reached is not None and reached >= chunk.high:
            return
        where = f"{name} BETWEEN {low} AND {chunk.high}"
        sql = select(table, parts, where=where, order=[str(name)], rowid=True)
        for raw in self.file.batches(sql, size):
            last = raw.column(len(parts))
            if raw.num_rows:
                yield from_sqlite(table, parts, raw), last[raw.num_rows - 1].as_py()


@contextmanager
def _one_ahead(batches: Iterator[Any]) -> Iterator[Callable[[], Any]]:
    """Gives a function that returns the next batch (None at the end) while the one after it is read
    in another thread: SQLite and PostgreSQL work at the same time."""
    with ThreadPoolExecutor(1, thread_name_prefix="gigops-read") as reader:
        coming = [reader.submit(next, batches, None)]

        def take() -> Any:
            batch = coming.pop().result()
            coming.append(reader.submit(next, batches, None))
            return batch

        try:
            yield take
        finally:
            for future in coming:
                future.exception()
            reader.submit(getattr(batches, "close", lambda: None)).result()


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


def _refused(table: TablePlan, reason: str) -> Refused:
    """Finds the value PostgreSQL refused, and says where it stands."""
    path: Path = table.path
    with reading(path) as connection:
        for column in table.columns:
            if column.choice.carriage.kind != "text":
                continue
            for problem in ("nul", "utf8"):
                key, value = census.example(
                    connection, table.source, column.source.name, problem, table.encoding
                )
                if value:
                    what = "a NUL byte" if problem == "nul" else "bytes that are not valid text"
                    return Refused(
                        f"`{table.source.name}.{column.source.name}` in `{table.origin.name}` holds {what},"
                        f" which PostgreSQL's text cannot (the row with {key} holds {value})",
                        hint="correct the rows, or add --on-misfit widen: the column becomes bytea",
                    )
    return Refused(f"PostgreSQL refuses rows of `{table.label}`: {reason}", hint="gigops migrate --plan")
