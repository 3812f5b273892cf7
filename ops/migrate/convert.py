"""Column batches as read from either side, made into the one form in which they are copied and compared."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.reading import Part

_WHOLE = {"smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64()}


def arrow_type(column: ColumnPlan) -> Any:
    """The Arrow type whose binary COPY form is the column's PostgreSQL type.

    That of jsonb is its version, 1, and the text; that of uuid its 16 bytes
    (PostgreSQL's jsonb_recv and uuid_recv). `other` is read by PostgreSQL from text, not binary.
    """
    carriage = column.choice.carriage
    match carriage.kind:
        case "int":
            return _WHOLE[column.choice.postgres]
        case "real":
            return pa.float64()
        case "bytes" | "jsonb":
            return pa.binary()
        case "uuid":
            return pa.binary(16)
        case "bool":
            return pa.bool_()
        case "date":
            return pa.date32()
        case "time":
            return pa.time64("us")
        case "timestamp":
            return pa.timestamp("us")
        case "timestamptz":
            return pa.timestamp("us", "UTC")
        case "text" | "json" | "other":
            return pa.string()
    digits = (column.profile.digits or 1) + carriage.places
    return pa.decimal128(38, carriage.places) if digits <= 38 else pa.decimal256(76, carriage.places)


def from_sqlite(table: TablePlan, parts: Sequence[Part], batch: Any) -> Any:
    """A batch read with `parts` as a batch of the table's columns, named as in PostgreSQL."""
    columns: list[list[tuple[str, Any]]] = [[] for _ in table.columns]
    for i, part in enumerate(parts):
        columns[part.of].append((part.kind, batch.column(i)))
    arrays = [_joined(column, found) for column, found in zip(table.columns, columns, strict=True)]
    return pa.record_batch(arrays, names=[column.name for column in table.columns])


def from_postgres(column: ColumnPlan, array: Any) -> Any:
    """An array read from PostgreSQL in the form `from_sqlite` gives. Raises pa.ArrowInvalid or
    NotImplementedError when the values cannot take it."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage  # a numeric arrives as an opaque text
    wanted = arrow_type(column)
    if array.type == wanted:
        return array
    if not pa.types.is_decimal(wanted):
        return pc.cast(array, wanted)
    array = pc.cast(array, pa.string())
    try:
        return pc.cast(array, wanted)
    except pa.ArrowInvalid:
        # More digits than gigops wrote: kept, in a wider type, so that the comparison sees them.
        return pa.array([None if text is None else Decimal(text) for text in array.to_pylist()])


def text_of_reals(array: Any) -> Any:
    """Doubles as the shortest texts that read back as the same double, with a point as SQLite writes."""
    text = pc.cast(array, pa.string())
    return pc.replace_substring_regex(text, r"^(-?\d+)$", r"\1.0")


def _joined(column: ColumnPlan, found: list[tuple[str, Any]]) -> Any:
    wanted = arrow_type(column)
    kind = column.choice.carriage.kind
    made = [_converted(kind, wanted, source, array) for source, array in found]
    return made[0] if len(made) == 1 else pc.coalesce(*made)


def _converted(kind: str, wanted: Any, source: str, array: Any) -> Any:
    if array.type == wanted:
        return array
    if kind in ("text", "bytes", "decimal") and source in ("integer", "real"):
        array = (
            text_of_reals(array) if source == "real" and kind != "decimal" else pc.cast(array, pa.string())
        )
        if kind == "bytes":
            array = pc.cast(array, pa.binary())
    return pc.cast(array, wanted)
