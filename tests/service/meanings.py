"""What a SQLite value is in a column of each PostgreSQL type, said without any code of gigops."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

Stored = tuple[str, bytes | int | float | None]  # typeof(), and the value with texts as UTF-8 bytes

UNITS = ("s", "ms", "us", "julian")
_START = datetime(1970, 1, 1)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?)? ?(Z|[+-]\d\d(?::?\d\d)?)?", re.IGNORECASE
)
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?")
_TRUE, _FALSE = {"1", "true", "t"}, {"0", "false", "f"}


def same(stored: Stored, there: str | None, kind: str, unit: str = "s") -> bool:
    """Whether `there`, PostgreSQL's text of a value of the type `kind`, is what was stored."""
    stored_as, value = stored
    if value is None or there is None:
        return value is None and there is None
    base = kind.split("(")[0]
    match base:
        case "text" | "character varying":
            return _same_bytes(stored_as, value, there.encode())
        case "bytea":
            return _same_bytes(stored_as, value, bytes.fromhex(there.removeprefix("\\x")))
        case "smallint" | "integer" | "bigint":
            return _number(value) == int(there) and (stored_as != "text" or value == there.encode())
        case "double precision":
            number = _number(value)
            if number is None:
                return False
            if isinstance(value, int):
                return Decimal(float(there)) == value
            return float(value).hex() == float(there).hex()
        case "numeric":
            return _number(value) == Decimal(there)
        case "boolean":
            word = value.decode().lower() if isinstance(value, bytes) else str(value).removesuffix(".0")
            return stored_as != "blob" and word in (_TRUE if there == "true" else _FALSE)
        case "date" | "timestamp without time zone" | "timestamp with time zone":
            return _same_moment(stored_as, value, there, unit)
        case "time without time zone":
            return stored_as == "text" and _seconds(value) == _seconds(there.encode())
        case "uuid":
            if stored_as == "blob":
                return value == UUID(there).bytes
            return stored_as == "text" and _is_uuid(value) == UUID(there)
        case "json" | "jsonb" if stored_as in ("integer", "real"):  # SQLite makes a number of the text 5
            return _document(there.encode()) == ("Decimal", _number(value))
        case "json":
            return stored_as == "text" and value == there.encode() and _document(value) is not None
        case "jsonb":
            return stored_as == "text" and _document(value) == _document(there.encode())
    raise AssertionError(f"gigops chose a type that nobody expected: {kind}")


def _same_bytes(stored_as: str, value: object, there: bytes) -> bool:
    if isinstance(value, float):
        try:
            return float(there).hex() == value.hex()
        except ValueError:
            return False
    return (value if isinstance(value, bytes) else str(value).encode()) == there


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(repr(value) if isinstance(value, float) else _decoded(value))
    except InvalidOperation:
        return None


def _decoded(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _same_moment(stored_as: str, value: object, there: str, unit: str) -> bool:
    wanted = _moment(_decoded(value)) if stored_as == "text" else _counted(value, unit)
    found = _moment(there)
    if wanted is None or found is None:
        return False
    return abs(wanted - found) <= Decimal("0.0000005") or (
        unit == "julian" and abs(wanted - found) < Decimal("0.001")
    )


def _moment(text: str) -> Decimal | None:
    """Seconds since 1970; a text without a zone is in UTC."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    clock = clock or "00:00:00"
    try:
        at = datetime.fromisoformat(f"{day}T{clock}")
    except ValueError:
        return None
    offset = timedelta()
    if zone and zone.upper() != "Z":
        hours, minutes = int(zone[1:3]), int(zone[3:].strip(":") or 0)
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    seconds = (at - _START) - offset
    whole = Decimal(seconds.days) * 86400 + seconds.seconds
    return whole + (Decimal(f"0.{fraction}") if fraction else 0)


def _counted(value: object, unit: str) -> Decimal | None:
    number = _number(value)
    if number is None or not number.is_finite() or not isinstance(value, int | float):
        return None
    if unit == "julian":
        return (number - Decimal("2440587.5")) * 86400
    return number / {"s": 1, "ms": 1000, "us": 1_000_000}[unit]


def _seconds(value: object) -> Decimal | None:
    found = _TIME.fullmatch(_decoded(value))
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        return None
    exact = Decimal(f"{int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)}.{found[4] or 0}")
    return exact.quantize(Decimal("0.000001"))


def _is_uuid(value: object) -> UUID | None:
    try:
        return UUID(_decoded(value))
    except ValueError:
        return None


def _document(value: object) -> object:
    """The JSON with nothing lost: numbers exact, keys as often as they are there, in any order."""

    def refuse(word: str) -> object:
        raise ValueError(word)

    def pairs(found: list[tuple[str, object]]) -> object:
        return ("object", sorted(found, key=lambda pair: pair[0]))

    try:
        text = value.decode() if isinstance(value, bytes) else str(value)
        return _typed(json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=refuse,
                                 object_pairs_hook=pairs))  # fmt: skip
    except (ValueError, RecursionError):
        return None


def _typed(value: object) -> object:
    if isinstance(value, tuple):
        return ("object", [(key, _typed(each)) for key, each in value[1]])
    if isinstance(value, list):
        return ("array", [_typed(each) for each in value])
    return (type(value).__name__, value)
