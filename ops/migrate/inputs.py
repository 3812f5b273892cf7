"""Values as the input functions of PostgreSQL's other types take them: arrays out of JSON, intervals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from struct import pack, unpack
from typing import Literal

from ops.migrate.moments import read_moment

Form = Literal["", "array", "microseconds", "since 1970", "padded", "single"]
"""`array`: a JSON array becomes one of PostgreSQL's; `microseconds`: a whole number becomes an interval, as
Django's DurationField writes it; `since 1970`: a date and time becomes the interval since 1970, as
SQLAlchemy's Interval writes it; `padded`: a text for char(n), which keeps no blanks at the end; `single`: a
number for a real of 4 bytes, which keeps six digits."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoInput(ValueError):
    """The value has not the form; the message says why, without the value."""


def as_input(form: Form, text: str) -> str:
    """`text` as PostgreSQL's input function of the type takes it. Raises NoInput."""
    match form:
        case "array":
            return text if text[:1] == "{" else _array(_loaded(text))
        case "microseconds":
            if not text.lstrip("-").isdigit():
                raise NoInput("no whole number of microseconds")
            return f"{text} microseconds"
        case "since 1970":
            said = read_moment(text)
            if said is None:
                raise NoInput("no date and time that says an interval since 1970")
            passed = said.utc - _EPOCH
            micros = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
            return f"{micros} microseconds"
        case "padded" if text.endswith(" "):
            raise NoInput("blanks at the end, which char(n) does not keep")
        case "single" if not _is_single(text):
            raise NoInput("a number with more digits than 4 bytes keep")
    return text


def _is_single(text: str) -> bool:
    """Whether the number can be told from its neighbours in 4 bytes by the digits it has."""
    try:
        number = float(text)
        narrow = unpack("f", pack("f", number))[0]
    except (ValueError, OverflowError):
        return False
    return number == narrow or number != number or float(f"{narrow:.6g}") == number


def _loaded(text: str) -> list[object]:
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise NoInput("no JSON array")
    return found


def _array(items: list[object]) -> str:
    """https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO"""
    return "{" + ",".join(map(_element, items)) + "}"


def _element(item: object) -> str:
    match item:
        case None:
            return "NULL"
        case list():
            return _array(item)
        case bool():
            return "t" if item else "f"
        case dict():
            raise NoInput("an object within the JSON array")
    text = str(item)
    if "\0" in text:
        raise NoInput("a NUL character, which PostgreSQL's text cannot hold")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
