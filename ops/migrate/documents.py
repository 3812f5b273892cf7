"""JSON texts: whether they are JSON, whether jsonb keeps all they say, and one form to compare them in."""

from __future__ import annotations

import json
from decimal import Context, Decimal
from typing import Any, Literal

_LONGEST = 200_000_000  # jsonb takes 256 MB
_LARGEST_EXPONENT = 1_000  # jsonb writes all the digits out
_EXACT = Context(prec=20_000)


class _Lost(Exception):
    """jsonb would not keep it."""


def judge(text: str) -> Literal["jsonb", "json", ""]:
    """`jsonb` when PostgreSQL's jsonb keeps all that `text` says (the order of keys and blanks mean
    nothing in JSON), `json` when only its json does, `""` when it is no JSON."""
    try:
        if "-0" not in text and "\\u" not in text and len(text) <= _LONGEST:
            json.loads(text, object_pairs_hook=_no_twins, parse_float=_number, parse_constant=_no_constant)
            return "jsonb"
        found = json.loads(
            text, object_pairs_hook=_no_twins, parse_float=_number, parse_int=_whole,
            parse_constant=_no_constant,
        )  # fmt: skip
        if len(text) > _LONGEST or "\\u0000" in text:
            raise _Lost
        json.dumps(found, ensure_ascii=False).encode()  # lone surrogates are no text
        return "jsonb"
    except (_Lost, UnicodeEncodeError):
        pass
    except (ValueError, RecursionError):
        return "" if _too_long_number(text) is None else "json"
    return "json" if _is_json(text) else ""


def canonical(text: str) -> str:
    """One form for all texts that mean the same document: keys sorted, numbers by their value."""
    return json.dumps(json.loads(text, parse_float=_number), sort_keys=True, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _too_long_number(text: str) -> bool | None:
    """Python's int() takes 4,300 digits; a longer number is JSON all the same."""
    return True if _is_json(text) else None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Lost
    return found


def _no_constant(word: str) -> None:
    raise ValueError(word)  # NaN and Infinity are no JSON


def _whole(text: str) -> int:
    if text == "-0":
        raise _Lost
    return int(text)


def _number(text: str) -> int | str:
    number = Decimal(text)
    if number.is_zero() and number.is_signed():
        raise _Lost
    if not number.is_zero() and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise _Lost
    if number == number.to_integral_value():
        return int(number)
    return "\0" + str(number.normalize(_EXACT))  # no text of a jsonb holds a NUL
