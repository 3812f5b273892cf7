"""A table's columns as the operands of its expressions."""

from __future__ import annotations

from collections.abc import Mapping

from ops.migrate.expressions import Operand
from ops.migrate.migration import ColumnPlan, TablePlan


def operand(column: ColumnPlan) -> Operand:
    carriage = column.choice.carriage
    shapes = [form for form, count in column.profile.forms.items()
              if " " in form and count == column.profile.texts and carriage.reads == {"text"}]  # fmt: skip
    return Operand(
        column.name,
        carriage.kind,
        column.source.collation,
        column.choice.postgres,
        carriage.reads,
        carriage.epoch,
        shapes[0] if len(shapes) == 1 else "",
    )


def operands(table: TablePlan) -> Mapping[str, Operand]:
    """By their lower-case names in SQLite; the words for the row id too, where a column is the row id."""
    return {**row_id(table), **{column.source.name.lower(): operand(column) for column in table.columns}}


def row_id(table: TablePlan) -> Mapping[str, Operand]:
    """The words for the row id, where a column is the row id."""
    alias = table.source.rowid_alias
    if alias is None:
        return {}
    words = ("rowid", "oid", "_rowid_", *(("docid",) if table.source.module else ()))
    return dict.fromkeys(words, operand(table.column(alias)))
