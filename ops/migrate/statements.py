"""The statements of a trigger's body: INSERT, UPDATE and DELETE for PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ops.migrate.assign import assigned
from ops.migrate.expressions import Untranslatable
from ops.migrate.expressions.parsing import Node
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.names import quote
from ops.migrate.queries import Relation
from ops.migrate.queries.scope import Scope

if TYPE_CHECKING:
    from ops.migrate.views import Place

_MORE = ("alternative", "conflict", "returning", "with_", "with", "order", "limit")


def changes(tree: Node) -> set[tuple[str, str]]:
    """(INSERT, UPDATE or DELETE, table in lower case) that the statement does."""
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    word = {"Insert": "INSERT", "Update": "UPDATE", "Delete": "DELETE"}.get(type(tree).__name__)
    return {(word, table.name.lower())} if word else set()


def statement(scope: Scope, tree: Node, place: Place) -> str:
    """`scope` knows NEW and OLD. Raises Untranslatable."""
    if any(
        tree.args.get(key)
        for key in ("alternative", "conflict", "returning", "with_", "with", "order", "limit")
    ):
        raise Untranslatable("a statement with a conflict clause or the like")
    if isinstance(tree, exp.Insert):
        return _insert(scope, tree, place)
    if isinstance(tree, exp.Update):
        return _update(scope, tree, place)
    if isinstance(tree, exp.Delete):
        table, inner = _target(scope, tree.this, place)
        where = tree.args.get("where")
        return f"DELETE FROM {table.qualified}" + (f" WHERE {inner.truth(where.this)}" if where else "")
    raise Untranslatable("a statement that is no INSERT, UPDATE, DELETE or RAISE")


def _insert(scope: Scope, tree: Node, place: Place) -> str:
    named = isinstance(tree.this, exp.Schema)
    table, _ = _target(scope, tree.this.this if named else tree.this, place)
    if named:
        columns = [_column(table, each.name) for each in tree.this.expressions]
    else:
        columns = [c for c in table.columns if c.source.generated is None]
        if table.source.module.startswith("fts"):
            columns = columns[1:]  # the row id is none of its columns in SQLite
    if any(c.computed for c in columns):
        raise Untranslatable("it writes a column that is computed")
    names, source = ", ".join(quote(c.name) for c in columns), tree.expression
    head = f"INSERT INTO {table.qualified} ({names})"
    if isinstance(source, exp.Values):
        rows = [[_assigned(scope, value, c) for value, c in _paired(row.expressions, columns)]
                for row in source.expressions]  # fmt: skip
        return f"{head} VALUES {', '.join('(' + ', '.join(row) + ')' for row in rows)}"
    if not isinstance(source, exp.Select):
        raise Untranslatable("an INSERT of something that is no SELECT")
    built = scope.build(scope.inner(), source, [c.name for c in columns])
    if len(built.leaves) != 1 or len(built.leaves[0]) != len(columns):
        raise Untranslatable("an INSERT of a UNION, or of another number of columns")
    sqls = [assigned(piece, c.choice) for piece, c in zip(built.leaves[0], columns, strict=True)]
    return f"{head} {built.render([sqls])}"


def _update(scope: Scope, tree: Node, place: Place) -> str:
    table, inner = _target(scope, tree.this, place)
    if tree.args.get("from_") or tree.args.get("from"):
        raise Untranslatable("an UPDATE with FROM")
    parts = []
    for each in tree.expressions:
        if not isinstance(each, exp.EQ) or not isinstance(each.this, exp.Column):
            raise Untranslatable("an UPDATE of several columns at once")
        column = _column(table, each.this.name)
        if column.computed:
            raise Untranslatable("it writes a column that is computed")
        parts.append(f"{quote(column.name)} = {_assigned(inner, each.expression, column)}")
    where = tree.args.get("where")
    return f"UPDATE {table.qualified} SET {', '.join(parts)}" + (
        f" WHERE {inner.truth(where.this)}" if where else ""
    )


def _target(scope: Scope, node: Node, place: Place) -> tuple[TablePlan, Scope]:
    """The table to change, and a scope in which its columns are known beside NEW and OLD."""
    if not isinstance(node, exp.Table) or node.alias:
        raise Untranslatable("a table with another name")
    table = next((t for t in place.tables if t.source.name.lower() == node.name.lower()), None)
    known = place.find(node.name)
    if table is None or known is None:
        raise Untranslatable(f"`{node.name}` is no table that is carried")
    inner = scope.inner()
    inner.add(node.name, known.sql, Relation(known.sql, known.columns, known.hidden))
    return table, inner


def _column(table: TablePlan, name: str) -> ColumnPlan:
    own = next((c for c in table.columns if c.source.name.lower() == name.lower()), None)
    alias = table.source.rowid_alias
    if own is None and alias and name.lower() in ("rowid", "oid", "_rowid_", "docid"):
        own = table.column(alias)
    if own is None:
        raise Untranslatable(f"there is no column `{name}`")
    return own


def _assigned(scope: Scope, node: Node, column: ColumnPlan) -> str:
    return assigned(scope.piece(node), column.choice)


def _paired(values: list[Node], columns: list[ColumnPlan]) -> list[tuple[Node, ColumnPlan]]:
    if len(values) != len(columns):
        raise Untranslatable("an INSERT of another number of values")
    return list(zip(values, columns, strict=True))
