"""What a query reads and what it gives: columns with their names in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ops.migrate.expressions import Operand, Piece, Untranslatable
from ops.migrate.expressions.pieces import unified
from ops.migrate.names import quote


@dataclass(frozen=True)
class Relation:
    """A table or view: how PostgreSQL calls it, and its columns by SQLite's lower-case names, in order.
    `hidden` are found by name and left out of `*`: the words for the row id."""

    sql: str
    columns: Mapping[str, Operand]
    hidden: Mapping[str, Operand] = field(default_factory=dict)


Relations = Callable[[str], Relation | None]
"""By SQLite's name of it."""


@dataclass(frozen=True)
class Built:
    """SELECTs, or several joined by UNION and its like; `render` takes the columns' SQL of each."""

    leaves: tuple[tuple[Piece, ...], ...]
    names: tuple[str, ...]
    render: Callable[[Sequence[Sequence[str]]], str]

    def columns(self) -> tuple[list[list[str]], list[Piece]]:
        """Each leaf's columns in kinds that agree, and what they are together."""
        if len({len(leaf) for leaf in self.leaves}) != 1:
            raise Untranslatable("a UNION of unlike numbers of columns")
        if len(self.leaves) == 1:
            return [[p.sql for p in self.leaves[0]]], list(self.leaves[0])
        columns, pieces = [], []
        for group in zip(*self.leaves, strict=True):
            sqls, kind = unified(list(group), "UNION")
            columns.append(sqls)
            own = group[0].operand if len({p.operand for p in group}) == 1 else None
            pieces.append(Piece(sqls[0], kind, operand=own))
        return [list(row) for row in zip(*columns, strict=True)], pieces

    def sql(self) -> str:
        return self.render(self.columns()[0])


def columns_of(
    pieces: Sequence[Piece], names: Sequence[str], renamed: Sequence[str] = ()
) -> Mapping[str, Operand]:
    """A query's columns as operands of the query around it; `renamed` are their names in PostgreSQL."""
    found: dict[str, Operand] = {}
    for piece, name, new in zip(pieces, names, renamed or names, strict=True):
        own = piece.operand
        known = replace(own, name=new, kind=piece.kind) if own else Operand(new, piece.kind, affinity=False)
        found.setdefault(name.lower(), known)
    return found


def relation_of(name: str, built: Built, names: Sequence[str]) -> Relation:
    """A query within a query, called `name`."""
    _, pieces = built.columns()
    return Relation(quote(name), columns_of(pieces, names if len(names) == len(pieces) else built.names))
