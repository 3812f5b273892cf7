"""Cuts tables into key ranges, largest first, and says how many rows make a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.migrate.migration import TablePlan
from ops.migrate.seen import TableProfile

ROWS_A_BATCH = 50_000
BYTES_A_BATCH = 16_000_000
BYTES_OF_LARGE_VALUES = 64_000_000
ROWS_A_CHUNK = 200_000


@dataclass(frozen=True)
class Chunk:
    """A part of a table: the row ids from `low` to `high`, or all of it when it has no row ids (None)."""

    table: TablePlan
    part: int
    low: int | None
    high: int | None
    rows: int


def chunks(tables: Sequence[TablePlan]) -> list[Chunk]:
    """Every table in parts, largest tables first, so that the last to end are small."""
    return in_order(heaviest_first(tables))


def heaviest_first(tables: Sequence[TablePlan]) -> list[TablePlan]:
    return sorted(tables, key=lambda t: (-t.profile.bytes, -t.profile.rows, t.schema, t.name))


def in_order(tables: Sequence[TablePlan]) -> list[Chunk]:
    """Every table in parts, the tables one after the other."""
    found = []
    for table in tables:
        rows, low, high = table.profile.rows, table.profile.lowest_rowid, table.profile.highest_rowid
        if table.source.rowid_name is None or rows == 0:
            found.append(Chunk(table, 0, None, None, rows))
            continue
        parts = min(max(1, -(-rows // ROWS_A_CHUNK)), high - low + 1)
        edges = [low + (high - low + 1) * i // parts for i in range(parts + 1)]
        for part in range(parts):
            found.append(Chunk(table, part, edges[part], edges[part + 1] - 1, rows // parts))
    return found


@dataclass(frozen=True)
class Span:
    """A part of a table to compare: row ids above `above` up to `up_to` (None: no bound), so that rows
    which only one side has fall into some part too."""

    above: int | None
    up_to: int | None
    rows: int

    def within(self, name: str) -> str:
        """The condition on the column `name`; empty for the whole table."""
        bounds = [f"{name} > {self.above}"] if self.above is not None else []
        bounds += [f"{name} <= {self.up_to}"] if self.up_to is not None else []
        return " AND ".join(bounds)


def spans(table: TablePlan) -> list[Span]:
    """The parts of a table: several where the key is the row id, by which both sides find them."""
    rows, low, high = table.profile.rows, table.profile.lowest_rowid, table.profile.highest_rowid
    if table.source.rowid_alias is None or rows <= ROWS_A_CHUNK:
        return [Span(None, None, rows)]
    parts = min(-(-rows // ROWS_A_CHUNK), high - low + 1)
    edges = [low + (high - low + 1) * i // parts for i in range(1, parts)]
    ends = zip([None, *edges], [*edges, None], strict=True)
    return [Span(above, up_to, rows // parts) for above, up_to in ends]


def rows_a_batch(profile: TableProfile) -> int:
    """As many rows as weigh about 16 MB; fewer where values over a megabyte may stand together."""
    if not profile.rows:
        return 1
    average = profile.bytes // profile.rows + 8 * len(profile.columns)
    rows = min(ROWS_A_BATCH, BYTES_A_BATCH // max(average, 1))
    if profile.large_bytes > BYTES_OF_LARGE_VALUES:
        rows = min(rows, BYTES_OF_LARGE_VALUES // profile.largest)
    return max(rows, 1)
