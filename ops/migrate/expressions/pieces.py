"""A translated piece of an expression: its SQL for PostgreSQL, and what SQLite would make of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ops.migrate.names import literal

NUMBERS = ("int", "real", "decimal")
MOMENTS = ("date", "time", "timestamp", "timestamptz")


class Untranslatable(Exception):
    """The expression has no certain counterpart; the text says what stands in the way."""


@dataclass(frozen=True)
class Operand:
    """A column: its name in PostgreSQL, the kind of its values, its collation in SQLite. `type` is its
    PostgreSQL type, `reads` the storage classes in SQLite, `epoch` what numbers count that became dates,
    `shape` how all its moments are written (a word of `forms`: `naive 19 `; `""`: in several ways).
    A column of a view has no affinity where it is an expression."""

    name: str
    kind: str
    collation: str = "BINARY"
    type: str = "bigint"
    reads: frozenset[str] = frozenset()
    epoch: str = ""
    shape: str = ""
    affinity: bool = True


@dataclass(frozen=True)
class Piece:
    """`kind` is one of types.Kind; `truth` is a condition (0 or 1 in SQLite), `null` the constant NULL,
    `document` a part of a JSON document. `constant` is a constant's text, `operand` the column it is.

    A text that SQLite makes of a moment has it beside: `moment` is (kind, SQL) of the moment itself,
    without a zone and in UTC; `number` is the SQL of the whole number a text consists of.
    """

    sql: str
    kind: str
    constant: str | None = None
    collation: str = ""
    operand: Operand | None = None
    moment: tuple[str, str] | None = None
    number: str = ""

    @property
    def wide(self) -> bool:
        """Whether PostgreSQL calculates with it in 64 bits, as SQLite does."""
        if self.constant is not None:
            return len(self.constant.lstrip("-")) > 9
        return self.operand is None or self.operand.type not in ("smallint", "integer")


def as_value(piece: Piece) -> Piece:
    """A condition as the 0 or 1 it is in SQLite."""
    return Piece(f"({piece.sql})::int", "int") if piece.kind == "truth" else piece


def as_truth(piece: Piece) -> str:
    if piece.kind in ("truth", "bool"):
        return piece.sql
    if piece.kind in NUMBERS:
        return f"({piece.sql} <> 0)"
    if piece.kind == "null":
        return "NULL::boolean"
    raise Untranslatable("a text stands where a truth value is needed")


def as_number(piece: Piece) -> Piece:
    """What SQLite calculates with. A boolean is 0 or 1."""
    if piece.kind in NUMBERS:
        return piece
    if piece.kind in ("truth", "bool"):
        return Piece(f"({piece.sql})::int", "int")
    if piece.number:
        return Piece(piece.number, "int")
    raise Untranslatable("it calculates with something that is no number")


def calculable(piece: Piece, kind: str) -> str:
    """The SQL of a number in a calculation that gives a `kind`."""
    if kind == "real" and piece.constant is not None and piece.kind != "decimal":
        return f"{piece.sql}::double precision"  # else PostgreSQL would calculate in exact decimals
    return piece.sql


def as_text(piece: Piece) -> str:
    """The text SQLite makes of it. Raises Untranslatable where that is not certain (reals, moments)."""
    match piece.kind:
        case "text":
            return piece.sql
        case "int" | "truth" | "bool":
            if piece.constant is not None:
                return literal(piece.constant)
            sql = piece.sql if piece.kind == "int" else f"({piece.sql})::int"
            return f"({sql})::text"
        case "date":
            return f"to_char({piece.sql}, 'YYYY-MM-DD')"
        case "json":
            return f"({piece.sql})::text"
        case "document":
            return document_text(piece)
        case "null":
            return "NULL::text"
    raise Untranslatable("a text function on something that is no text")


def document_text(piece: Piece) -> str:
    """A part of a document as text: `#>>` in place of `#>`."""
    return piece.sql.replace(" #> ", " #>> ")


def folded(sql: str, collation: str) -> str:
    """A text as `collation` compares it."""
    match collation:
        case "" | "BINARY":
            return sql
        case "NOCASE":
            return f'lower({sql} COLLATE "C")'  # NOCASE folds ASCII only, and so does lower() under "C"
        case "RTRIM":
            return f"rtrim({sql}, ' ')"
    raise Untranslatable(f"PostgreSQL has no collation `{collation}`")


def unified(pieces: list[Piece], what: str) -> tuple[list[str], str]:
    """Pieces of which one is chosen (CASE, coalesce, UNION): their SQL in one kind, and that kind."""
    kinds = {piece.kind for piece in pieces} - {"null"}
    if kinds & {"bool"} and kinds <= {"bool", "int", "truth"}:
        flags = [p for p in pieces if p.kind == "int"]
        if all(p.constant in ("0", "1") for p in flags):
            return [_flag(p) for p in pieces], "bool"
    if (kinds & {"truth", "bool"} and len(kinds) > 1) or kinds == {"truth"}:
        pieces = [as_number(p) if p.kind in ("truth", "bool") else p for p in pieces]
        kinds = {piece.kind for piece in pieces} - {"null"}
    if len(kinds) <= 1:
        return [p.sql for p in pieces], kinds.pop() if kinds else "null"
    if kinds <= set(NUMBERS):
        return [p.sql for p in pieces], "real" if "real" in kinds else "decimal"
    constants = [p for p in pieces if p.kind in NUMBERS]
    if kinds <= {"text", "date", "json", "document", *NUMBERS} and all(p.constant for p in constants):
        return [literal(str(p.constant)) if p.kind in NUMBERS else as_text(p) for p in pieces], "text"
    raise Untranslatable(f"{what} with values of several kinds")


def _flag(piece: Piece) -> str:
    return {"0": "false", "1": "true"}.get(piece.constant or "", piece.sql)


def bare(piece: Piece) -> Piece:
    """The same value without what only a column has."""
    return replace(piece, operand=None, constant=None)


def is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", text, re.ASCII) is not None
