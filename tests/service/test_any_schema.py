"""Any schema, any values of every storage class: what left arrives, or is set aside; never a crash or a loss.

`GIGOPS_EXAMPLES=5000 pytest tests/service/test_any_schema.py` looks longer than CI does.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from ops.database.connect import connect
from ops.errors import Refused
from ops.migrate.migration import TablePlan
from ops.migrate.run import Migrated
from ops.settings import Source
from ops.values import DatabaseUrl
from tests.service.any_schema import AnySchema, AnyTable, quoted, schemas
from tests.service.meanings import UNITS, Stored, same
from tests.service.whole import move, set_aside

EXAMPLES = int(os.environ.get("GIGOPS_EXAMPLES", "200"))
_ran = {"examples": 0, "tables": 0, "rows": 0, "values": 0, "rejected": 0, "refused": 0}
Row = tuple[Stored, ...]
_NUMBERS = ("integer", "real")


@pytest.fixture(scope="module", autouse=True)
def _told() -> Iterator[None]:
    yield
    print("\nany schema: " + ", ".join(f"{count:,} {name}" for name, count in _ran.items()))


@dataclass
class There:
    """The database, looked at by one connection: opening one costs more than most questions."""

    connection: Any

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def there(database: DatabaseUrl) -> Iterator[There]:
    with closing(connect(database, autocommit=True)) as connection:
        yield There(connection)


@pytest.mark.timeout(0)  # hypothesis itself ends the shrinking of an example after five minutes
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GIGOPS_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(schema=schemas(), on_misfit=st.sampled_from(("widen", "reject", "fail")), compat=st.booleans())
def test_what_arrives_is_what_left_or_is_set_aside(
    schema: AnySchema, on_misfit: str, compat: bool, database: DatabaseUrl, there: There
) -> None:
    for table in schema.tables:
        note(f"{schema.encoding}: {table.sql}")
    there.ask("DROP SCHEMA IF EXISTS drawn CASCADE; DROP SCHEMA IF EXISTS _gigops CASCADE")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "app.db"
        schema.make(path)
        _ran["examples"] += 1
        try:
            allowed = 10**6 if on_misfit == "reject" else 0
            wishes = {"schema": "drawn", "on_misfit": on_misfit, "allow_rejects": allowed, "compat": compat}
            done = move(database, [Source(path)], Path(folder) / "work", **wishes)
        except Refused as refused:
            assert on_misfit == "fail", f"only `fail` refuses: {refused.message}"
            _ran["refused"] += 1
            assert there.ask("SELECT to_regnamespace('drawn')") == [(None,)], "nothing was made"
            return
        assert done.comparison and done.comparison.equal, done.comparison and done.comparison.first
        aside = set_aside(Path(folder) / "work")
        assert on_misfit == "reject" or not aside
        for drawn, plan in zip(schema.tables, _plans(schema, done), strict=True):
            _compare(drawn, plan, path, there, aside.pop(plan.label, []))
            _keeps_promises(drawn, plan, path, there, "\n".join(map(str, done.notes)))
        assert not aside


def _plans(schema: AnySchema, done: Migrated) -> list[TablePlan]:
    plans = {plan.source.name: plan for plan in done.migration.tables}
    return [plans[table.name] for table in schema.tables]


def _compare(
    drawn: AnyTable, plan: TablePlan, path: Path, there: There, aside: Sequence[dict[str, Any]]
) -> None:
    left = _stored(drawn, path)
    for line in aside:
        row = tuple(_decoded(line["row"][column]) for column in drawn.columns)
        assert row in left, f"a reject that was no row: {row}"
        left.remove(row)
    columns = there.ask(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        plan.qualified,
    )
    assert len(columns) == len(drawn.columns), "a column is missing"
    cells = ", ".join(f"{quoted(name)}::text" for name, _ in columns)
    arrived = there.ask(f"SET TIME ZONE 'UTC'; SELECT {cells} FROM {plan.qualified}")
    kinds = [kind for _, kind in columns]
    note(f"{plan.label}: {list(zip(drawn.columns, kinds, strict=True))}\n left {left}\n arrived {arrived}")
    assert len(arrived) == len(left), "rows came or went"
    assert any(_matched(left, arrived, kinds, units) for units in _units(left, kinds)), "a value changed"
    _ran["tables"] += 1
    _ran["rows"] += len(left)
    _ran["values"] += len(left) * len(kinds)
    _ran["rejected"] += len(aside)


_UNIQUES = """SELECT DISTINCT (SELECT group_concat(cid) FROM pragma_index_info(i.name))
    FROM pragma_index_list(?) i WHERE i."unique" = 1"""
_KEPT = """SELECT (SELECT array_agg(attnotnull ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = r AND attnum > 0),
    (SELECT count(*) FROM pg_index WHERE indrelid = r AND indisunique) FROM (SELECT %s::regclass) t (r)"""


def _keeps_promises(drawn: AnyTable, plan: TablePlan, path: Path, there: There, noted: str) -> None:
    """NOT NULL, the keys and the next id are there, or the report names the table."""
    table = quoted(drawn.name)
    with closing(sqlite3.connect(path)) as connection:
        info = connection.execute(f"PRAGMA table_info({table})").fetchall()
        uniques = connection.execute(_UNIQUES, (drawn.name,)).fetchall()
        numbered = "INTEGER PRIMARY KEY" in drawn.sql and not drawn.without_rowid
        highest = f"SELECT max({quoted(drawn.columns[0])}) FROM {table}" if numbered else "SELECT 0"
        high = connection.execute(highest).fetchone()[0] or 0
    filled, keys = there.ask(_KEPT, plan.qualified)[0]
    assert not [row for row, kept in zip(info, filled, strict=True) if row[3] and not kept], "NOT NULL lost"
    assert keys >= len(uniques) + numbered or plan.name in noted, "a key is lost, and nobody told"
    if numbered and high < 2**63 - 1:
        sql = "SELECT nextval(pg_get_serial_sequence(%s, %s))"
        number = there.ask(sql, plan.qualified, plan.columns[0].name)[0][0]
        assert number > high, "the next id is taken"


def _stored(drawn: AnyTable, path: Path) -> list[Row]:
    """Every row as the SQLite library gives it; the texts are bytes."""
    wanted = ", ".join(f"typeof({name}), {name}" for name in map(quoted, drawn.columns))
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        rows = connection.execute(f"SELECT {wanted} FROM {quoted(drawn.name)}").fetchall()
    return [tuple((kind.decode(), v) for kind, v in zip(row[::2], row[1::2], strict=True)) for row in rows]


def _decoded(cell: Any) -> Stored:
    """A value of a reject's line."""
    match cell:
        case None:
            return "null", None
        case str():
            return "text", cell.encode()
        case int():
            return "integer", cell
        case {"real": text}:
            return "real", float(text)
        case {"blob": text}:
            return "blob", bytes.fromhex(text)
        case {"text": text}:
            return "text", bytes.fromhex(text)
    raise AssertionError(cell)


def _units(left: Sequence[Row], kinds: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What the numbers of each column may count from 1970 on: all of a column the same."""
    counts = [
        UNITS
        if kind.startswith(("date", "timestamp")) and any(row[i][0] in _NUMBERS for row in left)
        else UNITS[:1]
        for i, kind in enumerate(kinds)
    ]
    return product(*counts)


def _matched(
    left: Sequence[Row], arrived: Sequence[tuple[str | None, ...]], kinds: Sequence[str], units: Sequence[str]
) -> bool:
    """Whether each row that left is one, and another one, of those that arrived."""
    partner: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for other, cells in enumerate(arrived):
            if other not in tried and all(map(same, left[row], cells, kinds, units)):
                tried.add(other)
                if other not in partner or place(partner[other], tried):
                    partner[other] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(left)))
