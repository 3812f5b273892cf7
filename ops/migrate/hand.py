"""One of several at work: a connection to PostgreSQL, and the SQLite files it has opened so far."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.migrate.arrow import PostgresColumns, SqliteColumns


@dataclass
class Hand:
    """`stack` closes the files."""

    target: PostgresColumns
    stack: ExitStack
    files: dict[Path, SqliteColumns] = field(default_factory=dict)

    def file(self, path: Path) -> SqliteColumns:
        from ops.migrate import arrow

        if path not in self.files:
            self.files[path] = self.stack.enter_context(arrow.open_sqlite(path))
        return self.files[path]
