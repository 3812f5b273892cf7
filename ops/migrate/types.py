"""Which PostgreSQL type a column gets, by its declared type and its values; the reason is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ops.migrate.inputs import Form
from ops.migrate.model import Column
from ops.migrate.seen import ColumnProfile

Kind = Literal[
    "int", "real", "decimal", "text", "bytes",
    "bool", "date", "time", "timestamp", "timestamptz", "json", "jsonb", "uuid", "other",
]  # fmt: skip
_FAMILIES = {
    "int": "INTEGER INT BIGINT INT8 LONG INT64 LONGINTEGER BIGINTEGER UBIGINT",
    "medium": "MEDIUMINT INT3 INT4 INT32",
    "small": "SMALLINT INT2 TINYINT SHORT SHORTINTEGER SMALLINTEGER INT16 INT1",
    "bool": "BOOLEAN BOOL BIT",
    "real": "REAL FLOAT DOUBLE DOUBLEPRECISION FLOAT4 FLOAT8 FLOAT64",
    "decimal": "NUMERIC DECIMAL DEC NUMBER MONEY SMALLMONEY CURRENCY",
    "varchar": "VARCHAR CHAR CHARACTER NVARCHAR NCHAR CHARACTERVARYING VARYINGCHARACTER NATIVECHARACTER"
    " VARCHAR2",
    "text": "TEXT CLOB LONGTEXT MEDIUMTEXT TINYTEXT LONGVARCHAR NTEXT CITEXT",
    "document": "JSON JSONB UUID GUID UNIQUEIDENTIFIER STRING XML",
    "bytes": "BLOB BYTEA LONGBLOB MEDIUMBLOB TINYBLOB BINARY VARBINARY IMAGE GEOMETRY POINT LINESTRING"
    " POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION CURVE SURFACE",
    "moment": "DATE DATETIME TIMESTAMP TIME TIMESTAMPTZ DATETIMETZ TIMESTAMPWITHTIMEZONE "
    "TIMESTAMPWITHOUTTIMEZONE DATETIME2 SMALLDATETIME",
    "none": "ANY",
}
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in words.split()} | {"": "none"}
_RANGES = {"small": (-(2**15), 2**15 - 1, "smallint"), "medium": (-(2**31), 2**31 - 1, "integer")}
_MEANT = {
    "int": ("integer",),
    "small": ("integer",),
    "medium": ("integer",),
    "bool": ("integer",),
    "real": ("integer", "real"),
    "decimal": ("integer", "real"),
    "text": ("text",),
    "varchar": ("text",),
    "moment": ("text",),
    "document": ("text",),
    "bytes": ("blob",),
}
_LONGEST_VARCHAR = 10_485_760
MOST_DIGITS = 76  # of Arrow's 256-bit decimals


@dataclass(frozen=True)
class Carriage:
    """How values travel: what they become, which storage classes are read, the decimals kept.

    `epoch` is what numbers count that become dates (one of `moments.EPOCHS`; `""`: numbers do not).
    `empty`, `nul` and `utf8` are the user's wish, as in `ops.settings.TypeRule`. `other` is any other type
    of PostgreSQL's: its values travel as text, in the `form` that the type's input function takes.
    """

    kind: Kind
    reads: frozenset[str]
    places: int = 0
    epoch: str = ""
    empty: str = ""
    nul: str = ""
    utf8: str = ""
    form: Form = ""


@dataclass(frozen=True)
class TypeChoice:
    """`misfit` says how the values disagree with the declared type (`""`: they do not), `problem` which
    values (a storage class, `nul`, `utf8`, `form`), `notes` what of the values is not carried as it was."""

    postgres: str
    carriage: Carriage
    reason: str
    misfit: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


def choose_type(column: Column, profile: ColumnProfile, *, rowid_alias: bool = False) -> TypeChoice:
    """The type that carries every value exactly, nearest to the declared one."""
    if rowid_alias:
        return _plain(
            "bigint", "int", profile, "the row id: 64-bit, numbered by PostgreSQL from the highest on"
        )
    choice = _choose(family_of(column.declared), column.declared, profile)
    if choice.carriage.kind == "text" and (profile.nul_texts or profile.bad_texts):
        return _unfit_text(profile)
    return choice


def family_of(declared: str) -> str:
    """The family of a declared type; `unknown` for words gigops does not know."""
    words = re.sub(r"\([^)]*\)?", " ", declared.upper()).split()
    kept = [
        w for w in words if w not in ("UNSIGNED", "SIGNED", "AUTO_INCREMENT", "AUTOINCREMENT", "ZEROFILL")
    ]
    return _FAMILY_OF.get("".join(kept), "unknown")


def describe(profile: ColumnProfile) -> str:
    """What the values are, for people: `3 integers 1..9, 2 NULL`."""
    parts = []
    if profile.integers:
        parts.append(f"{profile.integers} integers {profile.low}..{profile.high}")
    for count, word in ((profile.reals, "reals"), (profile.texts, "texts"), (profile.blobs, "blobs")):
        if count:
            parts.append(f"{count} {word}")
    if profile.nulls:
        parts.append(f"{profile.nulls} NULL")
    return ", ".join(parts) or "no rows"


def _choose(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    classes = profile.classes
    match family:
        case "int" if classes <= {"integer"}:
            return _plain("bigint", "int", profile, "SQLite's integers are 64-bit")
        case "small" | "medium" if classes <= {"integer"}:
            return _ranged(family, declared, profile)
        case "bool" if classes <= {"integer"}:
            return _plain("bigint", "int", profile, "0 and 1, as the application's SQL reads and writes them")
        case "real" if classes <= {"real"} or (
            classes <= {"real", "integer"} and profile.integers_exact_in_double
        ):
            return _plain("double precision", "real", profile, "8 bytes, as in SQLite")
        case "decimal" if classes <= {"integer", "real"}:
            return _decimal(declared, profile)
        case "varchar" if classes <= {"text"}:
            return _varchar(declared, profile)
        case "text" if classes <= {"text"}:
            return _plain("text", "text", profile, "text of any length")
        case "document" if "blob" not in classes:
            return _plain("text", "text", profile, "kept as the application wrote it")
        case "bytes" if classes <= {"blob"}:
            return _plain("bytea", "bytes", profile, "bytes")
        case "moment" if classes <= {"text"}:
            reason = (
                "kept in the form the application writes, so that its own SQL runs unchanged on both sides"
            )
            return _plain("text", "text", profile, reason)
        case "moment" if classes <= {"integer"}:
            return _plain(
                "bigint", "int", profile, "the values are numbers (an epoch), kept as the application reads"
            )
        case "moment" | "bool" | "none" | "unknown" | "document":
            return _by_values(family, declared, profile)
    return _widest(profile, declared)


def _plain(postgres: str, kind: Kind, profile: ColumnProfile, reason: str, places: int = 0) -> TypeChoice:
    return TypeChoice(postgres, Carriage(kind, profile.classes, places), reason)


def _ranged(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    low, high, name = _RANGES[family]
    if profile.low < low or profile.high > high:
        name = "integer" if profile.low >= -(2**31) and profile.high < 2**31 else "bigint"
        return _plain(
            name, "int", profile, f"declared {declared}, but the values reach {profile.low}..{profile.high}"
        )
    return _plain(name, "int", profile, "every value fits")


def _decimal(declared: str, profile: ColumnProfile) -> TypeChoice:
    sizes = [int(n) for n in re.findall(r"\d+", declared[declared.find("(") :])] if "(" in declared else []
    total, scale = [*sizes, 0, 0][:2]
    typed = f"numeric({total},{scale})" if 0 < total <= 1000 and scale <= total else "numeric"
    if not profile.classes:
        return _plain(typed, "decimal", profile, "no values yet", scale)
    if profile.digits is None or profile.places is None or profile.digits + profile.places > MOST_DIGITS:
        if profile.integers and not profile.integers_exact_in_double:
            return _widest(profile, declared)
        return _plain(
            "double precision", "real", profile, "the values have no exact decimal form of usual length"
        )
    if typed != "numeric" and profile.places <= scale and profile.digits <= total - scale:
        return _plain(typed, "decimal", profile, "every value fits", scale)
    if typed == "numeric":
        return _plain("numeric", "decimal", profile, "exact decimals", profile.places)
    reason = (
        f"declared {declared}, but the values need {profile.digits} digits before and {profile.places} after"
    )
    return _plain("numeric", "decimal", profile, reason + " the point", profile.places)


def _varchar(declared: str, profile: ColumnProfile) -> TypeChoice:
    size = re.search(r"\(\s*(\d+)\s*\)", declared)
    length = int(size.group(1)) if size else 0
    if not 0 < length <= _LONGEST_VARCHAR:
        return _plain("text", "text", profile, "no length is declared")
    if profile.longest > length:
        return _plain(
            "text", "text", profile, f"declared {declared}, but a value has {profile.longest} characters"
        )
    return _plain(f"varchar({length})", "text", profile, "every value fits")


def _by_values(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    said = "no type is declared" if family == "none" else f"`{declared}` says nothing certain"
    match sorted(profile.classes):
        case []:
            return _by_affinity(family, declared, profile)
        case ["integer"]:
            return _plain("bigint", "int", profile, f"{said}; all values are integers")
        case ["real"]:
            return _plain("double precision", "real", profile, f"{said}; all values are reals")
        case ["integer", "real"] if profile.integers_exact_in_double:
            return _plain("double precision", "real", profile, f"{said}; all values are numbers")
        case ["text"]:
            return _plain("text", "text", profile, f"{said}; all values are texts")
        case ["blob"]:
            return _plain("bytea", "bytes", profile, f"{said}; all values are blobs")
    return _widest(profile, declared)


def _by_affinity(family: str, declared: str, profile: ColumnProfile) -> TypeChoice:
    """SQLite's own rules for a word it does not know (https://sqlite.org/datatype3.html, 3.1)."""
    upper, reason = declared.upper(), "no values yet; by the rules SQLite applies to the declared word"
    if family == "bool" or "INT" in upper:
        return _plain("bigint", "int", profile, reason)
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return _plain("text", "text", profile, reason)
    if "BLOB" in upper:
        return _plain("bytea", "bytes", profile, reason)
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return _plain("double precision", "real", profile, reason)
    return _plain("text", "text", profile, "no values yet; text takes whatever the application writes")


