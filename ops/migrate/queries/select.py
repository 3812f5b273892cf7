"""SELECT, UNION and its like, VALUES and WITH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from ops.migrate.expressions import Piece, Untranslatable
from ops.migrate.expressions.aggregates import direction
from ops.migrate.expressions.parsing import Node, part
from ops.migrate.expressions.pieces import as_text, as_value, folded
from ops.migrate.names import quote
from ops.migrate.queries.relations import Built, relation_of
from ops.migrate.queries.scope import Scope

_SETS = {"Union": "UNION", "Intersect": "INTERSECT", "Except": "EXCEPT"}


def build(scope: Scope, node: Node, names: Sequence[str]) -> Built:
    """`names` name the columns, when there are as many. Raises Untranslatable."""
    with_ = part(node, "with")
    head = _ctes(scope, with_) if with_ is not None else ""
    if isinstance(node, exp.Subquery):
        built = build(scope, node.this, names)
    elif type(node).__name__ in _SETS:
        built = _set(scope, node, names)
    elif isinstance(node, exp.Select):
        built = _select(scope, node, names)
    elif isinstance(node, exp.Values):
        built = _values(scope, node, names)
    else:
        raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` is no query")
    plain = built.render
    return replace(built, render=lambda sqls: head + plain(sqls)) if head else built


def _ctes(scope: Scope, with_: Node) -> str:
    parts, recursive = [], bool(with_.args.get("recursive"))
    for cte in with_.expressions:
        name, alias = cte.alias, cte.args["alias"]
        names = [each.name for each in alias.args.get("columns") or []]
        if recursive and type(cte.this).__name__ == "Union":
            first = build(scope.beside(), cte.this.this, names)
            scope.ctes[name.lower()] = relation_of(name, first, names)
        built = build(scope.beside(), cte.this, names)
        scope.ctes[name.lower()] = relation_of(name, built, names)
        parts.append(f"{quote(name)} ({', '.join(map(quote, built.names))}) AS ({built.sql()})")
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "


def _set(scope: Scope, node: Node, names: Sequence[str]) -> Built:
    left, right = build(scope.beside(), node.this, names), build(scope.beside(), node.expression, names)
    word = _SETS[type(node).__name__] + ("" if node.args.get("distinct", True) else " ALL")
    split = len(left.leaves)
    order = part(node, "order")
    shown = {name.lower(): name for name in left.names}
    terms = [_of_output(each, shown) for each in order.expressions] if order else []
    tail = (f" ORDER BY {', '.join(terms)}" if terms else "") + _limit(node)

    def render(sqls: Sequence[Sequence[str]]) -> str:
        # In SQLite all of them bind alike, from the left; INTERSECT binds closer in PostgreSQL.
        first = left.render(sqls[:split])
        first = f"({first})" if split > 1 else first
        return f"{first} {word} {right.render(sqls[split:])}{tail}"

    return Built((*left.leaves, *right.leaves), left.names, render)


def _values(scope: Scope, node: Node, names: Sequence[str]) -> Built:
    rows = [tuple(as_value(scope.piece(each)) for each in row.expressions) for row in node.expressions]
    named = (
        tuple(names) if len(names) == len(rows[0]) else tuple(f"column{i + 1}" for i in range(len(rows[0])))
    )

    def render(sqls: Sequence[Sequence[str]]) -> str:
        return "VALUES " + ", ".join(f"({', '.join(row)})" for row in sqls)

    return Built(tuple(rows), named, render)


def _select(scope: Scope, node: Node, names: Sequence[str]) -> Built:
    source = part(node, "from")
    tables = scope.tables(source, node.args.get("joins") or []) if source is not None else ""
    found = [item for each in node.expressions for item in _items(scope, each)]
    own = list(names) if len(names) == len(found) else _unique([name for name, _ in found])
    for each in node.expressions:
        if isinstance(each, exp.Alias):
            scope.aliases[each.alias.lower()] = each.this
    tail = f" FROM {tables}" if tables else ""
    where, group, having = node.args.get("where"), node.args.get("group"), node.args.get("having")
    tail += f" WHERE {scope.truth(where.this)}" if where else ""
    tail += f" GROUP BY {', '.join(_grouped(scope, each) for each in group.expressions)}" if group else ""
    tail += f" HAVING {scope.truth(having.this)}" if having else ""
    order = part(node, "order")
    shown = {name.lower(): new for (name, _), new in zip(found, own, strict=True)}
    terms = [_ordered(scope, each, shown) for each in order.expressions] if order else []
    tail += (f" ORDER BY {', '.join(terms)}" if terms else "") + _limit(node)
    head = "SELECT DISTINCT " if node.args.get("distinct") else "SELECT "

    def render(sqls: Sequence[Sequence[str]]) -> str:
        columns = (f"{sql} AS {quote(name)}" for sql, name in zip(sqls[0], own, strict=True))
        return head + ", ".join(columns) + tail

    return Built((tuple(piece for _, piece in found),), tuple(own), render)


def _items(scope: Scope, node: Node) -> list[tuple[str, Piece]]:
    if isinstance(node, exp.Star):
        return scope.every("")
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return scope.every(node.table.lower())
    if isinstance(node, exp.Alias):
        return [(node.alias, _output(scope.piece(node.this)))]
    return [(node.name if isinstance(node, exp.Column) else "", _output(scope.piece(node)))]


def _output(piece: Piece) -> Piece:
    """A column of a result: conditions are numbers in SQLite, parts of documents are texts."""
    return Piece(as_text(piece), "text") if piece.kind == "document" else as_value(piece)


def _unique(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for i, name in enumerate(names, start=1):
        wanted = name or f"column{i}"
        while wanted.lower() in (each.lower() for each in found):
            wanted = f"{wanted}:{i}"
        found.append(wanted)
    return found


def _grouped(scope: Scope, node: Node) -> str:
    if isinstance(node, exp.Literal):
        return str(node.sql())
    return as_value(scope.piece(node)).sql


def _ordered(scope: Scope, node: Node, shown: Mapping[str, str]) -> str:
    try:
        return _of_output(node, shown)
    except Untranslatable:
        piece = as_value(scope.piece(node.this))
    collation = piece.collation or (piece.operand.collation if piece.operand else "")
    sql = folded(piece.sql, collation) if piece.kind == "text" else piece.sql
    return sql + direction(node)


def _of_output(node: Node, shown: Mapping[str, str]) -> str:
    """A term of ORDER BY that is one of the query's own columns."""
    this = node.this
    if isinstance(this, exp.Literal) and not this.is_string:
        return str(this.sql()) + direction(node)
    if isinstance(this, exp.Column) and not this.table and this.name.lower() in shown:
        return quote(shown[this.name.lower()]) + direction(node)
    raise Untranslatable("a UNION in the order of something that is no column of it")


def _limit(node: Node) -> str:
    sql = ""
    for word, key in (("LIMIT", "limit"), ("OFFSET", "offset")):
        found: Any = node.args.get(key)
        if found is None:
            continue
        count = found.expression
        if isinstance(count, exp.Neg):
            continue  # LIMIT -1: all of them
        if not (isinstance(count, exp.Literal) and count.name.isdigit()):
            raise Untranslatable(f"{word} of something that is no constant")
        sql += f" {word} {count.name}"
    return sql
