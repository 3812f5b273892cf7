"""Triggers that set columns of the very row that is written (`updated_at`): BEFORE triggers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from ops.migrate.assign import assigned
from ops.migrate.expressions import Untranslatable
from ops.migrate.expressions.parsing import Node
from ops.migrate.migration import TablePlan
from ops.migrate.model import Trigger
from ops.migrate.names import quote
from ops.migrate.triggertext import TriggerText

if TYPE_CHECKING:
    from ops.migrate.queries.scope import Scope
    from ops.migrate.views import Place

_ROW_IDS = ("rowid", "oid", "_rowid_")


@dataclass(frozen=True)
class Touch:
    """`UPDATE t SET column = value… WHERE key = NEW.key` after a row of `t` is written. The row is found by
    the key it had (`by_old`) or has."""

    table: TablePlan
    columns: tuple[str, ...]
    values: tuple[Node, ...]
    by_old: bool

    def assignment(self, scope: Scope, place: Place) -> str:  # noqa: ARG002
        lines = []
        for name, value in zip(self.columns, self.values, strict=True):
            column = next(c for c in self.table.columns if c.source.name.lower() == name.lower())
            if column.source.name in self.table.source.primary_key or column.source.generated is not None:
                raise Untranslatable(f"it sets `{name}`")
            if any(isinstance(each, exp.Column) and not each.table for each in value.find_all(exp.Column)):
                value = _of_the_row(value)
            sql = assigned(scope.piece(value), column.choice)
            lines.append(f"NEW.{quote(column.name)} := {sql};")
        body = " ".join(lines)
        if not self.by_old:
            return body
        keys = self.table.source.primary_key or (self.table.source.rowid_alias or "",)
        named = [quote(self.table.column(key).name) for key in keys]
        same = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in named)
        return f"IF {same} THEN {body} END IF;"


def read_touch(
    text: TriggerText, trees: Sequence[Node], trigger: Trigger, table: TablePlan | None
) -> Touch | None:
    """The touch that the trigger is, or None. `trees` are its statements."""
    if table is None or text.timing != "AFTER" or text.event == "DELETE" or len(trees) != 1:
        return None
    tree = trees[0]
    if not isinstance(tree, exp.Update) or tree.this.name.lower() != trigger.table.lower():
        return None
    where = tree.args.get("where")
    rows = {_row_of(each, table) for each in _conditions(where.this)} if where else {None}
    keyed = {name for name, _ in (row for row in rows if row)}
    wanted = {name.lower() for name in table.source.primary_key}
    whole = keyed == {""} or (bool(wanted) and keyed == wanted)
    if None in rows or not whole or tree.args.get("from_") or tree.args.get("from"):
        return None
    pairs = [(each.this, each.expression) for each in tree.expressions if isinstance(each, exp.EQ)]
    if len(pairs) != len(tree.expressions) or not all(isinstance(left, exp.Column) for left, _ in pairs):
        return None
    if any(value.find(exp.Select) for _, value in pairs):
        return None
    by_old = any(word == "old" for _, word in (row for row in rows if row))
    columns = tuple(left.name for left, _ in pairs)
    if not {name.lower() for name in columns} <= {c.source.name.lower() for c in table.columns}:
        return None
    return Touch(table, columns, tuple(value for _, value in pairs), by_old)


def _conditions(node: Node) -> list[Node]:
    node = node.unnest()
    if isinstance(node, exp.And):
        return [*_conditions(node.this), *_conditions(node.expression)]
    return [node]


def _row_of(node: Node, table: TablePlan) -> tuple[str, str] | None:
    """(key column, `new` or `old`) of `key = NEW.key`; the row id is the column `""`."""
    if not isinstance(node, exp.EQ | exp.NullSafeEQ):
        return None
    left, right = node.this.unnest(), node.expression.unnest()
    if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
        return None
    if left.table.lower() in ("new", "old"):
        left, right = right, left
    row, own = right.table.lower(), left.table.lower()
    if row not in ("new", "old") or own not in ("", table.source.name.lower()):
        return None
    here, there = (_key(each.name, table) for each in (left, right))
    return (here, row) if here == there else None


def _key(name: str, table: TablePlan) -> str:
    """A row-id key is the same by all its names."""
    alias = (table.source.rowid_alias or "").lower()
    own = {c.source.name.lower() for c in table.columns}
    low = name.lower()
    return "" if low == alias or (low in _ROW_IDS and low not in own) else low


def _of_the_row(value: Node) -> Node:
    """Columns without a table are those of the row itself, which is NEW."""
    made = value.copy()
    for each in made.find_all(exp.Column):
        if not each.table:
            each.set("table", exp.to_identifier("NEW"))
    return made
