"""One part of a table as column batches, from where an earlier run ended."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.migrate.plan import Chunk, rows_a_batch
from ops.migrate.reading import parts_of, select
from ops.migrate.state import Mark

if TYPE_CHECKING:
    from ops.migrate.arrow import SqliteColumns


@dataclass(frozen=True)
class ChunkCopy:
    """The part, the table's oid in PostgreSQL, and how far the part was copied before (None: not begun).
    PostgreSQL computes the columns `computed` itself."""

    chunk: Chunk
    oid: int
    mark: Mark | None
    computed: frozenset[str] = frozenset()

    def batches(self, file: SqliteColumns) -> Generator[tuple[Any, int | None, bool], None, None]:
        """Converted batches, each with how far it reaches (its last row id, or the rows so far) and whether
        it is the last; the last may be None, when there is nothing left to copy."""
        reached = self.mark.reached if self.mark else None
        pending: tuple[Any, int] | None = None
        for batch, far in self._read(file, reached):
            if pending:
                yield *pending, False
            pending = batch.drop_columns(sorted(self.computed)), far
        yield (*pending, True) if pending else (None, reached, True)

    def _read(self, file: SqliteColumns, reached: int | None) -> Generator[tuple[Any, int], None, None]:
        from ops.migrate.convert import from_sqlite

        table, chunk = self.chunk.table, self.chunk
        parts, size = parts_of(table), rows_a_batch(table.profile)
        if chunk.low is None or chunk.high is None:
            count = reached or 0
            # Without row ids the table is stored in the order of its key, so a scan comes the same again.
            for raw in file.batches(select(table, parts, offset=count), size):
                count += raw.num_rows
                yield from_sqlite(table, parts, raw), count
            return
        name = table.source.rowid_name
        low = chunk.low if reached is None else reached + 1
        if reached is not None and reached >= chunk.high:
            return
        where = f"{name} BETWEEN {low} AND {chunk.high}"
        sql = select(table, parts, where=where, order=[str(name)], rowid=True)
        for raw in file.batches(sql, size):
            last = raw.column(len(parts))
            if raw.num_rows:
                yield from_sqlite(table, parts, raw), last[raw.num_rows - 1].as_py()