def _widest(profile: ColumnProfile, declared: str) -> TypeChoice:
    said = f"declared {declared}" if declared else "no type is declared"
    misfit = f"{said}, but the values are {describe(profile)}"
    problem = _odd_one(declared, profile)
    if profile.classes <= {"integer", "real"}:
        if profile.integers_exact_in_double:
            return _misfit("double precision", "real", profile, misfit, problem)
        if (
            profile.digits is not None
            and profile.places is not None
            and (profile.digits + profile.places <= MOST_DIGITS)
        ):
            return _misfit("numeric", "decimal", profile, misfit, problem, profile.places)
    if family_of(declared) == "bytes" or profile.bad_blobs or profile.nul_texts or profile.bad_texts:
        return _misfit("bytea", "bytes", profile, misfit, problem)
    return _misfit("text", "text", profile, misfit, problem)


def _misfit(
    postgres: str, kind: Kind, profile: ColumnProfile, misfit: str, problem: str, places: int = 0
) -> TypeChoice:
    return TypeChoice(
        postgres,
        Carriage(kind, profile.classes, places),
        f"{misfit}; {postgres} carries them all",
        misfit,
        problem,
    )


def _odd_one(declared: str, profile: ColumnProfile) -> str:
    """The storage class that disagrees: the one the declared type does not mean, else the rarest."""
    counts = {
        "integer": profile.integers,
        "real": profile.reals,
        "text": profile.texts,
        "blob": profile.blobs,
    }
    meant = _MEANT.get(family_of(declared), ())
    odd = {name: count for name, count in counts.items() if count and name not in meant}
    return min(odd or counts, key=lambda name: (odd or counts)[name])


def _unfit_text(profile: ColumnProfile) -> TypeChoice:
    count = profile.nul_texts or profile.bad_texts
    what = "a NUL byte" if profile.nul_texts else "bytes that are not valid text"
    misfit = f"{count} of the texts hold {what}, which PostgreSQL's text cannot"
    return _misfit("bytea", "bytes", profile, misfit, "nul" if profile.nul_texts else "utf8")
