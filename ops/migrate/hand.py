"""One of several at work: a connection to PostgreSQL, and the SQLite files it has opened so far."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from ops.migrate.arrow import PostgresColumns, SqliteColumns
    from ops.migrate.existing.server import Server
    from ops.migrate.migration import TablePlan
    from ops.migrate.textrows import TextRows


@dataclass
class Hand:
    """`stack` closes the files."""

    target: PostgresColumns
    stack: ExitStack
    files: dict[Path, SqliteColumns] = field(default_factory=dict)
    texts: Connection | None = None
    asked: Connection | None = None

    def file(self, path: Path) -> SqliteColumns:
        from ops.migrate import arrow

        if path not in self.files:
            self.files[path] = self.stack.enter_context(arrow.open_sqlite(path))
        return self.files[path]

    def writer(self, table: TablePlan) -> PostgresColumns | TextRows:
        """What rows of `table` are written through, and the marks that go with them."""
        from ops.migrate.textrows import TextRows, needs_texts, open_texts

        if not needs_texts(table):
            return self.target
        if self.texts is None:
            self.texts = self.stack.enter_context(open_texts(self.target.url))
        return TextRows(self.texts, self.target.url, table)

    def server(self) -> Server:
        """PostgreSQL, to be asked what it makes of texts."""
        from ops.migrate.existing.server import Server
        from ops.migrate.session import open_session

        if self.asked is None:
            self.asked = self.stack.enter_context(closing(open_session(self.target.url)))
            with self.asked.cursor() as cursor:
                cursor.execute("SET timezone = 'UTC'")
        return Server(self.asked)
