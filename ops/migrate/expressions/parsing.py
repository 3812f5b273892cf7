"""SQLite's SQL as a tree. Functions are left as names with arguments, whatever sqlglot knows of them."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite

from ops.migrate.expressions.pieces import Untranslatable

Node = Any
"""A tree of sqlglot's, whose class names and types change between its versions."""


class Plain(SQLite):
    """SQLite's grammar without sqlglot's own reading of functions, which changes with its versions."""

    class Parser(SQLite.Parser):  # type: ignore[misc, valid-type]
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parser for name, parser in SQLite.Parser.FUNCTION_PARSERS.items() if name == "CAST"
        }


def parse_statement(text: str) -> Node:
    """Raises Untranslatable."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        return sqlglot.parse_one(text, dialect=Plain)
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise Untranslatable("it cannot be read") from None


def parse_expression(text: str) -> Node:
    """Raises Untranslatable."""
    tree = parse_statement(f"SELECT {text}")  # REPLACE at the start of a statement would be another one
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or len(tree.args) < 1:
        raise Untranslatable("it cannot be read")
    only = tree.expressions[0]
    if isinstance(only, exp.Alias) or part(tree, "from") is not None:
        raise Untranslatable("it cannot be read")
    return only


def part(node: Node, name: str) -> Any:
    """The part of a tree that sqlglot calls `name`, or `name_` since version 28."""
    found = node.args.get(name)
    return node.args.get(name + "_") if found is None else found


def constant_text(node: Node | None) -> str | None:
    """The text of a string constant (double quotes too), in brackets or not."""
    node = node.unnest() if node is not None else None
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.name)
    if isinstance(node, exp.Column) and not node.table and node.this.args.get("quoted"):
        return str(node.name)
    return None
