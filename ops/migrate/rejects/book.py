"""The rows found so far, in temporary tables of SQLite's: however many there are, memory stays small."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ops.errors import Refused
from ops.migrate.careful import BadText, Value
from ops.migrate.migration import TablePlan
from ops.migrate.rejects.literals import literal
from ops.migrate.rejects.model import Count, Example, Problem, Reject, key_columns, key_names, shown
from ops.migrate.sqlitefile import quoted


@dataclass(frozen=True)
class Page:
    """The rejected rows of one table. `name` is a temporary table: the key's columns, then why."""

    connection: sqlite3.Connection
    table: TablePlan
    name: str

    def add(self, key: Sequence[Value], problem: Problem) -> None:
        """Notes the row with this key. Raises Refused for a table whose rows nothing tells apart."""
        if _is_nameless(self.table):
            raise _nameless(self.table)
        # A text that is no text can be written as a constant, but not handed over.
        cells = ", ".join(literal(c, self.table.encoding) if isinstance(c, BadText) else "?" for c in key)
        given = [cell for cell in key if not isinstance(cell, BadText)]
        sql = f"INSERT OR IGNORE INTO {self.name} VALUES ({cells}, ?)"
        self.connection.execute(sql, [*given, _why(problem)])

    def add_from(self, rows: str, problem: Problem) -> int:
        """Notes the rows that `rows` selects (what follows FROM), and returns how many are new."""
        before = self.connection.total_changes
        words = ", ".join(key_columns(self.table.source)) or "0"
        self.connection.execute(
            f"INSERT OR IGNORE INTO {self.name} SELECT {words}, ? FROM {rows}", (_why(problem),)
        )
        new = self.connection.total_changes - before
        if new and _is_nameless(self.table):
            raise _nameless(self.table)
        return new

    def holds(self, alias: str) -> str:
        """The condition that the row of `alias` is rejected."""
        words = ", ".join(f"{alias}.{word}" for word in key_columns(self.table.source)) or "0"
        return f"({words}) IN (SELECT {', '.join(self._keys())} FROM {self.name})"

    def rows(self) -> int:
        keys = ", ".join(self._keys())
        sql = f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {self.name})"
        return int(self.connection.execute(sql).fetchone()[0])

    def counts(self) -> list[Count]:
        """How many rows there are by column and reason, the most first."""
        found = self.connection.execute(
            f"SELECT why, count(*) FROM {self.name} GROUP BY why ORDER BY count(*) DESC, why"
        )
        return [Count(self.table.label, _problem(why), rows) for why, rows in found.fetchall()]

    def rejects(self, most: int) -> tuple[Reject, ...]:
        """The rejected rows in the order of their keys, no more than `most`."""
        keys = ", ".join(self._keys())
        first = f"SELECT DISTINCT {keys} FROM {self.name} ORDER BY {keys} LIMIT {most}"
        cells = ", ".join(map(exactly, self._keys()))
        sql = f"SELECT why, {cells} FROM {self.name} WHERE ({keys}) IN ({first}) ORDER BY {keys}"
        found: dict[tuple[Value, ...], list[Problem]] = {}
        for why, *pairs in self.connection.execute(sql):
            key = tuple(
                exact(kind, cell, self.table.encoding)
                for kind, cell in zip(pairs[::2], pairs[1::2], strict=True)
            )
            found.setdefault(key, []).append(_problem(why))
        return tuple(Reject(key, tuple(problems)) for key, problems in found.items())

    def examples(self, most: int) -> list[Example]:
        """The first rejected rows with the values that are the reason, told by their primary key."""
        found = []
        for reject in self.rejects(most):
            row = read_row(self.connection, self.table, reject.key)
            key = {name: row[name] for name in self.table.source.primary_key if name in row}
            problem = reject.problems[0]
            found.append(
                Example(
                    self.table.label,
                    self.table.origin.name,
                    key or dict(zip(key_names(self.table.source), reject.key, strict=True)),
                    problem,
                    ", ".join(shown(row[name]) for name in problem.columns if name in row),
                )
            )
        return found

    def _keys(self) -> list[str]:
        return [f"k{i}" for i in range(len(key_columns(self.table.source)) or 1)]


def open_page(connection: sqlite3.Connection, table: TablePlan, number: int) -> Page:
    """An empty page."""
    page = Page(connection, table, f"temp.gigops_rejects_{number}")
    keys = page._keys()
    connection.execute(f"DROP TABLE IF EXISTS {page.name}")
    columns = ", ".join(f"{key} COLLATE BINARY" for key in keys)
    connection.execute(
        f"CREATE TEMP TABLE gigops_rejects_{number}"
        f" ({columns}, why TEXT, PRIMARY KEY ({', '.join(keys)}, why)) WITHOUT ROWID"
    )
    return page


def read_row(connection: sqlite3.Connection, table: TablePlan, key: Sequence[Value]) -> dict[str, Value]:
    """The whole row of `key`, each value as it is stored."""
    where = " AND ".join(
        f"{word} = {literal(cell, table.encoding)}"
        for word, cell in zip(key_columns(table.source), key, strict=True)
    )
    row: dict[str, Value] = {}
    names = [column.source.name for column in table.columns]
    for start in range(0, len(names), 500):  # SQLite allows 2,000 columns in a result
        some = names[start : start + 500]
        words = ", ".join(exactly(quoted(name)) for name in some)
        sql = f"SELECT {words} FROM {quoted(table.source.name)} WHERE {where}"
        cells = connection.execute(sql).fetchone()
        row |= {
            name: exact(kind, cell, table.encoding)
            for name, kind, cell in zip(some, cells[::2], cells[1::2], strict=True)
        }
    return row


def exactly(word: str) -> str:
    """The two words of a SELECT that `exact` makes the value of `word` (SQL) of."""
    return f"typeof({word}), CASE WHEN typeof({word}) = 'text' THEN CAST({word} AS BLOB) ELSE {word} END"


def exact(kind: str, cell: Value, encoding: str) -> Value:
    """A value of storage class `kind` whose text was read as bytes: BadText when they are none."""
    if kind != "text" or not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode(encoding)
    except UnicodeDecodeError:
        return BadText(cell)


def _why(problem: Problem) -> str:
    return json.dumps([problem.columns, problem.reason], ensure_ascii=False)


def _problem(why: str) -> Problem:
    columns, reason = json.loads(why)
    return Problem(tuple(columns), reason)


def _is_nameless(table: TablePlan) -> bool:
    """No row id (three columns have taken its names), and no key that is always filled."""
    key = table.source.primary_key
    return table.source.rowid_name is None and (
        not key or any(table.column(name).profile.nulls for name in key)
    )


def _nameless(table: TablePlan) -> Refused:
    return Refused(
        f"`{table.source.name}` in `{table.origin.name}` has rows that cannot be carried, and nothing that"
        " tells its rows from one another",
        hint="correct the rows, or add --on-misfit widen",
    )
