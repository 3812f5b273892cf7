"""SQLite's expressions (CHECK, index, WHERE) as PostgreSQL's: what means the same there, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import sqlglot
from sqlglot import exp

from ops.migrate.names import literal, quote
from ops.migrate.patterns import glob_to_regex

_NUMBERS = ("int", "real", "decimal")
_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_TYPE_NAMES = {"int": "integer", "real": "real", "text": "text", "bytes": "blob"}
_CASTS = {"INT": ("bigint", "int"), "BIGINT": ("bigint", "int"), "TEXT": ("text", "text")}


class Untranslatable(Exception):
    """The expression has no certain counterpart; the text says what stands in the way."""


@dataclass(frozen=True)
class Operand:
    """A column of the table: its name in PostgreSQL, the kind of its values, its collation in SQLite."""

    name: str
    kind: str
    collation: str = "BINARY"


@dataclass(frozen=True)
class _Piece:
    sql: str
    kind: str
    constant: str | None = None


def translate(text: str, columns: Mapping[str, Operand], *, truth: bool = False) -> str:
    """`text` in PostgreSQL's SQL; `columns` are found by their lower-case names. With `truth` the result
    is a boolean. Raises Untranslatable."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        tree = cast(exp.Expression, sqlglot.parse_one(text, dialect="sqlite"))
    except sqlglot.errors.SqlglotError:
        raise Untranslatable("it cannot be read") from None
    translator = _Translator(columns)
    return translator.truth(tree) if truth else translator.piece(tree).sql


