"""The rules of `types:` in gigops.yaml: which holds for a column, and what it makes of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from ops.migrate.epochs import NAMES
from ops.migrate.families import sizes
from ops.migrate.seen import ColumnProfile
from ops.migrate.types import Carriage, Kind, TypeChoice
from ops.settings import TypeRule

_KINDS: dict[str, Kind] = {
    "smallint": "int", "integer": "int", "bigint": "int", "int2": "int", "int4": "int", "int8": "int",
    "int": "int", "double precision": "real", "float8": "real", "numeric": "decimal", "decimal": "decimal",
    "text": "text", "varchar": "text", "character varying": "text", "bytea": "bytes", "boolean": "bool",
    "bool": "bool", "date": "date", "time": "time", "time without time zone": "time",
    "timestamp": "timestamp", "timestamp without time zone": "timestamp", "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz", "json": "json", "jsonb": "jsonb", "uuid": "uuid",
}  # fmt: skip
_NAMES = {"int2": "smallint", "int4": "integer", "int": "integer", "int8": "bigint"}
_WANTED = {
    "bool": "bool", "decimal": "decimal", "date": "moment", "timestamp": "moment", "timestamptz": "moment",
    "time": "clock", "json": "json", "jsonb": "json", "uuid": "uuid",
}  # fmt: skip


def kind_of(postgres: str) -> Kind:
    """How values of the PostgreSQL type travel; `other` for types gigops does not know."""
    return _KINDS.get(_bare(postgres), "other")


def rule_for(rules: Sequence[TypeRule], table: str, column: str, declared: str) -> TypeRule:
    """What all rules that match the column say together; of two that say the same thing, the last."""
    found = TypeRule(f"{table}.{column}")
    for rule in rules:
        if _matches(f"{table}.{column}", rule.column) and _matches(declared, rule.declared):
            found = replace(
                found,
                type=rule.type or found.type,
                epoch=rule.epoch or found.epoch,
                empty=rule.empty or found.empty,
                nul=rule.nul or found.nul,
                utf8=rule.utf8 or found.utf8,
            )
    return found


def choose(rule: TypeRule, profile: ColumnProfile) -> TypeChoice:
    """The type the rule names (timestamptz when it names an epoch only)."""
    postgres = rule.type or "timestamptz"
    kind = kind_of(postgres)
    postgres = _NAMES.get(postgres.lower(), postgres)
    said = f"`types:` in gigops.yaml says `type: {rule.type}`" if rule.type else ""
    if rule.epoch:
        said = f"{said}; the" if said else "`types:` in gigops.yaml says the"
        said += f" numbers are {NAMES[rule.epoch]}"
    places = sizes(postgres)[1] if "(" in postgres else (profile.places or 0)
    carriage = Carriage(kind, profile.classes, places if kind == "decimal" else 0, rule.epoch)
    return TypeChoice(postgres, carriage, said)


def wanted_form(rule: TypeRule) -> str:
    return _WANTED.get(kind_of(rule.type), "")


def without_empty(profile: ColumnProfile) -> ColumnProfile:
    """The profile as if every empty text were NULL."""
    empty = profile.forms.get("empty", 0)
    forms = {form: count for form, count in profile.forms.items() if form != "empty"}
    return replace(profile, texts=profile.texts - empty, nulls=profile.nulls + empty, forms=forms)


def notes(rule: TypeRule, profile: ColumnProfile) -> tuple[str, ...]:
    """What the rule changes of the values, and of how many."""
    said = []
    if rule.empty and profile.texts:
        count = profile.forms.get("empty")
        said.append(f"{count} empty texts become NULL" if count else "empty texts become NULL")
    if rule.nul and profile.nul_texts:
        what = {"strip": "loses them", "replace": "gets U+FFFD for each", "escape": "gets \\x00 for each"}
        said.append(f"{profile.nul_texts} texts hold NUL bytes: PostgreSQL {what[rule.nul]}")
    if rule.utf8 in ("replace", "cp1252") and profile.bad_texts:
        what = {"replace": "gets U+FFFD for what is wrong", "cp1252": "gets them read as Windows-1252"}
        said.append(f"{profile.bad_texts} texts are not valid: PostgreSQL {what[rule.utf8]}")
    return tuple(said)


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text.lower(), pattern.lower())


def _bare(postgres: str) -> str:
    return " ".join(re.sub(r"\([^)]*\)", " ", postgres.lower()).split())
