"""How a column's values travel into the type that PostgreSQL's column has already. Pure."""

from __future__ import annotations

from dataclasses import replace

from ops.migrate import epochs
from ops.migrate.existing.model import TargetType
from ops.migrate.inputs import Form
from ops.migrate.model import Column
from ops.migrate.seen import EXACT_IN_DOUBLE, ColumnProfile
from ops.migrate.types import MOST_DIGITS, Carriage, Kind, TypeChoice
from ops.settings import TypeRule

_KINDS: dict[str, tuple[Kind, str]] = {
    "int2": ("int", "smallint"), "int4": ("int", "integer"), "int8": ("int", "bigint"),
    "float8": ("real", "double precision"), "bool": ("bool", "boolean"), "numeric": ("decimal", "numeric"),
    "text": ("text", "text"), "varchar": ("text", "varchar"), "bytea": ("bytes", "bytea"),
    "date": ("date", "date"), "time": ("time", "time without time zone"),
    "timestamp": ("timestamp", "timestamp without time zone"),
    "timestamptz": ("timestamptz", "timestamp with time zone"),
    "json": ("json", "json"), "jsonb": ("jsonb", "jsonb"), "uuid": ("uuid", "uuid"),
}  # fmt: skip
_RANGES = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
_MEANT = {
    "int": "whole numbers", "real": "numbers", "bool": "false and true", "decimal": "exact decimals",
    "text": "text", "bytes": "bytes", "date": "dates", "time": "times of day", "timestamp": "dates and times",
    "timestamptz": "instants; a text without zone is UTC's", "json": "JSON", "jsonb": "JSON",
    "uuid": "UUIDs, with or without dashes", "other": "PostgreSQL reads the texts itself",
}  # fmt: skip
_FORMS = {
    "array": "JSON arrays as arrays",
    "microseconds": "microseconds, as Django counts",
    "since 1970": "a date and time counts from 1970, as SQLAlchemy writes",
}


_WANTED = {
    "bool": "bool", "decimal": "decimal", "date": "moment", "timestamp": "moment", "timestamptz": "moment",
    "time": "clock", "json": "json", "jsonb": "json", "uuid": "uuid",
}  # fmt: skip


def wanted_form(target: TargetType, rule: TypeRule) -> str:
    """Which form of the values to count in the profile, as `choose.wanted_form` does; `""` for none."""
    if target.category in ("A", "E"):
        return ""
    form = _WANTED.get(_KINDS.get(target.base, ("other", ""))[0], "")
    return f"{form} {rule.epoch}".strip() if form == "moment" else form


def fit(
    target: TargetType, column: Column, profile: ColumnProfile, rule: TypeRule | None = None
) -> TypeChoice:
    """The carriage into `target`, which stays as it is; `misfit` when the profile alone shows that some
    values cannot get there. What it cannot show, `needs_look` says, and the values are looked at."""
    rule = rule or TypeRule()
    kind, named = _KINDS.get(target.base, ("other", target.shown))
    if target.category in ("A", "E"):
        kind, named = "other", target.shown
    carriage = Carriage(
        kind, profile.classes, _places(target, profile) if kind == "decimal" else 0,
        epoch=_epoch(kind, profile, rule), empty=rule.empty, nul=rule.nul, utf8=rule.utf8,
    )  # fmt: skip
    if kind == "other":
        form, words = _form(target, column, profile), frozenset(target.labels)
        carriage = replace(carriage, form=form, words=words)
    said = _FORMS.get(carriage.form, _MEANT[kind])
    notes = _notes(kind, profile)
    choice = TypeChoice(_sized(named, target), carriage, f"the column is {target.shown}: {said}", notes=notes)
    misfit, problem = _misfit(target, kind, profile, rule)
    return replace(choice, misfit=misfit, problem=problem) if misfit else choice


def needs_look(target: TargetType, choice: TypeChoice, profile: ColumnProfile) -> bool:
    """Whether only the values themselves can tell if all of them fit."""
    classes = profile.classes
    match choice.carriage.kind:
        case "int":
            return not classes <= {"integer"}
        case "bool" if classes <= {"integer"}:
            return not 0 <= profile.low <= profile.high <= 1
        case "real":
            return not (classes <= {"real"} or (classes <= {"real", "integer"} and _exact(profile)))
        case "text":
            long = 0 <= target.size < profile.longest or bool(classes - {"text"} and target.size >= 0)
            return bool(long or profile.nul_texts or profile.bad_texts or "blob" in classes)
        case "bytes":
            return False
        case "decimal":
            return not classes <= {"integer"}
    if profile.nul_texts or profile.bad_texts or classes != {"text"}:
        return bool(classes)
    return target.base != "citext" and not _all_said(target, choice.carriage.kind, profile)