class _Translator:
    def __init__(self, columns: Mapping[str, Operand]) -> None:
        self.columns = columns

    def truth(self, node: exp.Expression) -> str:
        found = self.piece(node)
        if found.kind == "bool":
            return found.sql
        if found.kind in _NUMBERS:
            return f"({found.sql} <> 0)"
        raise Untranslatable("a text stands where a truth value is needed")

    def value(self, node: exp.Expression) -> _Piece:
        """The piece, truth values as the 0 and 1 they are in SQLite."""
        found = self.piece(node)
        return _Piece(f"({found.sql})::int", "int") if found.kind == "bool" else found

    def piece(self, node: exp.Expression) -> _Piece:
        for kinds, method in _METHODS:
            if isinstance(node, kinds):
                return method(self, node)
        raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` has no certain counterpart")

    def column(self, node: exp.Expression) -> _Piece:
        known = self.columns.get(node.name.lower())
        if known:
            return _Piece(quote(known.name), known.kind)
        if isinstance(node.this, exp.Identifier) and node.this.quoted:
            return _Piece(literal(node.name), "text", node.name)  # SQLite takes it as a string
        raise Untranslatable(f"there is no column `{node.name}`")

    def constant(self, node: exp.Expression) -> _Piece:
        match node:
            case exp.Literal(is_string=True):
                return _Piece(literal(node.name), "text", node.name)
            case exp.Literal():
                return _Piece(node.name, "int" if node.name.isdigit() else "real", node.name)
            case exp.Null():
                return _Piece("NULL", "null")
            case exp.Boolean():
                return _Piece("1" if node.this else "0", "int", "1" if node.this else "0")
        return _Piece(f"'\\x{node.name}'::bytea", "bytes")

    def compare(self, node: exp.Expression) -> _Piece:
        left, right = self._like_kinds(node.this, node.expression)
        return _Piece(f"({left} {_COMPARISONS[type(node)]} {right})", "bool")

    def is_(self, node: exp.Expression) -> _Piece:
        left = self.value(node.this)
        if isinstance(node.expression, exp.Null):
            return _Piece(f"({left.sql} IS NULL)", "bool")
        left_sql, right_sql = self._like_kinds(node.this, node.expression)
        return _Piece(f"({left_sql} IS NOT DISTINCT FROM {right_sql})", "bool")

    def in_(self, node: exp.Expression) -> _Piece:
        if not node.expressions:
            raise Untranslatable("a query stands after IN")
        pairs = [self._like_kinds(node.this, each) for each in node.expressions]
        return _Piece(f"({pairs[0][0]} IN ({', '.join(right for _, right in pairs)}))", "bool")

    def between(self, node: exp.Expression) -> _Piece:
        left, low = self._like_kinds(node.this, node.args["low"])
        _, high = self._like_kinds(node.this, node.args["high"])
        return _Piece(f"({left} BETWEEN {low} AND {high})", "bool")

    def logic(self, node: exp.Expression) -> _Piece:
        if isinstance(node, exp.Not):
            return _Piece(f"(NOT {self.truth(node.this)})", "bool")
        word = "AND" if isinstance(node, exp.And) else "OR"
        return _Piece(f"({self.truth(node.this)} {word} {self.truth(node.expression)})", "bool")

    def paren(self, node: exp.Expression) -> _Piece:
        inner = self.piece(node.this)
        return _Piece(f"({inner.sql})", inner.kind, inner.constant)

    def arithmetic(self, node: exp.Expression) -> _Piece:
        left, right = self.value(node.this), self.value(node.expression)
        if left.kind not in _NUMBERS or right.kind not in _NUMBERS:
            raise Untranslatable("it calculates with something that is no number")
        kind = "int" if left.kind == right.kind == "int" else "real"
        if type(node) in _ARITHMETIC:
            return _Piece(f"({left.sql} {_ARITHMETIC[type(node)]} {right.sql})", kind)
        if isinstance(node, exp.Mod) and kind != "int":
            raise Untranslatable("`%` of numbers with a fraction")
        sign = "/" if isinstance(node, exp.Div) else "%"
        return _Piece(f"({left.sql} {sign} nullif({right.sql}, 0))", kind)  # SQLite: NULL, not an error

    def negative(self, node: exp.Expression) -> _Piece:
        inner = self.value(node.this)
        if inner.kind not in _NUMBERS:
            raise Untranslatable("a minus before something that is no number")
        return _Piece(f"(-{inner.sql})", inner.kind, f"-{inner.constant}" if inner.constant else None)

    def concat(self, node: exp.Expression) -> _Piece:
        sides = [self.value(node.this), self.value(node.expression)]
        if any(side.kind not in ("text", "int") for side in sides):
            raise Untranslatable("`||` of something that is no text")
        return _Piece("(" + " || ".join(f"{s.sql}::text" for s in sides) + ")", "text")

    def like(self, node: exp.Expression) -> _Piece:
        escape = literal(node.expression.name) if isinstance(node, exp.Escape) else "''"
        inner = node.this if isinstance(node, exp.Escape) else node
        subject, pattern = self.value(inner.this), self.value(inner.expression)
        if subject.kind != "text" or pattern.kind != "text":
            raise Untranslatable("LIKE on something that is no text")
        word = "NOT ILIKE" if inner.args.get("negate") else "ILIKE"
        return _Piece(f"({subject.sql} {word} {pattern.sql} ESCAPE {escape})", "bool")

    def glob(self, node: exp.Expression) -> _Piece:
        subject, pattern = self.value(node.this), self.value(node.expression)
        if subject.kind != "text" or pattern.constant is None:
            raise Untranslatable("GLOB on something that is no text, or with a pattern that is no constant")
        word = "!~" if node.args.get("negate") else "~"
        return _Piece(f"({subject.sql} {word} {literal(glob_to_regex(pattern.constant))})", "bool")

    def case(self, node: exp.Expression) -> _Piece:
        if node.this:
            raise Untranslatable("CASE with a value after it")
        arms = [(self.truth(arm.this), self.value(arm.args["true"])) for arm in node.args["ifs"]]
        default = self.value(node.args["default"]) if node.args.get("default") else _Piece("NULL", "null")
        kinds = {piece.kind for piece in [*(value for _, value in arms), default]} - {"null"}
        if len(kinds) != 1:
            raise Untranslatable("CASE with values of several kinds")
        body = " ".join(f"WHEN {condition} THEN {value.sql}" for condition, value in arms)
        return _Piece(f"(CASE {body} ELSE {default.sql} END)", kinds.pop())

    def cast(self, node: exp.Expression) -> _Piece:
        inner, wanted = self.value(node.this), str(node.args["to"].sql()).upper()
        known = _CASTS.get(wanted)
        if known is None or inner.kind not in ("int", known[1]):
            raise Untranslatable(f"CAST to {wanted}")
        return _Piece(f"({inner.sql})::{known[0]}", known[1])

    def function(self, node: exp.Expression) -> _Piece:
        match node:
            case exp.Coalesce():
                values = [self.value(each) for each in [node.this, *node.expressions]]
                kinds = {v.kind for v in values} - {"null"}
                if len(kinds) != 1:
                    raise Untranslatable("coalesce of several kinds")
                return _Piece(f"coalesce({', '.join(v.sql for v in values)})", kinds.pop())
            case exp.Nullif():
                left, right = self._like_kinds(node.this, node.expression)
                return _Piece(f"nullif({left}, {right})", self.value(node.this).kind)
            case exp.Typeof():
                inner = self.value(node.this)
                if inner.kind not in _TYPE_NAMES:
                    raise Untranslatable("typeof() of a column that holds several kinds")
                return _Piece(
                    f"(CASE WHEN {inner.sql} IS NULL THEN 'null' ELSE '{_TYPE_NAMES[inner.kind]}' END)",
                    "text",
                )
            case exp.Length():
                inner = self.value(node.this)
                return _Piece(f"length({self._text_of(inner)})", "int")
            case exp.Lower() | exp.Upper():
                inner, word = self.value(node.this), "lower" if isinstance(node, exp.Lower) else "upper"
                return _Piece(f'{word}({self._text_of(inner)} COLLATE "C")', "text")  # SQLite: ASCII only
            case exp.Trim() if not node.expression:
                side = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position")), "btrim")
                return _Piece(f"{side}({self._text_of(self.value(node.this))})", "text")
            case exp.Abs():
                inner = self.value(node.this)
                if inner.kind in _NUMBERS:
                    return _Piece(f"abs({inner.sql})", inner.kind)
            case exp.StrPosition():
                subject, part = self.value(node.this), self.value(node.args["substr"])
                return _Piece(f"strpos({self._text_of(subject)}, {self._text_of(part)})", "int")
        raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` has no certain counterpart")

    def json_valid(self, node: exp.Expression) -> _Piece:
        if node.name.lower() != "json_valid" or len(node.expressions) != 1:
            raise Untranslatable(f"the function `{node.name.lower()}` has no certain counterpart")
        return _Piece(f"({self._text_of(self.value(node.expressions[0]))} IS JSON)", "bool")

    def _text_of(self, piece: _Piece) -> str:
        if piece.kind == "int":
            return f"({piece.sql})::text"
        if piece.kind == "text":
            return piece.sql
        raise Untranslatable("a text function on something that is no text")

    def _like_kinds(self, left: exp.Expression, right: exp.Expression) -> tuple[str, str]:
        """Both sides as SQLite would compare them: a constant takes the column's kind."""
        for side in (left, right):
            known = self.columns.get(side.name.lower()) if isinstance(side, exp.Column) else None
            if known and known.collation != "BINARY":
                raise Untranslatable(f"`{known.name}` is compared with COLLATE {known.collation}")
        one, two = self.value(left), self.value(right)
        one, two = _agreed(one, two), _agreed(two, one)
        same = one.kind == two.kind or (one.kind in _NUMBERS and two.kind in _NUMBERS)
        if not same and "null" not in (one.kind, two.kind):
            raise Untranslatable(f"it compares {one.kind} with {two.kind}")
        return one.sql, two.sql


