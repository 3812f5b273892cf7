"""A translated value as a column stores it: what SQLite would have stored there, in the column's own type."""

from __future__ import annotations

import re

from ops.migrate.careful import UUID_FORM
from ops.migrate.documents import judge
from ops.migrate.expressions.comparisons import moment_literal, truth_literal
from ops.migrate.expressions.pieces import MOMENTS, NUMBERS, Piece, Untranslatable, as_text, is_number
from ops.migrate.names import literal
from ops.migrate.types import TypeChoice

_UUID_DIGITS = "replace(gen_random_uuid()::text, '-', '')"
_MOST = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def assigned(piece: Piece, choice: TypeChoice) -> str:
    """The SQL that a column of this type takes. Raises Untranslatable."""
    kind = choice.carriage.kind
    if piece.kind == "null":
        return "NULL"
    if kind in MOMENTS:
        return _moment(piece, choice)
    match kind:
        case "text":
            return _text(piece)
        case "int":
            return _whole(piece, choice)
        case "real" | "decimal":
            return _number(piece, kind)
        case "bool":
            return _truth(piece)
        case "bytes":
            return _bytes(piece)
        case "json" | "jsonb":
            return _document(piece, kind)
        case "uuid":
            return _uuid(piece)
    raise Untranslatable(f"it stands for a {choice.postgres}")


def _text(piece: Piece) -> str:
    if piece.constant is not None and piece.kind == "real":
        return literal(repr(float(piece.constant)))
    return as_text(piece)


def _whole(piece: Piece, choice: TypeChoice) -> str:
    if piece.constant is not None:
        if not is_number(piece.constant):
            raise Untranslatable(f"the text {literal(piece.constant)} is no number")
        value = float(piece.constant)
        if not value.is_integer():
            raise Untranslatable(f"{piece.constant} is no whole number")
        plain = piece.constant.strip().lstrip("+")
        found = int(plain) if re.fullmatch(r"-?\d+", plain, re.ASCII) else int(value)
        most = _MOST.get(choice.postgres, 2**63)
        if not -most <= found < most:
            raise Untranslatable(f"{piece.constant} is too large for {choice.postgres}")
        return str(found)
    if piece.kind in ("int", "truth", "bool"):
        return piece.sql if piece.kind == "int" else f"({piece.sql})::int"
    if piece.number:
        return piece.number
    raise Untranslatable("it yields something that is no whole number")


def _number(piece: Piece, kind: str) -> str:
    if piece.constant is not None:
        if not is_number(piece.constant):
            raise Untranslatable(f"the text {literal(piece.constant)} is no number")
        return piece.constant.strip().lstrip("+")
    if piece.kind in NUMBERS:
        if kind == "decimal" and piece.kind == "real":
            raise Untranslatable("it calculates with binary fractions and the column is decimal")
        return piece.sql
    if piece.kind in ("truth", "bool"):
        return f"({piece.sql})::int"
    if piece.number:
        return piece.number
    raise Untranslatable("it yields something that is no number")


def _truth(piece: Piece) -> str:
    if piece.constant is not None:
        found = truth_literal(piece.constant)
        if found is None:
            raise Untranslatable(f"{literal(piece.constant)} is neither true nor false")
        return found
    if piece.kind in ("truth", "bool"):
        return piece.sql
    raise Untranslatable("it yields something that is no truth value")


def _bytes(piece: Piece) -> str:
    if piece.kind == "bytes":
        return piece.sql
    if piece.kind == "text" and piece.constant is not None:
        return f"'\\x{piece.constant.encode().hex()}'::bytea"
    raise Untranslatable("it is no blob and the column holds bytes")


def _document(piece: Piece, kind: str) -> str:
    if piece.kind == kind:
        return piece.sql
    if piece.kind == "text" and piece.constant is not None:
        if judge(piece.constant) not in (kind, "jsonb"):
            raise Untranslatable(f"{literal(piece.constant)} is no {kind}")
        return f"{piece.sql}::{kind}"
    if piece.constant is not None and piece.kind in NUMBERS:
        return f"{literal(piece.constant)}::{kind}"
    raise Untranslatable(f"it yields a text that may be no {kind}")


def _uuid(piece: Piece) -> str:
    if piece.kind == "uuid":
        return piece.sql
    if piece.sql in (_UUID_DIGITS, f"upper({_UUID_DIGITS})"):
        return "gen_random_uuid()"
    if piece.constant is not None and UUID_FORM.fullmatch(piece.constant):
        return f"{literal(piece.constant)}::uuid"
    raise Untranslatable("it yields something that is no UUID")


def _moment(piece: Piece, choice: TypeChoice) -> str:
    wanted, epoch = choice.carriage.kind, choice.carriage.epoch
    if piece.kind == wanted:
        return piece.sql
    if piece.constant is not None:
        return moment_literal(piece.constant, wanted, piece.kind, epoch)
    if piece.number and epoch == "unix" and wanted == "timestamptz":
        return f"to_timestamp({piece.number})"
    if piece.kind == "int" and epoch == "unix" and wanted == "timestamptz":
        return f"to_timestamp({piece.sql})"
    if piece.moment is None:
        raise Untranslatable(f"it yields something that is no {wanted}")
    kind, sql = piece.moment
    if kind == wanted:
        return sql
    if (kind, wanted) == ("date", "timestamp"):
        return f"({sql})::timestamp"
    if wanted == "timestamptz" and kind in ("date", "timestamp"):
        return f"(({sql})::timestamp at time zone 'UTC')"
    raise Untranslatable(f"it yields a {kind} and the column holds a {wanted}")
