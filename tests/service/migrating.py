"""What the migration's tests share: the migration in one call, a comparison that uses none of its code."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ops.clients.console import ConsoleReporter
from ops.database.connect import connect
from ops.migrate.copy import CopyReport, copy_rows
from ops.migrate.finish import finish_schema
from ops.migrate.migration import Migration
from ops.migrate.model import Note
from ops.migrate.survey import survey
from ops.migrate.target import create_schema, inspect_target
from ops.migrate.verify import Comparison, verify
from ops.settings import Source, Target
from ops.values import DatabaseUrl

QUIET = ConsoleReporter(quiet=True)


class NoHurry:
    """A pace that never ends."""

    def check(self) -> None:
        pass


@dataclass(frozen=True)
class Done:
    migration: Migration
    report: CopyReport
    comparison: Comparison
    notes: tuple[Note, ...]

    def noted(self) -> str:
        return "\n".join(map(str, (*self.migration.notes, *self.notes)))


def make(path: Path, sql: str) -> Path:
    """A SQLite file with what `sql` makes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
        connection.commit()
    return path


def migrate(
    url: DatabaseUrl,
    *sources: Source | Path,
    into: bool = False,
    **target: Any,
) -> Done:
    """`target` holds fields of `ops.settings.Target`: `on_misfit="widen"`, `compat=True`…"""
    named = [s if isinstance(s, Source) else Source(s) for s in sources]
    migration = survey(named, Target(**target))
    with closing(connect(url)) as connection:
        inspect_target(migration, connection, into)
        create_schema(migration, connection)
        report = copy_rows(migration, url, QUIET, NoHurry())
        notes = finish_schema(migration, url, NoHurry())
    return Done(migration, report, verify(migration, url, QUIET, NoHurry()), notes)


def query(url: DatabaseUrl, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(connect(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def unequal_tables(path: Path, url: DatabaseUrl, migration: Migration, only: Path | None = None) -> list[str]:
    """The tables whose rows differ, each row read by sqlite3 and by psycopg2 and made comparable by
    what a value means, not by how gigops converts it."""
    wrong = []
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as source:
        source.text_factory = bytes
        encoding = migration.tables[0].encoding if migration.tables else "UTF-8"
        for table in migration.tables:
            if only and table.path != only:
                continue
            names = ", ".join('"' + c.source.name.replace('"', '""') + '"' for c in table.columns)
            kinds = [c.choice.postgres.split("(")[0] for c in table.columns]
            name = table.source.name.replace('"', '""')
            left = Counter(
                tuple(
                    _meant(value, kind, source_type, encoding)
                    for value, kind, source_type in zip(
                        row[: len(kinds)], kinds, row[len(kinds) :], strict=True
                    )
                )
                for row in source.execute(
                    f'SELECT {names}, {", ".join(f"typeof({n})" for n in _split(table))} FROM "{name}"'
                )
            )
            right = Counter(
                tuple(_found(value) for value in row)
                for row in query(url, f"SELECT {', '.join(_target_names(table))} FROM {table.qualified}")
            )
            if left != right:
                wrong.append(
                    f"{table.name}: {list((left - right).items())[:2]} {list((right - left).items())[:2]}"
                )
    return wrong


def _split(table: Any) -> Sequence[str]:
    return ['"' + c.source.name.replace('"', '""') + '"' for c in table.columns]


def _target_names(table: Any) -> Sequence[str]:
    return ['"' + c.name.replace('"', '""') + '"' for c in table.columns]


def _meant(value: Any, kind: str, stored: bytes, encoding: str) -> object:
    """A SQLite value as it must arrive in a column of the PostgreSQL type `kind`."""
    if value is None:
        return None
    text = (
        value
        if isinstance(value, bytes)
        else (repr(value) if isinstance(value, float) else str(value)).encode()
    )
    match kind:
        case "bigint" | "integer" | "smallint":
            assert isinstance(value, int)
            return value
        case "double precision":
            return float(value).hex()
        case "numeric":
            return Decimal(repr(value))
        case "bytea":
            return text
    return _number_text(text) if stored == b"real" else text


def _number_text(text: bytes) -> bytes:
    return text.replace(b"e+0", b"e+").replace(b"e-0", b"e-")


def _found(value: Any) -> object:
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, float):
        return value.hex()
    return value.encode() if isinstance(value, str) else value
