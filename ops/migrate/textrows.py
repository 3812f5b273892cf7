"""Rows into PostgreSQL as CSV texts, for tables with types that only PostgreSQL itself knows how to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ops.migrate.arrow import what_postgres_says
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.names import qualified, quote
from ops.migrate.session import writing
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_SESSION = "SET gigops.copying = 'on'; SET synchronous_commit = off; SET timezone = 'UTC'"
_AS_WRITTEN = csv.WriteOptions(include_header=False, quoting_style="needed")


def needs_texts(table: TablePlan) -> bool:
    """Whether the table has a column that binary COPY cannot fill."""
    return any(column.choice.carriage.kind == "other" for column in table.columns)


@dataclass(frozen=True)
class TextRows:
    """A connection to PostgreSQL that takes batches of `table`; not in autocommit. It stands in for
    `arrow.PostgresColumns` where rows are written."""

    connection: Connection
    url: DatabaseUrl
    table: TablePlan

    def copy(self, schema: str, table: str, batch: Any) -> None:
        """COPYs the batch into the table, within the running transaction. Raises RefusedRows."""
        columns = ", ".join(quote(name) for name in batch.schema.names)
        rows = BytesIO()
        # A NULL is written as nothing at all and an empty text as "", which is how COPY reads them.
        csv.write_csv(as_texts(self.table, batch), rows, _AS_WRITTEN)
        rows.seek(0)
        with self._explaining(f"copying into `{table}`"), self.connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {qualified(schema, table)} ({columns}) FROM STDIN (FORMAT csv)", rows)

    def execute(self, sql: str) -> None:
        with self._explaining("writing to PostgreSQL"), self.connection.cursor() as cursor:
            cursor.execute(sql)

    def commit(self) -> None:
        with self._explaining("committing"):
            self.connection.commit()

    def rollback(self) -> None:
        with self._explaining("rolling back"):
            self.connection.rollback()

    @contextmanager
    def _explaining(self, doing: str) -> Iterator[None]:
        import psycopg2

        try:
            yield
        except psycopg2.Error as error:
            raise what_postgres_says(self.url, doing, error) from None


def open_texts(url: DatabaseUrl) -> AbstractContextManager[Connection]:
    """A connection for TextRows, which gigops's own fence lets pass (`gigops.copying`)."""
    return writing(url, _SESSION)


def as_texts(table: TablePlan, batch: Any) -> Any:
    """The batch, made by `convert.from_sqlite`, with each value as the text that PostgreSQL reads."""
    columns = {column.name: column for column in table.columns}
    names = batch.schema.names
    arrays = [_texts(columns[name], array) for name, array in zip(names, batch.columns, strict=True)]
    return pa.record_batch(arrays, names=names)


def _texts(column: ColumnPlan, array: Any) -> Any:
    match column.choice.carriage.kind:
        case "jsonb":
            return pc.utf8_slice_codeunits(pc.cast(array, pa.string()), 1)
        case "bytes" | "uuid":
            mark = "\\x" if column.choice.carriage.kind == "bytes" else ""
            return pa.array([None if v is None else mark + v.hex() for v in array.to_pylist()], pa.string())
    return array if pa.types.is_string(array.type) else pc.cast(array, pa.string())
