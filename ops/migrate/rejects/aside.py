"""Sets the rejected rows aside before the others are copied: whole on disk, noted in PostgreSQL."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ops.migrate import state
from ops.migrate.migration import Migration, TablePlan
from ops.migrate.rejects import ledger
from ops.migrate.rejects.book import read_row
from ops.migrate.rejects.carriages import column_document
from ops.migrate.rejects.folder import Kept, Run
from ops.migrate.rejects.lines import file_names
from ops.migrate.rejects.model import Row, key_names
from ops.migrate.sqlitefile import reading

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


def set_aside(migration: Migration, connection: Connection, folder: Path) -> tuple[Run, ...]:
    """Writes every rejected row below `folder` (`.gigops/rejects`), once, and returns the runs they are in.

    A run that goes on where an earlier one was killed writes what is missing, and leaves the files that
    people may have corrected since. Raises Busy.
    """
    tables = [table for table in migration.tables if table.rejects]
    if not tables:
        return ()
    with state.transaction(connection):
        state.hold(connection)
        names = ledger.note(connection, tables, f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    runs = {name: Run(folder / name) for name in sorted(set(names.values()))}
    surveyed = {ledger.place(table) for table in migration.tables}
    for name, run in runs.items():
        _write(run, [table for table in tables if names[ledger.place(table)] == name], surveyed)
    return tuple(runs.values())


def _write(run: Run, tables: Sequence[TablePlan], surveyed: Container[tuple[str, str]]) -> None:
    files = file_names([table.label for table in tables])
    kept = [_kept(table, files[table.label]) for table in tables]
    run.write_about([*(one for one in run.tables() if (one.schema, one.name) not in surveyed), *kept])
    for table, one in zip(tables, kept, strict=True):
        if not run.is_whole(one):
            run.write_rows(one, _rows(table))


def _kept(table: TablePlan, file: str) -> Kept:
    columns = tuple(column_document(column) for column in table.columns)
    key = tuple(ledger.key_in_postgres(table))
    place = (table.label, table.schema, table.name, str(table.origin), table.source.name)
    return Kept(*place, file, key, columns)


def _rows(table: TablePlan) -> Iterator[Row]:
    names = key_names(table.source)
    with reading(table.path) as connection:
        for reject in table.rejects:
            row = read_row(connection, table, reject.key)
            yield Row(dict(zip(names, reject.key, strict=True)), reject.problems, row)
