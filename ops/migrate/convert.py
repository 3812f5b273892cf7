"""Column batches as read from either side, made into the one form in which they are copied and compared.

Columns are converted whole, by Arrow. An array that Arrow refuses is converted value by value, as
`careful` says; both give the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from ops.errors import Refused
from ops.migrate import arrays
from ops.migrate.careful import Misfit, as_text, convert_value, decimals_kept
from ops.migrate.compare import show
from ops.migrate.documents import canonical
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.names import quote
from ops.migrate.reading import Part

_WHOLE = {"smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64()}


class UnfitValue(Refused):
    """A value that its column's type cannot hold; table, column and value are named."""


def arrow_type(column: ColumnPlan) -> Any:
    """The Arrow type whose binary COPY form is the column's PostgreSQL type.

    That of jsonb is its version, 1, and the text; that of uuid its 16 bytes
    (PostgreSQL's jsonb_recv and uuid_recv). `other` is read by PostgreSQL from text, not binary.
    """
    carriage = column.choice.carriage
    match carriage.kind:
        case "int":
            return _WHOLE.get(column.choice.postgres, pa.int64())
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
    """A batch read with `parts` as a batch of the table's columns, named as in PostgreSQL.

    Raises UnfitValue, with column and value, for a value that its column's type cannot hold.
    """
    columns: list[list[tuple[str, Any]]] = [[] for _ in table.columns]
    for i, part in enumerate(parts):
        columns[part.of].append((part.kind, batch.column(i)))
    made = [_joined(table, column, found) for column, found in zip(table.columns, columns, strict=True)]
    return pa.record_batch(made, names=[column.name for column in table.columns])


def comparable(table: TablePlan, batch: Any) -> Any:
    """What `from_sqlite` gives, with the documents of jsonb columns in the form `from_postgres` gives."""
    if all(column.choice.carriage.kind != "jsonb" for column in table.columns):
        return batch
    made = [
        _canonical(pc.utf8_slice_codeunits(pc.cast(array, pa.string()), 1))
        if column.choice.carriage.kind == "jsonb"
        else array
        for column, array in zip(table.columns, batch.columns, strict=True)
    ]
    return pa.record_batch(made, names=batch.schema.names)


def read_as(column: ColumnPlan) -> str:
    """The SQL expression that reads the column in PostgreSQL for the comparison."""
    name = quote(column.name)
    match column.choice.carriage.kind:
        case "json" | "jsonb" | "other":
            return f"{name}::text"
        case "uuid":
            return f"uuid_send({name})"
    return name


def from_postgres(column: ColumnPlan, array: Any) -> Any:
    """An array read from PostgreSQL with `read_as` in the form `comparable` gives. Raises pa.ArrowInvalid or
    NotImplementedError when the values cannot take it."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage  # a numeric arrives as an opaque text
    if column.choice.carriage.kind == "jsonb":
        return _canonical(pc.cast(array, pa.string()))
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


def _joined(table: TablePlan, column: ColumnPlan, found: list[tuple[str, Any]]) -> Any:
    made = [_converted(table, column, source, array) for source, array in found]
    return made[0] if len(made) == 1 else pc.coalesce(*made)


def _converted(table: TablePlan, column: ColumnPlan, source: str, array: Any) -> Any:
    carriage, wanted = column.choice.carriage, arrow_type(column)
    if carriage.empty == "null" and source == "text":
        array = pc.if_else(pc.equal(array, ""), None, array)
    if array.null_count == len(array):
        return pa.nulls(len(array), wanted)
    fast = _FAST.get((carriage.kind, source))
    if fast and not carriage.form and not carriage.words:
        try:
            return fast(column, wanted, array)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, arrays.Careful):
            pass
    return pa.array([_one(table, column, source, value) for value in array.to_pylist()], wanted)


def _one(table: TablePlan, column: ColumnPlan, source: str, value: Any) -> object:
    given = as_text(value) if source == "raw" and value is not None else value
    try:
        made = convert_value(column, given)
    except Misfit as misfit:
        raise UnfitValue(
            f"`{table.source.name}.{column.source.name}` in `{table.origin.name}` holds {show(given)}:"
            f" {misfit.reason}",
            hint="correct the rows, or gigops migrate --plan shows what else can be done",
        ) from None
    if isinstance(made, UUID):
        return made.bytes
    if column.choice.carriage.kind == "jsonb" and isinstance(made, str):
        return b"\x01" + made.encode()
    return made


def _canonical(array: Any) -> Any:
    return pa.array([None if text is None else canonical(text) for text in array.to_pylist()], pa.string())


def _cast(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column
    return pc.cast(array, wanted)


def _text(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    return arrays.without_nul(pc.cast(array, wanted), column.choice.carriage.nul)


def _text_of_number(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column
    return pc.cast(arrays.text_of_numbers(array), wanted)


def _decimal_of_number(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column
    return pc.cast(pc.cast(array, pa.string()), wanted)


def _jsonb(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column
    return pc.binary_join_element_wise(b"\x01", pc.cast(arrays.text_of_numbers(array), wanted), b"")


def _bool(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column, wanted
    return arrays.booleans(array)


def _time(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del wanted
    return arrays.kept(arrays.times(array), decimals_kept(column.choice.postgres))


def _date(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column
    return pc.cast(arrays.within_years(pc.cast(array, wanted).cast(pa.timestamp("us"))), wanted)


def _moment(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    return arrays.kept(arrays.moments(array, wanted), decimals_kept(column.choice.postgres))


def _counted(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    made = arrays.moments_of_numbers(array, column.choice.carriage.epoch, wanted)
    return arrays.kept(made, decimals_kept(column.choice.postgres))


def _uuid(column: ColumnPlan, wanted: Any, array: Any) -> Any:
    del column, wanted
    return arrays.uuids(array)


_Fast = Callable[[ColumnPlan, Any, Any], Any]
_FAST: dict[tuple[str, str], _Fast] = {
    ("int", "integer"): _cast, ("int", "real"): _cast, ("real", "integer"): _cast, ("real", "real"): _cast,
    ("decimal", "integer"): _decimal_of_number, ("decimal", "real"): _decimal_of_number,
    ("decimal", "text"): _cast,
    ("text", "text"): _text, ("text", "raw"): _text, ("text", "blob"): _text,
    ("text", "integer"): _text_of_number, ("text", "real"): _text_of_number,
    ("other", "text"): _text, ("other", "integer"): _text_of_number, ("other", "real"): _text_of_number,
    ("bytes", "blob"): _cast, ("bytes", "text"): _cast,
    ("bytes", "integer"): _text_of_number, ("bytes", "real"): _text_of_number,
    ("bool", "integer"): _bool, ("bool", "real"): _bool, ("bool", "text"): _bool,
    ("date", "text"): _date, ("time", "text"): _time,
    ("timestamp", "text"): _moment, ("timestamptz", "text"): _moment,
    ("timestamp", "integer"): _counted, ("timestamp", "real"): _counted,
    ("timestamptz", "integer"): _counted, ("timestamptz", "real"): _counted,
    ("json", "text"): _cast, ("json", "integer"): _text_of_number, ("json", "real"): _text_of_number,
    ("jsonb", "text"): _jsonb, ("jsonb", "integer"): _jsonb, ("jsonb", "real"): _jsonb,
    ("uuid", "text"): _uuid, ("uuid", "blob"): _cast,
}  # fmt: skip
