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
    return in_order(sorted(tables, key=lambda t: (-t.profile.bytes, -t.profile.rows, t.schema, t.name)))


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


def rows_a_batch(profile: TableProfile) -> int:
    """As many rows as weigh about 16 MB; fewer where values over a megabyte may stand together."""
    if not profile.rows:
        return 1
    average = profile.bytes // profile.rows + 8 * len(profile.columns)
    rows = min(ROWS_A_BATCH, BYTES_A_BATCH // max(average, 1))
    if profile.large_bytes > BYTES_OF_LARGE_VALUES:
        rows = min(rows, BYTES_OF_LARGE_VALUES // profile.largest)
    return max(rows, 1)
