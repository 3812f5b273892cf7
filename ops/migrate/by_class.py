"""The type that carries every value exactly, by declared type and storage classes alone."""

from __future__ import annotations

import re
from dataclasses import replace

from ops.migrate.families import family_of, sizes
from ops.migrate.seen import ColumnProfile
from ops.migrate.types import MOST_DIGITS, Carriage, Kind, TypeChoice, describe

_RANGES = {"small": (-(2**15), 2**15 - 1, "smallint"), "medium": (-(2**31), 2**31 - 1, "integer")}
_MEANT = {
    "int": ("integer",),
    "small": ("integer",),
    "medium": ("integer",),
    "bool": ("integer",),
    "real": ("integer", "real"),
    "decimal": ("integer", "real"),
    "bytes": ("blob",),
}
_LONGEST_VARCHAR = 10_485_760


def choose(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    """The type nearest to the declared one. Where the values disagree, `misfit` says so and the type is the
    widest. Booleans, dates, JSON and UUIDs stay what SQLite stores."""
    classes = profile.classes
    whole = classes <= {"integer"} or (classes <= {"integer", "real"} and profile.whole == profile.reals)
    match family:
        case "int" if whole:
            return plain("bigint", "int", profile, "SQLite's integers are 64-bit")
        case "small" | "medium" if whole:
            return _ranged(family, declared, profile)
        case "bool" if whole:
            return plain("bigint", "int", profile, "0 and 1, as the application's SQL reads and writes them")
        case "real" if classes <= {"real"} or (
            classes <= {"real", "integer"} and profile.integers_exact_in_double
        ):
            return plain("double precision", "real", profile, "8 bytes, as in SQLite")
        case "decimal" if classes <= {"integer", "real"} or (
            classes <= {"integer", "real", "text"} and profile.texts == profile.forms.get("decimal", 0)
        ):
            return _decimal(declared, profile)
        case "varchar" if classes <= {"text"}:
            return _varchar(declared, profile)
        case "text" if classes <= {"text"}:
            return plain("text", "text", profile, "text of any length")
        case "text" | "varchar" if classes <= {"text", "blob"} and not profile.bad_blobs:
            said = "text of any length, the bytes too: all of them spell texts"
            return replace(
                plain("text", "text", profile, said),
                notes=(f"{profile.blobs} blobs become the texts that their bytes spell",),
            )
        case "document" | "json" | "uuid" if "blob" not in classes:
            return plain("text", "text", profile, "kept as the application wrote it")
        case "bytes" if classes <= {"blob"}:
            return plain("bytea", "bytes", profile, "bytes")
        case "date" | "clock" | "moment" | "instant" if classes <= {"text"}:
            said = "kept in the form the application writes, so that its own SQL runs unchanged on both sides"
            return plain("text", "text", profile, said)
        case "date" | "clock" | "moment" | "instant" if classes <= {"integer"}:
            said = "the values are numbers (an epoch), kept as the application reads"
            return plain("bigint", "int", profile, said)
        case "bool" | "none" | "unknown" | "document" | "json" | "uuid":
            return _by_values(family, declared, profile)
        case "date" | "clock" | "moment" | "instant":
            return _by_values(family, declared, profile)
    return widest(profile, declared)


def strict(family: str, declared: str, profile: ColumnProfile) -> TypeChoice | None:
    """The type that is declared, whatever the values are; None when it takes every value, or says nothing."""
    match family:
        case "int" | "bool":
            return plain("bigint", "int", profile, "")
        case "small" | "medium":
            return _ranged(family, declared, profile)
        case "real":
            return plain("double precision", "real", profile, "")
        case "decimal":
            return _decimal(declared, profile)
        case "varchar":
            return _varchar(declared, profile)
        case "text" | "document":
            return plain("text", "text", profile, "")
    return None


def plain(postgres: str, kind: Kind, profile: ColumnProfile, reason: str, places: int = 0) -> TypeChoice:
    return TypeChoice(postgres, Carriage(kind, profile.classes, places), reason)


def widest(profile: ColumnProfile, declared: str) -> TypeChoice:
    """The type that carries all values, however unlike they are; a misfit."""
    said = f"declared {declared}" if declared else "no type is declared"
    misfit = f"{said}, but the values are {describe(profile)}"
    problem = _odd_one(declared, profile)
    if profile.classes <= {"integer", "real"}:
        if profile.integers_exact_in_double:
            return _misfit("double precision", "real", profile, misfit, problem)
        if _exact(profile):
            return _misfit("numeric", "decimal", profile, misfit, problem, profile.places or 0)
    if family_of(declared) == "bytes" or profile.bad_blobs or profile.nul_texts or profile.bad_texts:
        return _misfit("bytea", "bytes", profile, misfit, problem)
    return _misfit("text", "text", profile, misfit, problem)


def _ranged(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    low, high, name = _RANGES[family]
    if profile.low < low or profile.high > high:
        name = "integer" if profile.low >= -(2**31) and profile.high < 2**31 else "bigint"
        said = f"declared {declared}, but the values reach {profile.low}..{profile.high}"
        return plain(name, "int", profile, said)
    return plain(name, "int", profile, "every value fits")


def _decimal(declared: str, profile: ColumnProfile) -> TypeChoice:
    total, scale = sizes(declared)
    typed = f"numeric({total},{scale})" if 0 < total <= 1000 and scale <= total else "numeric"
    if not profile.classes:
        return plain(typed, "decimal", profile, "no values yet", scale)
    if not _exact(profile) or profile.digits is None or profile.places is None:
        if profile.integers and not profile.integers_exact_in_double:
            return widest(profile, declared)
        said = "the values have no exact decimal form of usual length"
        return plain("double precision", "real", profile, said)
    if typed != "numeric" and profile.places <= scale and profile.digits <= total - scale:
        return plain(typed, "decimal", profile, "every value fits", scale)
    if typed == "numeric":
        return plain("numeric", "decimal", profile, "exact decimals", profile.places)
    needed = f"{profile.digits} digits before and {profile.places} after the point"
    said = f"declared {declared}, but the values need {needed}"
    return plain("numeric", "decimal", profile, said, profile.places)


def _exact(profile: ColumnProfile) -> bool:
    digits, places = profile.digits, profile.places
    return digits is not None and places is not None and digits + places <= MOST_DIGITS


def _varchar(declared: str, profile: ColumnProfile) -> TypeChoice:
    size = re.search(r"\(\s*(\d+)\s*\)", declared)
    length = int(size.group(1)) if size else 0
    if not 0 < length <= _LONGEST_VARCHAR:
        return plain("text", "text", profile, "no length is declared")
    if profile.longest > length:
        said = f"declared {declared}, but a value has {profile.longest} characters"
        return plain("text", "text", profile, said)
    return plain(f"varchar({length})", "text", profile, "every value fits")


def _by_values(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    said = "no type is declared" if family == "none" else f"`{declared}` says nothing certain"
    match sorted(profile.classes):
        case []:
            return _by_affinity(family, declared, profile)
        case ["integer"]:
            return plain("bigint", "int", profile, f"{said}; all values are integers")
        case ["real"]:
            return plain("double precision", "real", profile, f"{said}; all values are reals")
        case ["integer", "real"] if profile.integers_exact_in_double:
            return plain("double precision", "real", profile, f"{said}; all values are numbers")
        case ["text"]:
            return plain("text", "text", profile, f"{said}; all values are texts")
        case ["blob"]:
            return plain("bytea", "bytes", profile, f"{said}; all values are blobs")
    return widest(profile, declared)


def _by_affinity(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    """SQLite's own rules for a word it does not know (https://sqlite.org/datatype3.html, 3.1)."""
    upper, reason = declared.upper(), "no values yet; by the rules SQLite applies to the declared word"
    if family == "bool" or "INT" in upper:
        return plain("bigint", "int", profile, reason)
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return plain("text", "text", profile, reason)
    if "BLOB" in upper:
        return plain("bytea", "bytes", profile, reason)
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return plain("double precision", "real", profile, reason)
    return plain("text", "text", profile, "no values yet; text takes whatever the application writes")


def _misfit(
    postgres: str, kind: Kind, profile: ColumnProfile, misfit: str, problem: str, places: int = 0
) -> TypeChoice:
    reason = f"{misfit}; {postgres} carries them all"
    return TypeChoice(postgres, Carriage(kind, profile.classes, places), reason, misfit, problem)


def _odd_one(declared: str, profile: ColumnProfile) -> str:
    """The storage class that disagrees: the one the declared type does not mean, else the rarest."""
    counts = {
        "integer": profile.integers,
        "real": profile.reals,
        "text": profile.texts,
        "blob": profile.blobs,
    }
    meant = _MEANT.get(family_of(declared), ("text",))
    odd = {name: count for name, count in counts.items() if count and name not in meant}
    return min(odd or counts, key=lambda name: (odd or counts)[name])
