"""SQLite's expressions as PostgreSQL's: what means the same there, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlglot import exp

from ops.migrate.expressions import aggregates, clock, documents, functions
from ops.migrate.expressions.comparisons import like_kinds
from ops.migrate.expressions.parsing import Node, part
from ops.migrate.expressions.pieces import (
    NUMBERS,
    Operand,
    Piece,
    Untranslatable,
    as_number,
    as_text,
    as_truth,
    as_value,
    calculable,
    unified,
)
from ops.migrate.names import literal, quote
from ops.migrate.patterns import glob_to_regex

_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_BITS: dict[type[exp.Expression], str] = {exp.BitwiseAnd: "&", exp.BitwiseOr: "|"}
_INTS = {"INT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT"}
_REALS = {"REAL", "DOUBLE", "FLOAT", "DOUBLE PRECISION"}


class Names(Protocol):
    """What column names mean where the expression stands."""

    def find(self, table: str, name: str) -> Piece | None:
        """The column; `table` is `""` when it is not said. Raises Untranslatable when it is not certain."""
        ...

    def query(self, node: Node) -> tuple[str, list[Piece]]:
        """A query within the expression: its SQL and its columns. Raises Untranslatable."""
        ...


class OneTable:
    """The columns of one table, by their lower-case names; no queries."""

    def __init__(self, columns: Mapping[str, Operand]) -> None:
        self._columns = columns

    def find(self, table: str, name: str) -> Piece | None:  # noqa: ARG002
        known = self._columns.get(name.lower())
        return Piece(quote(known.name), known.kind, operand=known) if known else None

    def query(self, node: Node) -> tuple[str, list[Piece]]:  # noqa: ARG002
        raise Untranslatable("a query stands in it")


class Translator:
    """`remarks` collects what is not quite the same afterwards; `unsteady`: PostgreSQL lets the result
    depend on a session's settings, and so keeps it out of indexes. `exact` as in `like_kinds`."""

    def __init__(self, names: Names, *, exact: bool = False) -> None:
        self.names = names
        self.remarks: list[str] = []
        self.reads_clock = False
        self.unsteady = False
        self.exact = exact

    def like_kinds(self, left: Piece, right: Piece) -> tuple[str, str]:
        return like_kinds(left, right, exact=self.exact)

    def truth(self, node: Node) -> str:
        return as_truth(self.piece(node))

    def value(self, node: Node) -> Piece:
        return as_value(self.piece(node))

    def piece(self, node: Node) -> Piece:
        for kinds, method in _METHODS:
            if isinstance(node, kinds):
                return method(self, node)
        raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` has no certain counterpart")

    def column(self, node: Node) -> Piece:
        table = str(node.table)
        known = self.names.find(table, node.name)
        if known:
            return known
        if not table and isinstance(node.this, exp.Identifier) and node.this.quoted:
            return Piece(literal(node.name), "text", node.name)  # SQLite takes it as a string
        raise Untranslatable(f"there is no column `{node.name}`")

    def constant(self, node: Node) -> Piece:
        match node:
            case exp.Literal(is_string=True):
                return Piece(literal(node.name), "text", node.name)
            case exp.Literal():
                return Piece(node.name, "int" if node.name.isdigit() else "real", node.name)
            case exp.Null():
                return Piece("NULL", "null")
            case exp.Boolean():
                return Piece("1" if node.this else "0", "int", "1" if node.this else "0")
        return Piece(f"'\\x{node.name.lower()}'::bytea", "bytes")

    def compare(self, node: Node) -> Piece:
        if isinstance(node.this, exp.Tuple) or isinstance(node.expression, exp.Tuple):
            raise Untranslatable("it compares rows")
        left, right = self.like_kinds(self.piece(node.this), self.piece(node.expression))
        if isinstance(node, exp.EQ | exp.NEQ) and right in ("true", "false"):
            wanted = (right == "true") == isinstance(node, exp.EQ)
            return Piece(left if wanted else f"(NOT {left})", "truth")
        return Piece(f"({left} {_COMPARISONS[type(node)]} {right})", "truth")

    def is_(self, node: Node) -> Piece:
        if isinstance(node.expression, exp.Null):
            return Piece(f"({self.value(node.this).sql} IS NULL)", "truth")
        if isinstance(node.expression, exp.Boolean):
            word = "TRUE" if node.expression.this else "FALSE"
            return Piece(f"({self.truth(node.this)} IS {word})", "truth")
        left, right = self.like_kinds(self.piece(node.this), self.piece(node.expression))
        return Piece(f"({left} IS NOT DISTINCT FROM {right})", "truth")

    def in_(self, node: Node) -> Piece:
        query = part(node, "query")
        if query is not None:
            sql, columns = self.names.query(query.unnest() if isinstance(query, exp.Subquery) else query)
            if len(columns) != 1:
                raise Untranslatable("a query of several columns stands after IN")
            left, _ = like_kinds(self.piece(node.this), columns[0])
            if like_kinds(columns[0], self.piece(node.this))[0] != columns[0].sql:
                raise Untranslatable("the query after IN gives values of another kind")
            return Piece(f"({left} IN ({sql}))", "truth")
        if not node.expressions:
            raise Untranslatable("nothing, or a table, stands after IN")
        subject = self.piece(node.this)
        pairs = [self.like_kinds(subject, self.piece(each)) for each in node.expressions]
        if len({left for left, _ in pairs}) != 1:
            raise Untranslatable("values of several kinds stand after IN")
        return Piece(f"({pairs[0][0]} IN ({', '.join(right for _, right in pairs)}))", "truth")

    def between(self, node: Node) -> Piece:
        subject = self.piece(node.this)
        left, low = self.like_kinds(subject, self.piece(node.args["low"]))
        other, high = self.like_kinds(subject, self.piece(node.args["high"]))
        if left != other:
            raise Untranslatable("BETWEEN values of several kinds")
        return Piece(f"({left} BETWEEN {low} AND {high})", "truth")

    def logic(self, node: Node) -> Piece:
        if isinstance(node, exp.Not):
            return Piece(f"(NOT {self.truth(node.this)})", "truth")
        word = "AND" if isinstance(node, exp.And) else "OR"
        return Piece(f"({self.truth(node.this)} {word} {self.truth(node.expression)})", "truth")

    def paren(self, node: Node) -> Piece:
        inner = self.piece(node.this)
        return Piece(f"({inner.sql})", inner.kind, inner.constant, inner.collation, inner.operand,
                     inner.moment, inner.number)  # fmt: skip

    def arithmetic(self, node: Node) -> Piece:
        left, right = as_number(self.value(node.this)), as_number(self.value(node.expression))
        kind = "real" if "real" in (left.kind, right.kind) else "int"
        if "decimal" in (left.kind, right.kind):
            kind = "decimal" if kind == "int" else "real"
        one, two = calculable(left, kind), calculable(right, kind)
        if kind == "int" and not left.wide and not right.wide:
            one = f"({one})::bigint"  # PostgreSQL would calculate in 32 bits or less
        if type(node) in _ARITHMETIC:
            return Piece(f"({one} {_ARITHMETIC[type(node)]} {two})", kind)
        if type(node) in _BITS and kind == "int":
            return Piece(f"({one} {_BITS[type(node)]} {two})", kind)
        if isinstance(node, exp.Div) and kind == "decimal":
            raise Untranslatable("`/` of decimals, of which SQLite keeps some as whole numbers")
        if not isinstance(node, exp.Div | exp.Mod) or (isinstance(node, exp.Mod) and kind != "int"):
            raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` has no certain counterpart")
        sign = "/" if isinstance(node, exp.Div) else "%"
        if right.constant is None or not float(right.constant):
            two = f"nullif({two}, 0)"  # NULL in SQLite, not an error
        return Piece(f"({one} {sign} {two})", kind)

    def negative(self, node: Node) -> Piece:
        inner = as_number(self.value(node.this))
        return Piece(f"(-{inner.sql})", inner.kind, f"-{inner.constant}" if inner.constant else None)

    def concat(self, node: Node) -> Piece:
        sides = [self.value(node.this), self.value(node.expression)]
        texts = [as_text(side) if side.kind != "text" else side.sql for side in sides]
        return Piece("(" + " || ".join(texts) + ")", "text")

    def like(self, node: Node) -> Piece:
        escape = literal(node.expression.name) if isinstance(node, exp.Escape) else "''"
        inner = node.this if isinstance(node, exp.Escape) else node
        if not isinstance(inner, exp.Like):
            raise Untranslatable("ESCAPE without LIKE")
        subject, pattern = as_text(self.value(inner.this)), self.value(inner.expression)
        if pattern.kind != "text":
            raise Untranslatable("LIKE on something that is no text")
        word = "NOT ILIKE" if inner.args.get("negate") else "ILIKE"
        return Piece(f"({subject} {word} {pattern.sql} ESCAPE {escape})", "truth")

    def glob(self, node: Node) -> Piece:
        subject, pattern = self.value(node.this), self.value(node.expression)
        if pattern.constant is None:
            raise Untranslatable("GLOB on something that is no text, or with a pattern that is no constant")
        word = "!~" if node.args.get("negate") else "~"
        return Piece(f"({as_text(subject)} {word} {literal(glob_to_regex(pattern.constant))})", "truth")

    def case(self, node: Node) -> Piece:
        if node.this:
            subject = self.piece(node.this)
            pairs = [self.like_kinds(subject, self.piece(arm.this)) for arm in node.args["ifs"]]
            conditions = [f"({left} = {right})" for left, right in pairs]
        else:
            conditions = [self.truth(arm.this) for arm in node.args["ifs"]]
        default = self.piece(node.args["default"]) if node.args.get("default") else Piece("NULL", "null")
        values = [self.piece(arm.args["true"]) for arm in node.args["ifs"]]
        sqls, kind = unified([*values, default], "CASE")
        body = " ".join(f"WHEN {c} THEN {v}" for c, v in zip(conditions, sqls, strict=False))
        return Piece(f"(CASE {body} ELSE {sqls[-1]} END)", kind)

    def cast(self, node: Node) -> Piece:
        inner, wanted = self.value(node.this), str(node.args["to"].sql()).upper()
        if wanted in _INTS and inner.kind in ("int", "bool"):
            return Piece(f"({inner.sql})::bigint", "int")
        if wanted in _INTS and inner.number:
            return Piece(inner.number, "int")
        if wanted in _INTS and inner.kind in ("real", "decimal"):
            return Piece(f"trunc({inner.sql})::bigint", "int")
        if wanted in _REALS and inner.kind in NUMBERS:
            return Piece(f"({inner.sql})::double precision", "real")
        if wanted == "TEXT" or wanted.startswith(("VARCHAR", "CHAR")):
            sql = as_text(inner)
            return Piece(sql if inner.kind != "text" else f"({sql})::text", "text")
        raise Untranslatable(f"CAST to {wanted}")

    def collate(self, node: Node) -> Piece:
        inner = self.piece(node.this)
        return Piece(inner.sql, inner.kind, inner.constant, node.expression.name.upper(), inner.operand)

    def clock(self, node: Node) -> Piece:
        word = {"CurrentDate": "date", "CurrentTime": "time"}.get(type(node).__name__, "datetime")
        return clock.of_now(self, word)

    def document(self, node: Node) -> Piece:
        return documents.arrow(self, node)

    def function(self, node: Node) -> Piece:
        name, arguments = node.name.lower(), node.expressions
        for table in (functions.FUNCTIONS, clock.FUNCTIONS, documents.FUNCTIONS, aggregates.FUNCTIONS):
            if name in table:
                found = table[name](self, arguments)
                if found is not None:
                    return found
        raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` has no certain counterpart")

    def aggregate(self, node: Node) -> Piece:
        return aggregates.filtered(self, node)

    def subquery(self, node: Node) -> Piece:
        sql, columns = self.names.query(node.this)
        if isinstance(node, exp.Exists):
            return Piece(f"EXISTS ({sql})", "truth")
        if len(columns) != 1:
            raise Untranslatable("a query of several columns stands for one value")
        return Piece(f"({sql})", columns[0].kind, operand=columns[0].operand)


_Method = Callable[[Translator, Any], Piece]
_METHODS: tuple[tuple[Any, _Method], ...] = (
    (exp.Column, Translator.column),
    ((exp.Literal, exp.Null, exp.Boolean, exp.HexString), Translator.constant),
    (tuple(_COMPARISONS), Translator.compare),
    (exp.Is, Translator.is_),
    (exp.In, Translator.in_),
    (exp.Between, Translator.between),
    ((exp.And, exp.Or, exp.Not), Translator.logic),
    (exp.Paren, Translator.paren),
    ((*_ARITHMETIC, *_BITS, exp.Div, exp.Mod), Translator.arithmetic),
    (exp.Neg, Translator.negative),
    (exp.DPipe, Translator.concat),
    ((exp.Like, exp.Escape), Translator.like),
    (exp.Glob, Translator.glob),
    (exp.Case, Translator.case),
    (exp.Cast, Translator.cast),
    (exp.Collate, Translator.collate),
    ((exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime), Translator.clock),
    ((exp.JSONExtract, exp.JSONExtractScalar), Translator.document),
    ((exp.Filter, exp.Window), Translator.aggregate),
    (exp.Anonymous, Translator.function),
    ((exp.Exists, exp.Subquery), Translator.subquery),
)
