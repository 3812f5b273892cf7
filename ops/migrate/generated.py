"""Columns that SQLite computes: computed by PostgreSQL too, where it computes the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ops.migrate.assign import assigned
from ops.migrate.expressions import Operand, Piece, Translator, Untranslatable
from ops.migrate.expressions.parsing import parse_expression
from ops.migrate.migration import ColumnPlan, Migration, TablePlan
from ops.migrate.model import Note
from ops.migrate.names import quote
from ops.migrate.operands import operands

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_COMPUTED = (
    "SELECT a.attrelid, a.attname FROM pg_attribute a JOIN _gigops.tables t ON t.relation = a.attrelid"
    " WHERE a.attgenerated <> '' AND NOT a.attisdropped"
)


def with_computed(table: TablePlan) -> tuple[TablePlan, list[Note]]:
    """The table with what PostgreSQL computes by itself; the other computed columns get their values."""
    notes, columns = list[Note](), list[ColumnPlan]()
    for column in table.columns:
        if column.source.generated is None:
            columns.append(column)
            continue
        try:
            columns.append(replace(column, computed=_expression(table, column)))
        except Untranslatable as reason:
            columns.append(column)
            notes.append(_plain(table, column, str(reason)))
    return replace(table, columns=tuple(columns)), notes


class _Stored:
    """The columns that an expression of PostgreSQL's may compute from: those that are not computed."""

    def __init__(self, table: TablePlan) -> None:
        self._columns: Mapping[str, Operand] = operands(table)
        self._computed = {c.source.name.lower() for c in table.columns if c.source.generated is not None}

    def find(self, table: str, name: str) -> Piece | None:  # noqa: ARG002
        if name.lower() in self._computed:
            raise Untranslatable(f"it is computed from `{name}`, which is computed itself")
        known = self._columns.get(name.lower())
        return Piece(quote(known.name), known.kind, operand=known) if known else None

    def query(self, node: object) -> tuple[str, list[Piece]]:  # noqa: ARG002
        raise Untranslatable("a query stands in it")


def _expression(table: TablePlan, column: ColumnPlan) -> str:
    translator = Translator(_Stored(table))
    piece = translator.piece(parse_expression(column.source.generated or ""))
    if translator.reads_clock or translator.unsteady:
        raise Untranslatable("PostgreSQL computes nothing that depends on a session's settings")
    if column.choice.misfit:
        raise Untranslatable("its values disagree with its type")
    return assigned(piece, column.choice)


def _plain(table: TablePlan, column: ColumnPlan, reason: str) -> Note:
    said = f"is computed by SQLite ({column.source.generated}); PostgreSQL gets the values only: {reason}"
    return Note(f"{table.label}.{column.source.name}", said, "have the application or a trigger fill it")


def computed_columns(connection: Connection) -> Mapping[int, frozenset[str]]:
    """oid of a table of gigops's → the columns that PostgreSQL computes, which nobody may write."""
    found: dict[int, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COMPUTED)
        for oid, name in cursor.fetchall():
            found.setdefault(oid, set()).add(name)
    return {oid: frozenset(names) for oid, names in found.items()}


def not_computed(migration: Migration, connection: Connection) -> Sequence[Note]:
    """A note for each column that PostgreSQL was to compute and would not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = ANY(%s) AND a.attgenerated <> ''",
            (list(migration.schemas),),
        )
        there = set(cursor.fetchall())
    connection.rollback()
    return [
        _plain(table, column, "PostgreSQL refuses the expression")
        for table in migration.tables
        for column in table.columns
        if column.computed and (table.schema, table.name, column.name) not in there
    ]
