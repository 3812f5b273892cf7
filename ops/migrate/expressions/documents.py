"""SQLite's JSON functions: a document's parts as jsonb's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from ops.migrate.expressions.functions import Arguments, Function
from ops.migrate.expressions.parsing import Node, constant_text
from ops.migrate.expressions.pieces import Piece, Untranslatable, as_text
from ops.migrate.names import literal

if TYPE_CHECKING:
    from ops.migrate.expressions.translator import Translator

_STEP = re.compile(r"\.(\w+)|\.\"([^\"]+)\"|\[(\d+)\]|\[#-(\d+)\]", re.ASCII)
_REMARK = "a part of a JSON document is text in PostgreSQL, a number too"


def array_of(path: str) -> str:
    """A path of SQLite's (`$.a[0]`) as the text array that `#>` takes. Raises Untranslatable."""
    steps, at = list[str](), 1
    while path.startswith("$") and at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise Untranslatable(f"the JSON path {literal(path)}")
        name, quoted, number, last = found.groups()
        steps.append(number or (f"-{last}" if last else _element(name or quoted)))
        at = found.end()
    if not steps:
        raise Untranslatable(f"the JSON path {literal(path)}")
    return literal("{" + ",".join(steps) + "}")


def _element(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and name.upper() != "NULL"
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _document(t: Translator, node: Node) -> str:
    piece = t.value(node)
    if piece.kind == "jsonb":
        return piece.sql
    if piece.kind in ("json", "text"):
        return f"({piece.sql})::jsonb"
    raise Untranslatable("a JSON function on something that is no document")


def _extract(t: Translator, a: Arguments) -> Piece:
    path = constant_text(a[1]) if len(a) == 2 else None
    if path is None:
        raise Untranslatable("json_extract of several paths, or of a path that is no constant")
    t.remarks.append(_REMARK)
    return Piece(f"({_document(t, a[0])} #> {array_of(path)})", "document")


def arrow(t: Translator, node: Node) -> Piece:
    """`->` and `->>`, whose right side is a path or one name."""
    path = node.args["expression"]
    text = path.sql(dialect="sqlite") if isinstance(path, exp.JSONPath) else ""
    text = text[1:-1].replace("''", "'") if text.startswith("'") else constant_text(path) or text
    array = array_of(text if text.startswith("$") else f'$."{text}"')
    found = Piece(f"({_document(t, node.this)} #> {array})", "document")
    if isinstance(node, exp.JSONExtractScalar):
        t.remarks.append(_REMARK)
        return found
    return Piece(found.sql, "jsonb")


def _valid(t: Translator, a: Arguments) -> Piece | None:
    if len(a) != 1:
        return None
    piece = t.value(a[0])
    if piece.kind in ("json", "jsonb"):
        return Piece(f"({piece.sql} IS NOT NULL OR NULL)", "truth")
    return Piece(f"({as_text(piece)} IS JSON)", "truth")


def _array_length(t: Translator, a: Arguments) -> Piece | None:
    if len(a) != 1:
        return None
    found = _document(t, a[0])
    counted = f"jsonb_array_length({found})"
    return Piece(f"(CASE jsonb_typeof({found}) WHEN 'array' THEN {counted} ELSE 0 END)", "int")


FUNCTIONS: dict[str, Function] = {
    "json_extract": _extract, "json_valid": _valid, "json_array_length": _array_length,
}  # fmt: skip