def _all_said(target: TargetType, kind: Kind, profile: ColumnProfile) -> bool:
    """Whether the forms that were counted are the texts of `kind`, all of them."""
    if target.base in ("time", "timestamp", "timestamptz") and 0 <= target.size < 6:
        return False
    words = {"date": ("date",), "time": ("clock",), "json": ("json", "jsonb")}.get(kind, (kind,))
    words = ("date", "naive", "zoned") if kind in ("timestamp", "timestamptz") else words
    return sum(profile.forms.get(word, 0) for word in words) == profile.texts


def asks_server(target: TargetType, choice: TypeChoice) -> bool:
    """Whether only PostgreSQL knows what its type takes: its input function, or a domain's CHECK."""
    if target.domain:
        return True
    known = target.category == "E" or target.base in ("citext", "bpchar", "float4")
    return choice.carriage.kind == "other" and not known and choice.carriage.form in ("", "array")


def _numbers(profile: ColumnProfile) -> bool:
    return bool(profile.integers or profile.reals)


def _exact(profile: ColumnProfile) -> bool:
    return profile.low >= -EXACT_IN_DOUBLE and profile.high <= EXACT_IN_DOUBLE


def _sized(named: str, target: TargetType) -> str:
    if named == "varchar" and target.size >= 0:
        return f"varchar({target.size})"
    if named == "numeric" and target.size >= 0:
        return f"numeric({target.size},{target.scale})"
    if target.base in ("time", "timestamp", "timestamptz") and target.size >= 0:
        return named.replace(" ", f"({target.size}) ", 1)
    return named


def _places(target: TargetType, profile: ColumnProfile) -> int:
    if target.size >= 0:
        return max(target.scale, 0)
    return profile.places or 0


def _epoch(kind: Kind, profile: ColumnProfile, rule: TypeRule) -> str:
    """What numbers count, for a column of dates: what the rule says, else the unit they all agree on."""
    if kind not in ("date", "timestamp", "timestamptz") or not profile.classes & {"integer", "real"}:
        return ""
    return rule.epoch or epochs.unit(profile)


def _form(target: TargetType, column: Column, profile: ColumnProfile) -> Form:
    if target.category == "A":
        return "array"
    if target.base in ("bpchar", "float4"):
        return "padded" if target.base == "bpchar" else "single"
    if target.base != "interval":
        return ""
    if profile.classes <= {"integer"}:
        return "microseconds"
    return "since 1970" if "TIME" in column.declared.upper() else ""


def _notes(kind: Kind, profile: ColumnProfile) -> tuple[str, ...]:
    said, forms = [], profile.forms
    naive = forms.get("naive", 0) + forms.get("date", 0)
    if kind == "timestamptz" and naive:
        said.append(f"{naive:,} times are written without a zone: they are taken for UTC")
    if kind == "timestamp" and forms.get("zoned"):
        said.append(f"{forms['zoned']:,} times are written with a zone: they become UTC, without it")
    rounded = forms.get("rounded", 0) + forms.get("inexact", 0)
    if rounded:
        said.append(f"{rounded:,} times have digits below a microsecond, which are rounded away")
    return tuple(said)


def _misfit(target: TargetType, kind: Kind, profile: ColumnProfile, rule: TypeRule) -> tuple[str, str]:
    """What disagrees, and the problem's name; empty texts when nothing does, as far as the profile tells."""
    if target.base in _RANGES and profile.integers:
        limit = _RANGES[target.base]
        if not -limit <= profile.low <= profile.high < limit:
            return f"the integers reach {profile.low}..{profile.high}, beyond {target.shown}", "form"
    if kind == "decimal" and (profile.digits or 0) + max(profile.places or 0, target.scale) > MOST_DIGITS:
        return f"the numbers have more than {MOST_DIGITS} digits", "form"
    moments = kind in ("date", "timestamp", "timestamptz")
    if moments and _numbers(profile) and not _epoch(kind, profile, rule):
        said = f"what the numbers {profile.low}..{profile.high} count is not certain"
        return f"{said} (`epoch:` under `types:` in gigops.yaml says it)", "integer"
    if kind in ("text", "other") and profile.nul_texts and not rule.nul:
        return f"{profile.nul_texts} of the texts hold a NUL byte, which {target.shown} cannot", "nul"
    return "", ""
