"""SQLite's queries as PostgreSQL's: every column known by its table, every value by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.migrate.expressions import Piece
from ops.migrate.expressions.parsing import Node
from ops.migrate.queries.relations import Relation, Relations, columns_of
from ops.migrate.queries.scope import Scope
from ops.migrate.queries.select import build

__all__ = ["Query", "Relation", "Relations", "columns_of", "new_scope", "translate_query"]


@dataclass(frozen=True)
class Query:
    """`pieces` and `names` are its columns. `steady`: it gives the same at any time."""

    sql: str
    pieces: tuple[Piece, ...]
    names: tuple[str, ...]
    steady: bool
    remarks: tuple[str, ...]


def new_scope(relations: Relations) -> Scope:
    """A place where names mean the columns of `relations`, once they are added to it."""
    return Scope(relations, build)


def translate_query(tree: Node, relations: Relations, names: Sequence[str] = ()) -> Query:
    """`names` name the columns, when there are as many. Raises Untranslatable."""
    scope = new_scope(relations)
    built = build(scope, tree, names)
    sqls, pieces = built.columns()
    remarks = tuple(dict.fromkeys(scope.said.remarks))
    return Query(built.render(sqls), tuple(pieces), built.names, not scope.said.reads_clock, remarks)
