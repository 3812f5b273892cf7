"""Carries rejected rows that fit by now: the value was corrected, or the column, or the rule for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ops.errors import Missing
from ops.migrate import state
from ops.migrate.careful import Misfit, convert_value
from ops.migrate.migration import ColumnPlan
from ops.migrate.names import literal, qualified, quote
from ops.migrate.overrides import rule_for
from ops.migrate.rejects import ledger
from ops.migrate.rejects.carriages import as_it_is_now, column_plan
from ops.migrate.rejects.folder import Kept, Run
from ops.migrate.rejects.lines import key_text
from ops.migrate.rejects.model import Problem, Row
from ops.settings import TypeRule

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


@dataclass
class Tried:
    """One table: `rows` are all of its rejects as they stand now, `strange` the places of those whose key
    nobody set aside, `carried` how many came this time, `gone` those that somebody took out of the file."""

    kept: Kept
    rows: list[Row] = field(default_factory=list)
    strange: set[int] = field(default_factory=set)
    carried: int = 0
    gone: int = 0

    @property
    def left(self) -> list[Row]:
        return [row for row in self.rows if not row.carried]


@dataclass(frozen=True)
class _Table:
    kept: Kept
    relation: int
    columns: Mapping[str, ColumnPlan]
    computed: frozenset[str]

    def values(self, row: Row) -> dict[str, object]:
        """The row as PostgreSQL takes it. Raises Misfit, its first argument the reason."""
        unknown = [name for name in row.row if name not in self.columns]
        lacking = [name for name in self.columns if name not in row.row]
        if unknown or lacking:
            said = f"there is no column `{unknown[0]}`" if unknown else f"`{lacking[0]}` is not in the line"
            raise _Unfit((unknown or lacking)[0], said)
        found = {}
        for name, column in self.columns.items():
            try:
                found[column.name] = _parameter(convert_value(column, row.row[name]))
            except Misfit as misfit:
                raise _Unfit(name, misfit.reason) from None
        return {name: value for name, value in found.items() if name not in self.computed}


class _Unfit(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem((column,) if column else (), reason)


def retry(
    run: Run, connection: Connection, rules: Sequence[TypeRule], only: str = "", *, change: bool = True
) -> list[Tried]:
    """Tries each row that is not carried yet, parents before children, and writes down what came of it.

    A row and its mark are one transaction, so no row comes twice. Without `change` everything is tried and
    nothing kept. Raises Missing when the run's tables are not in PostgreSQL any more, Busy.
    """
    wanted = [run.table(only)] if only else list(run.tables())
    connection.rollback()
    connection.autocommit = False
    try:
        state.hold(connection)
        tables = [_table(connection, kept, rules) for kept in wanted]
        tried = [_tried(run, connection, table) for table in tables]
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _carry(connection, list(zip(tables, tried, strict=True)))
        for table, one in zip(tables, tried, strict=True):
            if one.carried:
                _count_on(connection, table)
        if change:
            connection.commit()
    finally:
        connection.rollback()
    if change:
        for one in tried:
            run.write_rows(one.kept, one.rows)
    return tried


def _table(connection: Connection, kept: Kept, rules: Sequence[TypeRule]) -> _Table:
    known = state.relations(connection).get((kept.schema, kept.name))
    if known is None:
        raise Missing(
            f"`{kept.table}` is not in PostgreSQL any more, or was made anew",
            hint="gigops rejects list shows newer runs",
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod), attgenerated <> '' FROM pg_attribute"
            " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped",
            (known[0],),
        )
        found = {name: (postgres, computed) for name, postgres, computed in cursor.fetchall()}
    columns = {}
    for document in kept.columns:
        column = column_plan(document)
        if column.name in found:
            rule = rule_for(rules, kept.of, column.source.name, column.source.declared)
            column = as_it_is_now(column, found[column.name][0], rule)
        columns[column.source.name] = column
    return _Table(
        kept, known[0], columns, frozenset(name for name, (_, computed) in found.items() if computed)
    )


def _tried(run: Run, connection: Connection, table: _Table) -> Tried:
    """The rows of the file, those carried before marked so whatever the file says."""
    noted = ledger.noted(connection, table.relation, run.id)
    if not noted:
        raise Missing(
            f"PostgreSQL knows nothing of run {run.id}: `{table.kept.table}` was made anew since",
            hint="gigops rejects list shows newer runs",
        )
    tried = Tried(table.kept)
    for place, row in enumerate(run.rows(table.kept)):
        when = noted.get(key_text(row.key))
        if when is None:
            tried.strange.add(place)
            said = "its key is none of this run's: a correction may not change the key"
            row = replace(row, problems=(Problem((), said),))
        tried.rows.append(replace(row, carried=when or ""))
    there = {key_text(row.key) for row in tried.rows}
    tried.gone = sum(not when and key not in there for key, when in noted.items())
    return tried


def _carry(connection: Connection, tables: Sequence[tuple[_Table, Tried]]) -> None:
    """Rows that wait for one another come in several rounds: each round may bring parents of the next."""
    waiting = deque((table, tried, i) for table, tried in tables for i, row in enumerate(tried.rows)
                    if not row.carried and i not in tried.strange)  # fmt: skip
    since_last = 0
    while since_last < len(waiting):
        table, tried, i = waiting.popleft()
        row = tried.rows[i]
        try:
            when = _insert(connection, table, row)
        except _Unfit as unfit:
            tried.rows[i] = replace(row, problems=(unfit.problem,))
            waiting.append((table, tried, i))
            since_last += 1
        else:
            tried.rows[i] = replace(row, carried=when)
            tried.carried += 1
            since_last = 0


def _insert(connection: Connection, table: _Table, row: Row) -> str:
    import psycopg2

    values, kept = table.values(row), table.kept
    names, places = ", ".join(map(quote, values)), ", ".join(["%s"] * len(values))
    given = f"({_doubled(names)}) OVERRIDING SYSTEM VALUE VALUES ({places})" if values else "DEFAULT VALUES"
    sql = f"INSERT INTO {_doubled(qualified(kept.schema, kept.name))} AS t {given}"
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT gigops_row")
        try:
            returned = _doubled(ledger.carried_key(kept.key, "t"))
            cursor.execute(f"{sql} RETURNING {returned}", list(values.values()))
            found = cursor.fetchone()
            when = ledger.mark_carried(
                connection, table.relation, key_text(row.key), str(found[0] if found else "")
            )
        except (
            psycopg2.DataError, psycopg2.IntegrityError, psycopg2.ProgrammingError,
            psycopg2.InternalError, psycopg2.NotSupportedError,
        ) as error:  # fmt: skip
            cursor.execute("ROLLBACK TO SAVEPOINT gigops_row")
            raise _Unfit(_column(table, error), _reason(error)) from None
        if not when:
            cursor.execute("ROLLBACK TO SAVEPOINT gigops_row")
            raise _Unfit("", "another line with the same key was carried")
        cursor.execute("RELEASE SAVEPOINT gigops_row")
    return when


def _column(table: _Table, error: Any) -> str:
    named = error.diag.column_name
    return next((c.source.name for c in table.columns.values() if c.name == named), "") if named else ""


def _reason(error: Any) -> str:
    detail = error.diag.message_detail
    said = error.diag.message_primary or str(error).strip().splitlines()[0]
    return f"PostgreSQL: {said}" + (f" ({detail})" if detail else "")


def _parameter(value: object) -> object:
    """What psycopg2 writes so that PostgreSQL's own input function reads exactly this value."""
    import psycopg2

    if isinstance(value, bytes):
        return psycopg2.Binary(value)
    if isinstance(value, float):
        return repr(value)
    return str(value) if isinstance(value, UUID) else value


def _count_on(connection: Connection, table: _Table) -> None:
    """The next number of an identity must lie above the rows that came."""
    name = qualified(table.kept.schema, table.kept.name)
    for column in table.columns.values():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", (name, column.name))
            row = cursor.fetchone()
            if row and row[0]:
                highest = f"(SELECT max({quote(column.name)}) AS m FROM {name}) AS x"
                cursor.execute(
                    f"SELECT setval({literal(row[0])}, m) FROM {row[0]} AS s, {highest}"
                    " WHERE m > s.last_value OR (m = s.last_value AND NOT s.is_called)"
                )


def _doubled(sql: str) -> str:
    """SQL whose percent signs are no placeholders."""
    return sql.replace("%", "%%")
