"""A column's DEFAULT as PostgreSQL's, yielding what SQLite would have stored in that column."""

from __future__ import annotations

from collections.abc import Sequence

from ops.migrate.assign import assigned
from ops.migrate.expressions import Piece, Untranslatable, translate_piece
from ops.migrate.names import literal
from ops.migrate.sqltext import Token, tokenize
from ops.migrate.types import TypeChoice


def translate_default(text: str, choice: TypeChoice) -> str | None:
    """The expression for PostgreSQL; None when the default is NULL. Raises Untranslatable."""
    tokens = _unwrapped(tokenize(text))
    if not tokens or (len(tokens) == 1 and tokens[0].says("NULL")):
        return None
    piece = _constant(tokens) or translate_piece(text, {})
    if piece.kind == "null":
        return None
    return assigned(piece, choice)


def is_random(text: str) -> bool:
    """Whether it is made of random bytes, which PostgreSQL takes from a UUID (six bits of 128 are fixed)."""
    return any(token.says("RANDOMBLOB") for token in tokenize(text))


def _constant(tokens: Sequence[Token]) -> Piece | None:
    """A constant as SQLite takes it here: a bare word is a text."""
    signs, last = [t.value for t in tokens[:-1]], tokens[-1]
    if any(sign not in ("+", "-") for sign in signs):
        return None
    minus = "-" if signs.count("-") % 2 else ""
    match last.kind:
        case "number":
            value = last.value.replace("_", "")
            value = str(int(value, 16)) if value.lower().startswith("0x") else value
            return Piece(minus + value, "int" if value.isdigit() else "real", minus + value)
        case "blob" if not signs:
            return Piece(f"'\\x{last.value[2:-1].lower()}'::bytea", "bytes")
        case "string" | "quoted" if not signs:
            return Piece(literal(last.value), "text", last.value)
        case "word" if last.says("TRUE", "FALSE"):
            truth = "1" if last.says("TRUE") else "0"
            return Piece(truth, "int", truth)
        case "word" if not signs and not last.value.upper().startswith("CURRENT_"):
            return Piece(literal(last.value), "text", last.value)
    if signs:
        raise Untranslatable("it cannot be read")
    return None


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    while len(tokens) >= 2 and tokens[0].says("(") and tokens[-1].says(")"):
        depth = 0
        for i, token in enumerate(tokens):
            depth += token.says("(") - token.says(")")
            if depth == 0 and i < len(tokens) - 1:
                return tokens
        tokens = tokens[1:-1]
    return tokens
