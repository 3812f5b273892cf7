"""What every conversion means, value by value; the fast path gives the same, or leaves it to this."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Context, Decimal
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from ops.migrate.documents import judge
from ops.migrate.inputs import NoInput, as_input
from ops.migrate.moments import read_moment, read_number, read_time

if TYPE_CHECKING:
    from ops.migrate.migration import ColumnPlan

TRUE, FALSE = ("1", "true", "t"), ("0", "false", "f")
_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_WHOLE = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
UUID_FORM = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.I)
_SIZE = re.compile(r"(\w[\w ]*)\((\d+)(?:,\s*(-?\d+))?\)")
_DECIMALS = re.compile(r"time(?:stamp)?\((\d)\)")
_EXACT = Context(prec=2_000)
Value = int | float | str | bytes | None
Clock = TypeVar("Clock", datetime, time)


class Misfit(Exception):
    """The value cannot be carried in the column's type; `reason` says why, without the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadText(bytes):
    """A TEXT whose bytes are no valid text. Reading with `text_factory = as_text` gives it."""


def as_text(raw: bytes) -> str | BadText:
    """For sqlite3's `text_factory`: the text, or its bytes when they are none."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return BadText(raw)


def convert_value(column: ColumnPlan, value: Value) -> object:
    """`value`, as sqlite3 gives it, as the column's PostgreSQL type takes it: bool, int, float, Decimal,
    str (also json, jsonb and other), bytes, date, time, datetime (UTC when it has a zone), UUID, None.

    Raises Misfit. Nothing is rounded but digits below a microsecond.
    """
    carriage = column.choice.carriage
    if value is None or (value == "" and carriage.empty == "null"):
        return None
    if isinstance(value, BadText):
        if carriage.kind == "bytes":
            return bytes(value)
        value = _mended(value, carriage.utf8)
    if isinstance(value, str) and "\0" in value and carriage.kind not in ("bytes", "json", "jsonb"):
        value = _without_nul(value, carriage.nul)
    return _CONVERTERS[carriage.kind](column, value)


def decimals_kept(postgres: str) -> int:
    """The decimals of a second that the type keeps: 6, or n of timestamp(n)."""
    size = _DECIMALS.match(postgres)
    return int(size[1]) if size else 6


def text_of_real(value: float) -> str:
    """The shortest text that reads back as the same double, with a point or an exponent."""
    text = repr(value)
    if not text.lstrip("-")[:1].isdigit():
        return text
    sign, digits, exponent = Decimal(text.removesuffix(".0")).as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    exponent += len(digits) - len(shown)
    scale = exponent + len(shown) - 1
    minus = "-" if sign else ""
    if not -7 < scale < 10:  # where Arrow, too, goes over to an exponent
        return f"{minus}{shown[0]}{'.' + shown[1:] if shown[1:] else ''}e{scale:+d}"
    if exponent >= 0:
        return f"{minus}{shown}{'0' * exponent}.0"
    shown = shown.rjust(1 - exponent, "0")
    return f"{minus}{shown[:exponent]}.{shown[exponent:]}"


def _mended(value: BadText, utf8: str) -> str:
    if utf8 == "replace":
        return value.decode(errors="replace")
    if utf8 == "cp1252":
        try:
            return value.decode("cp1252")
        except UnicodeDecodeError:
            raise Misfit("bytes that are no text, in cp1252 neither") from None
    raise Misfit("bytes that are not valid text")


def _without_nul(value: str, nul: str) -> str:
    match nul:
        case "strip":
            return value.replace("\0", "")
        case "replace":
            return value.replace("\0", "\ufffd")
        case "escape":
            return value.replace("\0", "\\x00")
    raise Misfit("a NUL byte, which PostgreSQL's text cannot hold")


def _bool(column: ColumnPlan, value: Value) -> bool:
    del column
    word = value.lower() if isinstance(value, str) else value
    if word in TRUE or (word == 1 and not isinstance(word, bytes)):
        return True
    if word in FALSE or (word == 0 and not isinstance(word, bytes)):
        return False
    raise Misfit("neither true nor false")


def _int(column: ColumnPlan, value: Value) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value) if len(value) < 25 else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        raise Misfit("no whole number")
    limit = _RANGES.get(column.choice.postgres, 2**63)
    if not -limit <= value < limit:
        raise Misfit(f"out of the range of {column.choice.postgres}")
    return value


def _real(column: ColumnPlan, value: Value) -> float:
    del column
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        if int(float(value)) != value:
            raise Misfit("a whole number of more digits than a double keeps")
        return float(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return float(value)
    raise Misfit("no number")


def _decimal(column: ColumnPlan, value: Value) -> Decimal:
    if isinstance(value, bytes) or (isinstance(value, str) and not DECIMAL.fullmatch(value)):
        raise Misfit("no number")
    number = Decimal(repr(value).removesuffix(".0") if isinstance(value, float) else str(value))
    if not number.is_finite():
        raise Misfit("no finite number")
    exponent = number.normalize(_EXACT).as_tuple().exponent
    needed = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    if needed > column.choice.carriage.places:
        raise Misfit(f"{needed} decimals, and {column.choice.postgres} keeps {column.choice.carriage.places}")
    size = _SIZE.match(column.choice.postgres)
    if size and not number.is_zero() and number.adjusted() + 1 > int(size[2]) - int(size[3] or 0):
        raise Misfit(f"too large for {column.choice.postgres}")
    return number


def _text(column: ColumnPlan, value: Value) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise Misfit("bytes that are not valid text") from None
        if "\0" in value:
            value = _without_nul(value, column.choice.carriage.nul)
    text = text_of_real(value) if isinstance(value, float) else str(value)
    size = _SIZE.match(column.choice.postgres)
    if size and len(text) > int(size[2]):
        raise Misfit(f"{len(text)} characters, too long for {column.choice.postgres}")
    return text


def _bytes(column: ColumnPlan, value: Value) -> bytes:
    del column
    if isinstance(value, bytes):
        return value
    return (text_of_real(value) if isinstance(value, float) else str(value)).encode()


def _moment(column: ColumnPlan, value: Value) -> datetime:
    """The instant, in UTC; a text without zone as if it were UTC's."""
    if isinstance(value, str):
        said = read_moment(value)
        if said is None:
            raise Misfit("no date in ISO form")
        return _kept(column, said.utc)
    if isinstance(value, bytes) or value is None or not column.choice.carriage.epoch:
        raise Misfit("no date")
    instant = read_number(value, column.choice.carriage.epoch)
    if instant is None:
        raise Misfit("no date between the years 1 and 9999")
    return _kept(column, instant)


