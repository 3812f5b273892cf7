"""SQLite's functions of dates and times, which read texts, numbers and the clock, always in UTC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.migrate.expressions.functions import Arguments, Function
from ops.migrate.expressions.parsing import Node, constant_text
from ops.migrate.expressions.pieces import Piece, Untranslatable
from ops.migrate.moments import read_moment
from ops.migrate.names import literal
from ops.migrate.patterns import strftime_to_char

if TYPE_CHECKING:
    from ops.migrate.expressions.translator import Translator

_NOW = "(now() at time zone 'utc')"
_SHIFT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s+(second|minute|hour|day|month|year)s?", re.I)
_DIGITS = {"%Y", "%m", "%d", "%H", "%M", "%S", "%j"}
# The day is added to the first of its month, as SQLite does: '2023-02-30' is the second of March.
_ISO = (
    r"^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?)?$"
)


def moment(t: Translator, arguments: Arguments) -> str:
    """The SQL of the moment that date(…) and its like are asked for: a timestamp in UTC."""
    first, modifiers = (arguments[0], list(arguments[1:])) if arguments else (None, [])
    texts = [constant_text(each) for each in modifiers]
    if any(text is None for text in texts):
        raise Untranslatable("a modifier of the time is no constant")
    words = [str(text).strip().lower() for text in texts]
    sql = _start(t, first, words)
    for word in words:
        sql = _modified(sql, word)
    return sql


def _start(t: Translator, node: Node | None, words: list[str]) -> str:
    text = constant_text(node)
    if node is None or (text is not None and text.lower() == "now"):
        t.reads_clock = True
        return _NOW
    if text is not None:
        found = read_moment(text)
        if found is None:
            raise Untranslatable(f"{literal(text)} is no moment")
        return f"{literal(found.utc.replace(tzinfo=None).isoformat(sep=' '))}::timestamp"
    piece = t.value(node)
    if words[:1] == ["unixepoch"]:
        del words[0]
        if piece.kind == "timestamptz" and piece.operand and piece.operand.epoch == "unix":
            return f"({piece.sql} at time zone 'UTC')"
        if piece.kind in ("int", "real"):
            return f"(to_timestamp({piece.sql}) at time zone 'UTC')"
        raise Untranslatable("a time counted from 1970 is no number")
    match piece.kind:
        case "date":
            return f"({piece.sql})::timestamp"
        case "timestamp":
            return piece.sql
        case "timestamptz" if not (piece.operand and piece.operand.epoch):
            return f"({piece.sql} at time zone 'UTC')"
        case "text" if piece.moment:
            return f"({piece.moment[1]})::timestamp" if piece.moment[0] != "time" else _no_moment()
        case "text":
            t.unsteady = True
            return _read(piece.sql)
    return _no_moment()


def _no_moment() -> str:
    raise Untranslatable("it reads a time out of something that may be none")


def _read(text: str) -> str:
    """The moment an ISO text says, NULL for others, as SQLite gives it. Never an error."""
    day = f"(left({text}, 7) || '-01')::timestamp + make_interval(days => substr({text}, 9, 2)::int - 1)"
    clock = f"coalesce(nullif(substr({text}, 12), '')::interval, interval '0')"
    return f"(CASE WHEN {text} ~ {literal(_ISO)} THEN {day} + {clock} END)"


def _modified(sql: str, word: str) -> str:
    shift = _SHIFT.fullmatch(word)
    if shift:
        size, unit = shift.groups()
        step = f"interval '{size} {unit.lower()}'"
        if unit.lower() in ("month", "year"):
            if "." in size:
                raise Untranslatable(f"the modifier `{word}`")
            # SQLite lets the day run over into the next month, PostgreSQL would cut it.
            return f"(date_trunc('month', {sql}) + {step} + ({sql} - date_trunc('month', {sql})))"
        return f"({sql} + {step})"
    if word in ("start of day", "start of month", "start of year"):
        return f"date_trunc('{word.split()[-1]}', {sql})"
    raise Untranslatable(f"it reads the clock with the modifier `{word}`")


def _date(t: Translator, a: Arguments) -> Piece:
    at, t.unsteady = moment(t, a), True
    return Piece(f"to_char({at}, 'YYYY-MM-DD')", "text", moment=("date", f"({at})::date"))


def _time(t: Translator, a: Arguments) -> Piece:
    at, t.unsteady = moment(t, a), True
    whole = f"date_trunc('second', {at})::time"
    return Piece(f"to_char({at}, 'HH24:MI:SS')", "text", moment=("time", whole))


def _datetime(t: Translator, a: Arguments) -> Piece:
    said = read_moment(constant_text(a[0]) or "") if len(a) == 1 else None
    if said is not None:
        text = said.utc.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
        return Piece(literal(text), "text", text)
    at, t.unsteady = moment(t, a), True
    whole = f"date_trunc('second', {at})"
    return Piece(f"to_char({at}, 'YYYY-MM-DD HH24:MI:SS')", "text", moment=("timestamp", whole))


def _strftime(t: Translator, a: Arguments) -> Piece:
    form = constant_text(a[0]) if a else None
    if form is None:
        raise Untranslatable("strftime with a format that is no constant")
    at, t.unsteady = moment(t, a[1:]), True
    if form == "%s":
        number = f"floor(extract(epoch from {at}))::bigint"
        return Piece(f"({number})::text", "text", number=number)
    if form == "%J":
        return Piece(f"({_julian(at)})::text", "text")
    pattern = strftime_to_char(form)
    if pattern is None:
        raise Untranslatable(f"to_char has nothing for `{form}`")
    sql = f"to_char({at}, {literal(pattern)})"
    number = f"({sql})::bigint" if form in _DIGITS else ""
    return Piece(sql, "text", moment=_said(form, at), number=number)


def _said(form: str, at: str) -> tuple[str, str] | None:
    """The moment itself, where the format tells all of it."""
    said = re.sub(r"[T ]|Z$", " ", form.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")).strip()
    match said:
        case "%Y-%m-%d":
            return "date", f"({at})::date"
        case "%Y-%m-%d %H:%M:%S" | "%Y-%m-%d %H:%M:%f":
            unit = "second" if said.endswith("S") else "milliseconds"
            return "timestamp", f"date_trunc('{unit}', {at})"
        case "%H:%M:%S" | "%H:%M:%f":
            return "time", f"date_trunc('{'second' if said.endswith('S') else 'milliseconds'}', {at})::time"
    return None


def _julian(at: str) -> str:
    return f"(extract(epoch from {at}) / 86400.0 + 2440587.5)::double precision"


def _julianday(t: Translator, a: Arguments) -> Piece:
    return Piece(_julian(moment(t, a)), "real")


def _unixepoch(t: Translator, a: Arguments) -> Piece:
    if a and constant_text(a[-1]) in ("subsec", "subsecond"):
        raise Untranslatable("it reads the clock with the modifier `subsec`")
    return Piece(f"floor(extract(epoch from {moment(t, a)}))::bigint", "int")


def of_now(t: Translator, word: str) -> Piece:
    """CURRENT_DATE, CURRENT_TIME and CURRENT_TIMESTAMP, which are `date`, `time` and `datetime` of now."""
    return {"date": _date, "time": _time, "datetime": _datetime}[word](t, [])


FUNCTIONS: dict[str, Function] = {
    "date": _date, "time": _time, "datetime": _datetime, "strftime": _strftime,
    "julianday": _julianday, "unixepoch": _unixepoch,
}  # fmt: skip