def _agreed(piece: _Piece, other: _Piece) -> _Piece:
    if piece.constant is None:
        return piece
    if other.kind == "text" and piece.kind in _NUMBERS:
        return _Piece(literal(piece.constant), "text", piece.constant)
    if other.kind in _NUMBERS and piece.kind == "text":
        try:
            float(piece.constant)
        except ValueError:
            return piece
        return _Piece(piece.constant, "real", piece.constant)
    return piece


_Method = Callable[[_Translator, exp.Expression], _Piece]
_METHODS: tuple[tuple[Any, _Method], ...] = (
    (exp.Column, _Translator.column),
    ((exp.Literal, exp.Null, exp.Boolean, exp.HexString), _Translator.constant),
    (tuple(_COMPARISONS), _Translator.compare),
    (exp.Is, _Translator.is_),
    (exp.In, _Translator.in_),
    (exp.Between, _Translator.between),
    ((exp.And, exp.Or, exp.Not), _Translator.logic),
    (exp.Paren, _Translator.paren),
    ((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _Translator.arithmetic),
    (exp.Neg, _Translator.negative),
    (exp.DPipe, _Translator.concat),
    ((exp.Like, exp.Escape), _Translator.like),
    (exp.Glob, _Translator.glob),
    (exp.Case, _Translator.case),
    (exp.Cast, _Translator.cast),
    (exp.Anonymous, _Translator.json_valid),
    (exp.Func, _Translator.function),
)