def _kept(column: ColumnPlan, at: Clock) -> Clock:
    """`at`, unless the type keeps fewer decimals of a second, as timestamp(3) does."""
    if at.microsecond % 10 ** (6 - decimals_kept(column.choice.postgres)):
        raise Misfit(f"more decimals of a second than {column.choice.postgres} keeps")
    return at


def _timestamp(column: ColumnPlan, value: Value) -> datetime:
    return _moment(column, value).replace(tzinfo=None)


def _date(column: ColumnPlan, value: Value) -> date:
    at = _moment(column, value)
    if at.time() != time() or (isinstance(value, str) and at.date().isoformat() != value[:10]):
        raise Misfit("a time of day beside the date")
    return at.date()


def _time(column: ColumnPlan, value: Value) -> time:
    said = read_time(value) if isinstance(value, str) else None
    if said is None:
        raise Misfit("no time of day")
    return _kept(column, said[0])


def _json(column: ColumnPlan, value: Value) -> str:
    if isinstance(value, bytes):
        raise Misfit("bytes, and no JSON text")
    text = text_of_real(value) if isinstance(value, float) else str(value)
    verdict = judge(text)
    if not verdict:
        raise Misfit("no JSON")
    if column.choice.carriage.kind == "jsonb" and verdict == "json":
        raise Misfit("JSON of which jsonb would not keep everything")
    return text


def _uuid(column: ColumnPlan, value: Value) -> UUID:
    del column
    if isinstance(value, bytes) and len(value) == 16:
        return UUID(bytes=value)
    if isinstance(value, str):
        bare = value[1:-1] if value[:1] == "{" and value[-1:] == "}" else value
        if UUID_FORM.fullmatch(bare):
            return UUID(bare)
    raise Misfit("no UUID")


def _other(column: ColumnPlan, value: Value) -> str:
    text, words = _text(column, value), column.choice.carriage.words
    if words and text not in words:
        raise Misfit(f"none of the words of {column.choice.postgres}")
    try:
        return as_input(column.choice.carriage.form, text)
    except NoInput as error:
        raise Misfit(str(error)) from None


_CONVERTERS: dict[str, Callable[[ColumnPlan, Value], object]] = {
    "bool": _bool, "int": _int, "real": _real, "decimal": _decimal, "text": _text, "bytes": _bytes,
    "date": _date, "time": _time, "timestamp": _timestamp, "timestamptz": _moment,
    "json": _json, "jsonb": _json, "uuid": _uuid, "other": _other,
}  # fmt: skip
