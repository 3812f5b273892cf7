"""Booleans, dates, JSON and UUIDs as PostgreSQL's own types, when every value is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ops.migrate import by_class, epochs
from ops.migrate.seen import ColumnProfile
from ops.migrate.types import Carriage, TypeChoice, describe


def choose(
    family: str, declared: str, profile: ColumnProfile, *, epoch: str = "", key: bool = False,
    indexed: bool = False,
) -> TypeChoice:  # fmt: skip
    """The native type of a column of `family` (one of `families.NATIVE`); with `misfit`, and as the declared
    type wants it, when values disagree. `key`: the values are told apart in a key, so that two ways of
    writing one value must not become equal."""
    match family:
        case "bool":
            return _boolean(declared, profile, key)
        case "json":
            return _json(declared, profile, key, indexed)
        case "uuid":
            return _uuid(declared, profile, key)
        case "clock":
            return _clock(profile, declared, key)
    return _moment(family, declared, profile, epoch or epochs.unit(profile), key)


def _boolean(declared: str, profile: ColumnProfile, key: bool) -> TypeChoice:
    choice = by_class.plain("boolean", "bool", profile, "every value is true or false")
    if not profile.classes:
        return replace(choice, reason="no values yet")
    in_range = not profile.integers or (profile.low >= 0 and profile.high <= 1)
    numbers = profile.integers if in_range else 0
    good = numbers + profile.forms.get("bits", 0) + profile.forms.get("bool", 0)
    if good != profile.integers + profile.reals + profile.texts + profile.blobs:
        return _unfit(choice, declared, profile)
    several = len(_shapes(profile)) + bool(profile.integers + profile.reals) > 1
    return _as_written(profile) if key and several else choice


def _json(declared: str, profile: ColumnProfile, key: bool, indexed: bool) -> TypeChoice:
    forms = profile.forms
    kept, other = forms.get("jsonb", 0), forms.get("json", 0)
    choice = by_class.plain("jsonb", "jsonb", profile, "every value is JSON, and jsonb keeps all of it")
    if other:
        said = f"every value is JSON; jsonb would lose something of {other} of them (repeated keys, \\u0000)"
        choice = by_class.plain("json", "json", profile, said)
    if not profile.classes:
        return replace(choice, reason="no values yet")
    if kept + other != profile.texts or profile.blobs or not profile.finite:
        return _unfit(choice, declared, profile)
    if key or (other and indexed):
        return _as_written(profile)
    return choice


def _uuid(declared: str, profile: ColumnProfile, key: bool) -> TypeChoice:
    found = profile.forms.get("uuid", 0)
    choice = by_class.plain("uuid", "uuid", profile, "every value is a UUID")
    if not profile.classes:
        return replace(choice, reason="no values yet")
    if profile.classes == {"blob"}:
        said = "kept as the bytes they are; `type: uuid` in gigops.yaml makes UUIDs of 16 bytes"
        return by_class.plain("bytea", "bytes", profile, said)
    if found != profile.texts or profile.classes != {"text"}:
        return _unfit(choice, declared, profile)
    if key and len(_shapes(profile)) > 1:
        return _as_written(profile)
    otherwise = found - profile.forms.get("uuid plain", 0)
    if otherwise:
        said = f"{otherwise} UUIDs are written in capitals or without dashes: PostgreSQL writes them its way"
        choice = replace(choice, notes=(said,))
    return choice


def _clock(profile: ColumnProfile, declared: str, key: bool) -> TypeChoice:
    choice = by_class.plain("time", "time", profile, "every value is a time of day")
    if not profile.classes:
        return replace(choice, reason="no values yet")
    if "text" not in profile.classes and "blob" not in profile.classes:
        return replace(by_class.choose("none", declared, profile), misfit="", reason="the values are numbers")
    if profile.forms.get("clock", 0) != profile.texts or profile.classes != {"text"}:
        return _unfit(choice, declared, profile)
    if key and (len(_shapes(profile)) > 1 or profile.forms.get("rounded")):
        return _as_written(profile)
    return replace(choice, notes=_rounded(profile))


def _moment(family: str, declared: str, profile: ColumnProfile, epoch: str, key: bool) -> TypeChoice:
    forms = profile.forms
    dates, naive, zoned = (forms.get(word, 0) for word in ("date", "naive", "zoned"))
    numbers = profile.integers + profile.reals
    postgres: Literal["timestamp", "timestamptz", "date"] = "timestamp"
    if zoned or family == "instant" or (numbers and epoch):
        postgres = "timestamptz"
    elif family == "date" and not naive:
        postgres = "date"
    carriage = Carriage(postgres, profile.classes, epoch=epoch if numbers else "")
    choice = TypeChoice(postgres, carriage, _says(dates, naive, zoned, numbers, epoch))
    if not profile.classes:
        return choice
    if numbers and not epoch and not profile.texts and not profile.blobs:
        return _uncertain(declared, profile)
    if dates + naive + zoned != profile.texts or profile.blobs or (numbers and not epoch):
        return _unfit(choice, declared, profile)
    several = len(_shapes(profile)) + bool(numbers) > 1 or forms.get("rounded") or forms.get("inexact")
    if key and several:
        return _as_written(profile)
    notes = list(_rounded(profile))
    if postgres == "timestamptz" and dates + naive:
        notes.append(f"{dates + naive} values say no time zone: they are read as UTC")
    return replace(choice, notes=tuple(notes))


def _says(dates: int, naive: int, zoned: int, numbers: int, epoch: str) -> str:
    parts = []
    for count, word in ((dates, "dates"), (naive, "times without a zone"), (zoned, "times with a zone")):
        if count:
            parts.append(f"{count} {word}")
    if numbers and epoch:
        parts.append(f"{numbers} {epochs.NAMES[epoch]}")
    return f"the values are {', '.join(parts)}" if parts else "no values yet"


def _uncertain(declared: str, profile: ColumnProfile) -> TypeChoice:
    """Numbers that may count from several epochs stay numbers."""
    said = (
        f"declared {declared}, and what the numbers count is not certain; `epoch:` under `types:` in"
        f" gigops.yaml ({', '.join(epochs.NAMES)}) makes timestamptz of them"
    )
    kept = by_class.choose("none", "", profile)
    return replace(kept, reason=said, misfit="", problem="")


def _unfit(choice: TypeChoice, declared: str, profile: ColumnProfile) -> TypeChoice:
    """The declared type, which not every value has the form of."""
    said = f"declared {declared}, but the values are {seen(profile)}"
    return replace(choice, misfit=said, reason=said, problem="form")


def seen(profile: ColumnProfile) -> str:
    """The values by what they look like."""
    odd, empty = profile.forms.get("odd", 0), profile.forms.get("empty", 0)
    more = [f"{odd} of another form"] if odd else []
    more += [f"{empty} empty"] if empty else []
    return describe(profile) + (f" ({', '.join(more)})" if more else "")


def _as_written(profile: ColumnProfile) -> TypeChoice:
    """A key whose values are written in several ways: what differs in SQLite must differ in PostgreSQL."""
    kept = by_class.choose("none", "", profile)
    said = "it is part of a key, and its values are written in several ways, which stay apart as they are"
    return replace(kept, reason=said, misfit="", problem="")


def _rounded(profile: ColumnProfile) -> tuple[str, ...]:
    count = profile.forms.get("rounded", 0) + profile.forms.get("inexact", 0)
    said = f"{count} values have digits below a microsecond, which PostgreSQL has no room for: rounded"
    return (said,) if count else ()


def _shapes(profile: ColumnProfile) -> list[str]:
    return [form for form, count in profile.forms.items() if " " in form and count]
