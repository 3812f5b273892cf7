"""SQLite's functions of texts and numbers that have a certain counterpart, by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from ops.migrate.expressions.comparisons import collation_of, like_kinds
from ops.migrate.expressions.parsing import Node, constant_text
from ops.migrate.expressions.pieces import (
    NUMBERS,
    Piece,
    Untranslatable,
    as_number,
    as_text,
    bare,
    unified,
)
from ops.migrate.names import literal

if TYPE_CHECKING:
    from ops.migrate.expressions.translator import Translator

Arguments = Sequence[Node]
Function = Callable[["Translator", Arguments], Piece | None]
_TYPE_NAMES = {"int": "integer", "real": "real", "text": "text", "bytes": "blob"}
_RANDOM_DIGITS = "replace(gen_random_uuid()::text, '-', '')"


def _coalesce(t: Translator, a: Arguments) -> Piece:
    pieces = [t.piece(each) for each in a]
    sqls, kind = unified(pieces, "coalesce")
    moment = pieces[0].moment if len({p.moment for p in pieces}) == 1 else None
    return Piece(f"coalesce({', '.join(sqls)})", kind, moment=moment)


def _nullif(t: Translator, a: Arguments) -> Piece:
    first = t.piece(a[0])
    left, right = like_kinds(first, t.piece(a[1]))
    return Piece(f"nullif({left}, {right})", first.kind if left == first.sql else "int")


def _iif(t: Translator, a: Arguments) -> Piece:
    default = t.piece(a[2]) if len(a) > 2 else Piece("NULL", "null")
    sqls, kind = unified([t.piece(a[1]), default], "iif")
    return Piece(f"(CASE WHEN {t.truth(a[0])} THEN {sqls[0]} ELSE {sqls[1]} END)", kind)


def _typeof(t: Translator, a: Arguments) -> Piece:
    inner = t.value(a[0])
    reads = inner.operand.reads if inner.operand else frozenset()
    name = next(iter(reads)) if len(reads) == 1 else _TYPE_NAMES.get(inner.kind)
    if name is None or len(reads) > 1:
        raise Untranslatable("typeof() of a column that holds several kinds")
    return Piece(f"(CASE WHEN {inner.sql} IS NULL THEN 'null' ELSE '{name}' END)", "text")


def _length(t: Translator, a: Arguments) -> Piece:
    inner = t.value(a[0])
    if inner.kind == "bytes":
        return Piece(f"octet_length({inner.sql})", "int")
    return Piece(f"length({as_text(inner)})", "int")


def _cased(word: str) -> Function:
    def cased(t: Translator, a: Arguments) -> Piece:
        return Piece(f'{word}({as_text(t.value(a[0]))} COLLATE "C")', "text")  # SQLite: ASCII only

    return cased


def _trimmed(word: str) -> Function:
    def trimmed(t: Translator, a: Arguments) -> Piece:
        return Piece(f"{word}({', '.join(as_text(t.value(each)) for each in a)})", "text")

    return trimmed


def _abs(t: Translator, a: Arguments) -> Piece:
    inner = as_number(t.value(a[0]))
    return Piece(f"abs({inner.sql})", inner.kind)


def _round(t: Translator, a: Arguments) -> Piece | None:
    inner = as_number(t.value(a[0]))
    digits = t.piece(a[1]).constant if len(a) > 1 else "0"
    if digits is None or not digits.isdigit():
        return None
    # PostgreSQL rounds a double half to even; SQLite rounds half up, as numeric does.
    sql = f"round(({inner.sql})::numeric, {digits})"
    return Piece(sql, "decimal") if inner.kind == "decimal" else Piece(f"{sql}::double precision", "real")


def _instr(t: Translator, a: Arguments) -> Piece:
    return Piece(f"strpos({as_text(t.value(a[0]))}, {as_text(t.value(a[1]))})", "int")


def _substr(t: Translator, a: Arguments) -> Piece | None:
    text = as_text(t.value(a[0]))
    start, size = t.value(a[1]), t.value(a[2]) if len(a) > 2 else None
    if start.constant is not None and start.constant.startswith("-") and size is None:
        return Piece(f"right({text}, {start.constant[1:]})", "text")
    if start.kind != "int" or (size and size.kind != "int") or not _positive(a[1]):
        return None
    if size is None:
        return Piece(f"substr({text}, {_short(start)})", "text")
    if size.constant is not None and size.constant.isdigit():
        return Piece(f"substr({text}, {_short(start)}, {size.sql})", "text")
    # A negative length takes what is before the start, which is nothing for the first place.
    return Piece(f"left({text}, greatest({_short(size)}, 0))", "text") if start.constant == "1" else None


def _positive(node: Node) -> bool:
    """Whether it is surely 1 or more: a constant, or a constant added to instr() or length()."""
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return node.name.isdigit() and int(node.name) > 0
    sides = [node.this.unnest(), node.expression.unnest()] if isinstance(node, exp.Add) else []
    counts = [s for s in sides if isinstance(s, exp.Anonymous) and s.name.lower() in ("instr", "length")]
    return len(counts) == 1 and any(_positive(s) for s in sides if isinstance(s, exp.Literal))


def _short(piece: Piece) -> str:
    return piece.sql if piece.constant is not None else f"({piece.sql})::int"


def _replace(t: Translator, a: Arguments) -> Piece:
    return Piece(f"replace({', '.join(as_text(t.value(each)) for each in a)})", "text")


def _least(word: str) -> Function:
    def least(t: Translator, a: Arguments) -> Piece | None:
        if len(a) < 2:
            return None  # the aggregate
        pieces = [t.value(each) for each in a]
        sqls, kind = unified(pieces, word)
        if kind == "text" and any(collation_of(p, pieces[0]) != "BINARY" for p in pieces):
            raise Untranslatable(f"{word} of texts with a collation")
        nulls = " OR ".join(f"{sql} IS NULL" for sql in sqls)
        return Piece(f"(CASE WHEN {nulls} THEN NULL ELSE {word}({', '.join(sqls)}) END)", kind)

    return least


def _hex(t: Translator, a: Arguments) -> Piece:
    inner = a[0].unnest()
    if isinstance(inner, exp.Anonymous) and inner.name.lower() == "randomblob":
        return Piece(f"upper({_random_hex(inner)})", "text", moment=None)
    if isinstance(inner, exp.Anonymous):
        raise Untranslatable(f"the function `{inner.name.lower()}` has no certain counterpart")
    found = t.value(a[0])
    sql = found.sql if found.kind == "bytes" else f"convert_to({as_text(found)}, 'UTF8')"
    return Piece(f"coalesce(upper(encode({sql}, 'hex')), '')", "text")


def _lower(t: Translator, a: Arguments) -> Piece:
    inner = a[0].unnest()
    if isinstance(inner, exp.Anonymous) and inner.name.lower() == "hex":
        digits = inner.expressions[0].unnest()
        if isinstance(digits, exp.Anonymous) and digits.name.lower() == "randomblob":
            return Piece(_random_hex(digits), "text")
    found = _cased("lower")(t, a)
    assert found is not None
    return found


def _random_hex(call: Node) -> str:
    """As many hexadecimal digits as `randomblob(n)` has, out of random UUIDs."""
    size = call.expressions[0].name if call.expressions else ""
    if not size.isdigit() or not 0 < int(size) <= 64:
        raise Untranslatable("that many random bytes")
    wanted, have = 2 * int(size), 32 * -(-int(size) // 16)
    digits = " || ".join([_RANDOM_DIGITS] * (have // 32))
    if wanted < have:
        return f"right({digits}, {wanted})"
    return digits if have == 32 else f"({digits})"


def _randomblob(t: Translator, a: Arguments) -> Piece:  # noqa: ARG001
    hexadecimal = _random_hex(exp.Anonymous(this="randomblob", expressions=list(a)))
    return Piece(f"decode({hexadecimal}, 'hex')", "bytes")


def _random(t: Translator, a: Arguments) -> Piece:  # noqa: ARG001
    t.reads_clock = True
    sign = "(CASE WHEN random() < 0.5 THEN -1 ELSE 1 END)"
    return Piece(f"({sign} * floor(random() * 9223372036854774784)::bigint)", "int")


def _char(t: Translator, a: Arguments) -> Piece | None:
    pieces = [t.piece(each) for each in a]
    if any(p.kind != "int" or p.constant in (None, "0") for p in pieces):
        return None
    return Piece("(" + " || ".join(f"chr({p.sql})" for p in pieces) + ")", "text")


def _printf(t: Translator, a: Arguments) -> Piece | None:
    form = constant_text(a[0])
    if form is None:
        return None
    parts: list[str] = []
    rest, arguments, plain = form, list(a[1:]), ""
    while rest:
        head, sign, rest = rest.partition("%")
        plain += head
        if not sign:
            break
        if rest.startswith("%"):
            plain, rest = plain + "%", rest[1:]
            continue
        if rest[:1] not in ("s", "d") or not arguments:
            return None
        found = t.value(arguments.pop(0))
        if rest[0] == "d" and found.kind not in ("int", "bool"):
            return None
        parts += [literal(plain)] if plain else []
        parts.append(f"coalesce({as_text(found)}, {literal('' if rest[0] == 's' else '0')})")
        plain, rest = "", rest[1:]
    parts += [literal(plain)] if plain or not parts else []
    return Piece("(" + " || ".join(parts) + ")", "text")


def _same(t: Translator, a: Arguments) -> Piece:
    return bare(t.piece(a[0]))


def _sign(t: Translator, a: Arguments) -> Piece | None:
    inner = t.value(a[0])
    return Piece(f"sign({inner.sql})::bigint", "int") if inner.kind in NUMBERS else None


def _like(t: Translator, a: Arguments) -> Piece | None:
    if len(a) != 2:
        return None
    pattern, subject = as_text(t.value(a[0])), as_text(t.value(a[1]))
    return Piece(f"({subject} ILIKE {pattern} ESCAPE '')", "truth")


FUNCTIONS: dict[str, Function] = {
    "coalesce": _coalesce, "ifnull": _coalesce, "nullif": _nullif, "iif": _iif, "if": _iif,
    "typeof": _typeof, "length": _length, "lower": _lower, "upper": _cased("upper"),
    "trim": _trimmed("btrim"), "ltrim": _trimmed("ltrim"), "rtrim": _trimmed("rtrim"),
    "abs": _abs, "round": _round, "sign": _sign, "instr": _instr, "substr": _substr, "substring": _substr,
    "replace": _replace, "min": _least("least"), "max": _least("greatest"), "hex": _hex,
    "randomblob": _randomblob, "random": _random, "char": _char, "printf": _printf, "format": _printf,
    "likely": _same, "unlikely": _same, "like": _like,
}  # fmt: skip
"""Each returns None where it does not hold for these arguments."""
