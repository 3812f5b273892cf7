"""What the migration's tests share: the migration in one call, a comparison that uses none of its code."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

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
    migration = survey(named, Target(**target), still=True)
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
            kinds = [(c.choice.postgres.split("(")[0], c.choice.carriage.epoch) for c in table.columns]
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
                tuple(
                    _document(json.loads(value, parse_float=_exact))
                    if value is not None and kind[0][:4] == "json"
                    else _found(value)
                    for value, kind in zip(row, kinds, strict=True)
                )
                for row in query(url, f"SELECT {', '.join(_read(table))} FROM {table.qualified}")
            )
            if left != right:
                wrong.append(
                    f"{table.name}: {list((left - right).items())[:2]} {list((right - left).items())[:2]}"
                )
    return wrong


def _split(table: Any) -> Sequence[str]:
    return ['"' + c.source.name.replace('"', '""') + '"' for c in table.columns]


def _read(table: Any) -> Sequence[str]:
    """JSON as its text: psycopg2 would make of `null` in JSON what it makes of NULL."""
    return [
        '"' + c.name.replace('"', '""') + '"' + ("::text" if c.choice.postgres in ("json", "jsonb") else "")
        for c in table.columns
    ]


def _meant(value: Any, kind: tuple[str, str], stored: bytes, encoding: str) -> object:
    """A SQLite value as it must arrive in a column of the PostgreSQL type `kind`."""
    if value is None:
        return None
    text = (
        value
        if isinstance(value, bytes)
        else (repr(value) if isinstance(value, float) else str(value)).encode()
    )
    match kind[0]:
        case "bigint" | "integer" | "smallint":
            assert isinstance(value, int)
            return value
        case "double precision":
            return float(value).hex()
        case "numeric":
            return Decimal(repr(value) if isinstance(value, float) else text.decode())
        case "bytea":
            return text
        case "boolean":
            return {"1": True, "t": True, "0": False, "f": False}[text.decode().lower()[0]]
        case "uuid":
            return str(UUID(bytes=value) if stored == b"blob" else UUID(text.decode())).encode()
        case "json" | "jsonb":
            return _document(json.loads(text, parse_float=_exact))
        case "time":
            return _clock(text.decode())
        case "date":
            return date.fromisoformat(text.decode())
        case "timestamp" | "timestamptz":
            at = _moment(text.decode()) if stored == b"text" else _START + _counted(value, kind[1])
            return at.replace(tzinfo=None) if kind[0] == "timestamp" else at
    return _number_text(text) if stored == b"real" else text


_START = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime:
    """In UTC, digits below a microsecond rounded half up."""
    head, point, rest = text.removesuffix(" UTC").replace(" +", "+").partition(".")
    digits = re.match(r"\d*", rest)[0] if point else ""  # type: ignore[index]
    at = datetime.fromisoformat(head + rest[len(digits) :])
    at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return at + timedelta(
        microseconds=int((Decimal(f"0.{digits or 0}") * 1_000_000).quantize(1, ROUND_HALF_UP))
    )


def _clock(text: str) -> time:
    return _moment(f"1970-01-01 {text}").time()


def _counted(value: float, epoch: str) -> timedelta:
    if epoch == "julian":
        return timedelta(milliseconds=round((value - 2440587.5) * 86_400_000))
    scale = {"unix": 10**6, "unix_ms": 1000, "unix_us": 1}[epoch]
    return timedelta(microseconds=int((Decimal(repr(value)) * scale).quantize(1, ROUND_HALF_UP)))


def _exact(text: str) -> int | str:
    number = Decimal(text)
    return int(number) if number == int(number) else str(number.normalize())


def _document(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _number_text(text: bytes) -> bytes:
    return text.replace(b"e+0", b"e+").replace(b"e-0", b"e-")


def _found(value: Any) -> object:
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, float):
        return value.hex()
    return value.encode() if isinstance(value, str) else value
