"""Two sides of a comparison as SQLite would compare them: affinities, collations, moments and booleans."""

from __future__ import annotations

import re
from datetime import timedelta

from ops.migrate.expressions.pieces import (
    MOMENTS,
    NUMBERS,
    Piece,
    Untranslatable,
    as_value,
    folded,
    is_number,
)
from ops.migrate.moments import read_moment, read_number, read_time
from ops.migrate.names import literal

_TRUE, _FALSE = ("1", "1.0", "true", "t"), ("0", "0.0", "false", "f")
_SHAPE = re.compile(r"(?:date|naive) (\d+)([ T]?)")
_UUID_LENGTHS = (32, 36)


def like_kinds(left: Piece, right: Piece, *, exact: bool = False) -> tuple[str, str]:
    """The SQL of both sides, ready for any comparison. SQLite compares moments by their texts, of which
    '2020-01-01' is less than '2020-01-01 00:00:00'; with `exact` so does PostgreSQL, where it is known how
    all the column's texts are written. Raises Untranslatable."""
    collation = collation_of(left, right)
    left, right = as_value(left), as_value(right)
    one, two = _agreed(left, right, exact), _agreed(right, left, exact)
    same = one.kind == two.kind or (one.kind in NUMBERS and two.kind in NUMBERS)
    if not same and "null" not in (one.kind, two.kind):
        raise Untranslatable(f"it compares {_word(one)} with {_word(two)}")
    if one.kind == two.kind == "text":
        return folded(one.sql, collation), folded(two.sql, collation)
    if "jsonb" in (one.kind, two.kind) or one.kind == two.kind == "json":
        raise Untranslatable("it compares JSON documents, which PostgreSQL does by another rule")
    return one.sql, two.sql


def collation_of(left: Piece, right: Piece) -> str:
    """SQLite's rule: COLLATE first, then the left column's, then the right column's."""
    for side in (left, right):
        if side.collation:
            return side.collation
    for side in (left, right):
        if side.operand:
            return side.operand.collation if side.kind == "text" else "BINARY"
    return "BINARY"


def _agreed(piece: Piece, other: Piece, exact: bool) -> Piece:
    """`piece` in the kind of `other`, where SQLite would compare it so."""
    if other.kind in MOMENTS and piece.kind not in (*MOMENTS, "null"):
        shape = other.operand.shape if other.operand and exact else ""
        text = _by_its_text(piece.constant, shape) if piece.kind == "text" and piece.constant else ""
        return Piece(text or moment_like(piece, other), other.kind)
    if other.kind == "bool":
        return _flag(piece, other)
    if piece.kind == "bool" and other.kind in NUMBERS and _flag(other, piece).kind != "bool":
        return Piece(f"({piece.sql})::int", "int")
    if piece.constant is None:
        if piece.kind == "json" and other.kind == "text":
            return Piece(f"({piece.sql})::text", "text")
        if piece.kind == "document" and other.kind == "text":
            return Piece(piece.sql.replace(" #> ", " #>> "), "text")
        return piece
    if other.kind == "uuid" and piece.kind == "text" and len(piece.constant) in _UUID_LENGTHS:
        return Piece(f"{piece.sql}::uuid", "uuid")
    affine = other.operand is not None and other.operand.affinity
    if other.kind == "text" and piece.kind in NUMBERS and affine:
        return Piece(literal(piece.constant), "text", piece.constant)
    if other.kind in NUMBERS and piece.kind == "text" and affine and is_number(piece.constant):
        return Piece(piece.constant.strip(), "real", piece.constant)
    return piece


def _by_its_text(text: str, shape: str) -> str:
    """The constant moved by the least step past the moment that a column's text of the same moment is,
    where one text is only the beginning of the other; `""` where it need not be moved."""
    moment, form = read_moment(text), _SHAPE.fullmatch(shape)
    if moment is None or moment.offset is not None or form is None:
        return ""
    written = moment.at.isoformat(sep=form[2] or " ", timespec="microseconds")[: int(form[1])]
    if written == text or not (written.startswith(text) or text.startswith(written)):
        return ""
    step = timedelta(microseconds=-1 if len(text) < len(written) else 1)
    return f"{literal((moment.at + step).isoformat(sep=' '))}::timestamp"


def moment_like(piece: Piece, column: Piece) -> str:
    """A constant or a text of the clock as the moment `column` is compared with."""
    operand, wanted = column.operand, column.kind
    if piece.constant is not None:
        return moment_literal(piece.constant, wanted, piece.kind, operand.epoch if operand else "")
    if piece.moment is None:
        raise Untranslatable(f"it compares a {wanted} with {_word(piece)}")
    kind, sql = piece.moment
    if kind == wanted or (kind, wanted) == ("date", "timestamp"):
        return sql
    if wanted == "timestamptz" and kind in ("date", "timestamp"):
        return f"(({sql})::timestamp at time zone 'UTC')"
    raise Untranslatable(f"it compares a {wanted} with a {kind}")


def moment_literal(text: str, wanted: str, kind: str, epoch: str) -> str:
    """A constant of SQLite's as a constant of the PostgreSQL type `wanted`. Raises Untranslatable."""
    shown = literal(text)
    if kind in NUMBERS:
        at = read_number(float(text) if kind == "real" else int(text), epoch) if epoch else None
        if at is None or wanted != "timestamptz":
            raise Untranslatable(f"the number {text} stands for a {wanted}")
        return f"{literal(at.isoformat(sep=' '))}::timestamptz"
    if wanted == "time":
        if read_time(text) is None:
            raise Untranslatable(f"{shown} is no time")
        return f"{shown}::time"
    moment = read_moment(text)
    if moment is None or (wanted == "date" and not moment.date_only):
        raise Untranslatable(f"{shown} is no {wanted}")
    if wanted == "timestamptz":
        return f"{literal(moment.utc.isoformat(sep=' '))}::timestamptz"
    if moment.offset is not None:
        raise Untranslatable(f"{shown} has a time zone and the column has none")
    return f"{shown}::{wanted}"


def truth_literal(text: str) -> str | None:
    """`true` or `false` for a constant that a boolean column's values may be."""
    word = text.lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else None


def _flag(piece: Piece, column: Piece) -> Piece:
    if piece.constant is None:
        return piece
    found = truth_literal(piece.constant)
    reads = column.operand.reads if column.operand else frozenset()
    if found is None or (piece.kind == "text" and reads and "text" not in reads):
        return piece
    return Piece(found, "bool", piece.constant)


def _word(piece: Piece) -> str:
    words = {"int": "number", "real": "number", "decimal": "number", "bytes": "blob", "bool": "boolean"}
    return f"a {words.get(piece.kind, piece.kind)}"
