"""SQLite's texts as PostgreSQL writes what it reads there, so that values of its own types are comparable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ops.migrate.existing.server import Server
from ops.migrate.migration import ColumnPlan, TablePlan

_AS_THEY_ARE = ("citext",)


def canonical(table: TablePlan, batch: Any, server: Callable[[], Server]) -> Any:
    """A batch as `convert.comparable` gives it, the columns of kind `other` as `column::text` reads them."""
    if not any(_asks(column) for column in table.columns):
        return batch
    arrays = [
        _canonical(column, array, server()) if _asks(column) else array
        for column, array in zip(table.columns, batch.columns, strict=True)
    ]
    return pa.record_batch(arrays, names=batch.schema.names)


def _asks(column: ColumnPlan) -> bool:
    """An enum has its words, and citext keeps the text: both read back as they are written."""
    choice = column.choice
    plain = choice.carriage.words or choice.postgres.split(".")[-1] in _AS_THEY_ARE
    return choice.carriage.kind == "other" and not plain


def _canonical(column: ColumnPlan, array: Any, server: Server) -> Any:
    given = pc.drop_null(pc.unique(array)).to_pylist()
    type_ = column.choice.postgres
    refused = server.refused(type_, given)  # values that PostgreSQL cannot hold differ in any case
    taken = [text for text in given if text not in refused]
    meant = dict(zip(taken, server.canonical(type_, taken), strict=True))
    made = [None if text is None else meant.get(text, text) for text in array.to_pylist()]
    return pa.array(made, pa.string())
