"""SQLite's expressions (CHECK, index, WHERE, DEFAULT, views, triggers) for PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from ops.migrate.expressions.parsing import parse_expression
from ops.migrate.expressions.pieces import Operand, Piece, Untranslatable
from ops.migrate.expressions.translator import OneTable, Translator

__all__ = ["OneTable", "Operand", "Piece", "Translator", "Untranslatable", "translate", "translate_piece"]


def translate(text: str, columns: Mapping[str, Operand], *, truth: bool = False) -> str:
    """`text` in PostgreSQL's SQL; `columns` are found by their lower-case names. With `truth` the result
    is a boolean. Raises Untranslatable."""
    translator = Translator(OneTable(columns))
    tree = parse_expression(text)
    return translator.truth(tree) if truth else translator.value(tree).sql


def translate_piece(text: str, columns: Mapping[str, Operand]) -> Piece:
    """The same with the kind of what it yields."""
    return Translator(OneTable(columns)).piece(parse_expression(text).unnest())
