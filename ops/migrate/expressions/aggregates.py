"""SQLite's aggregates and window functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ops.migrate.expressions.functions import Arguments, Function
from ops.migrate.expressions.parsing import Node, constant_text, part
from ops.migrate.expressions.pieces import Piece, Untranslatable, as_number, as_text
from ops.migrate.names import literal

if TYPE_CHECKING:
    from ops.migrate.expressions.translator import Translator

_NUMBERING = ("row_number", "rank", "dense_rank")


def _distinct(a: Arguments) -> tuple[str, list[Node]]:
    """`DISTINCT ` or nothing, and the arguments."""
    if len(a) == 1 and isinstance(a[0], exp.Distinct):
        return "DISTINCT ", list(a[0].expressions)
    return "", list(a)


def _count(t: Translator, a: Arguments) -> Piece | None:
    word, arguments = _distinct(a)
    if not arguments or isinstance(arguments[0], exp.Star):
        return Piece("count(*)", "int")
    return Piece(f"count({word}{t.value(arguments[0]).sql})", "int") if len(arguments) == 1 else None


def _sum(t: Translator, a: Arguments) -> Piece | None:
    word, arguments = _distinct(a)
    inner = as_number(t.value(arguments[0]))
    sql = f"sum({word}{inner.sql})"
    # sum() of whole numbers is numeric in PostgreSQL.
    return Piece(f"({sql})::bigint" if inner.kind == "int" else sql, inner.kind)


def _total(t: Translator, a: Arguments) -> Piece | None:
    word, arguments = _distinct(a)
    inner = as_number(t.value(arguments[0]))
    return Piece(f"coalesce(sum({word}{inner.sql})::double precision, 0)", "real")


def _avg(t: Translator, a: Arguments) -> Piece | None:
    word, arguments = _distinct(a)
    inner = as_number(t.value(arguments[0]))
    return Piece(f"avg({word}({inner.sql})::double precision)", "real")


def _extreme(word: str) -> Function:
    def extreme(t: Translator, a: Arguments) -> Piece | None:
        _, arguments = _distinct(a)
        inner = t.value(arguments[0])
        if len(arguments) != 1 or inner.kind in ("uuid", "json", "jsonb", "bytes", "document"):
            return None
        if inner.kind == "bool":
            inner = as_number(inner)
        if inner.kind == "text" and inner.operand and inner.operand.collation != "BINARY":
            raise Untranslatable(f"{word}() of texts with a collation")
        return Piece(f"{word}({inner.sql})", inner.kind, operand=inner.operand)

    return extreme


def _group_concat(t: Translator, a: Arguments) -> Piece | None:
    word, arguments = _distinct(a)
    separator = constant_text(arguments[1]) if len(arguments) > 1 else ","
    if separator is None or len(arguments) > 2:
        return None
    text = as_text(t.value(arguments[0]))
    return Piece(f"string_agg({word}{text}, {literal(separator)})", "text")


def filtered(t: Translator, node: Node) -> Piece:
    """`f(…) FILTER (WHERE …)` and `f(…) OVER (…)`."""
    call = node.this
    if isinstance(node, exp.Filter):
        inner = t.piece(call)
        return _around(inner, f" FILTER (WHERE {t.truth(node.expression.this)})")
    bare = call.this if isinstance(call, exp.Filter) else call
    if node.args.get("spec") or node.args.get("alias") or node.args.get("first"):
        raise Untranslatable("a window with a frame or a name")
    name = bare.name.lower() if isinstance(bare, exp.Anonymous) else ""
    inner = Piece(f"{name}()", "int") if name in _NUMBERING else t.piece(call)
    parts = [t.value(each).sql for each in node.args.get("partition_by") or []]
    words = [f"PARTITION BY {', '.join(parts)}"] if parts else []
    order = part(node, "order")
    words += [f"ORDER BY {', '.join(ordered(t, each) for each in order.expressions)}"] if order else []
    return _around(inner, f" OVER ({' '.join(words)})")


def ordered(t: Translator, node: Node) -> str:
    """A term of ORDER BY: NULL comes first in SQLite, last in PostgreSQL."""
    piece = t.value(node.this)
    return piece.sql + direction(node)


def direction(node: Node) -> str:
    down = bool(node.args.get("desc"))
    first = bool(node.args.get("nulls_first"))
    return (" DESC" if down else "") + (" NULLS FIRST" if first else " NULLS LAST")


def _around(piece: Piece, clause: str) -> Piece:
    """The clause after the call, which may stand within a cast."""
    sql = piece.sql
    if sql.startswith("(sum(") and sql.endswith(")::bigint"):
        return Piece(f"({sql[1:-9]}{clause})::bigint", piece.kind)
    if sql.startswith("coalesce(sum("):
        raise Untranslatable("total() with a filter or a window")
    return Piece(sql + clause, piece.kind, operand=piece.operand)


FUNCTIONS: dict[str, Function] = {
    "count": _count, "sum": _sum, "total": _total, "avg": _avg,
    "min": _extreme("min"), "max": _extreme("max"),
    "group_concat": _group_concat, "string_agg": _group_concat,
}  # fmt: skip
