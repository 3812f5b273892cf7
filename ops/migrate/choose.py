"""Which PostgreSQL type a column gets, by its declared type, its values and the user's rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ops.migrate import by_class, native, overrides
from ops.migrate.families import DATES, NATIVE, family_of, native_family
from ops.migrate.model import Column
from ops.migrate.seen import ColumnProfile
from ops.migrate.types import TypeChoice
from ops.settings import TypeRule


@dataclass(frozen=True)
class Wishes:
    """How the user wants types chosen, as in `ops.settings.Target`; `rule` is what holds for the column."""

    compat: bool = False
    on_misfit: Literal["fail", "widen", "reject"] = "fail"
    rule: TypeRule = field(default=TypeRule())


def choose_type(
    column: Column,
    profile: ColumnProfile,
    wishes: Wishes | None = None,
    *,
    rowid_alias: bool = False,
    key: bool = False,
    indexed: bool = False,
) -> TypeChoice:
    """The type that carries every value exactly, nearest to the declared one.

    `key`: the column is part of a primary key or a UNIQUE; `indexed`: of any index. With
    `on_misfit="reject"` values that disagree do not change the type: `misfit` says that there are some.
    """
    wishes = wishes or Wishes()
    if rowid_alias:
        said = "the row id: 64-bit, numbered by PostgreSQL from the highest on"
        return by_class.plain("bigint", "int", profile, said)
    rule = wishes.rule if not column.not_null else replace(wishes.rule, empty="")
    meant = overrides.without_empty(profile) if rule.empty else profile
    choice = _choose(column, meant, wishes, rule, key, indexed)
    carriage = replace(choice.carriage, reads=profile.classes, empty=rule.empty, nul=rule.nul, utf8=rule.utf8)
    return replace(choice, carriage=carriage, notes=(*choice.notes, *overrides.notes(rule, profile)))


def wanted_form(column: Column, rule: TypeRule, *, compat: bool) -> str:
    """What to count in the profile: a family's name, with the epoch the user names behind it; `""` for
    nothing."""
    family = overrides.wanted_form(rule) if rule.type else native_family(column)
    if rule.epoch:
        return f"{family if family in DATES else 'moment'} {rule.epoch}"
    if rule.type or family == "decimal" or (family in NATIVE and not compat):
        return family
    return "any" if rule.empty else ""


def _choose(
    column: Column, profile: ColumnProfile, wishes: Wishes, rule: TypeRule, key: bool, indexed: bool
) -> TypeChoice:
    declared = column.declared
    if rule.type or (rule.epoch and native_family(column) not in NATIVE):
        return overrides.choose(rule, profile)
    family = family_of(declared) if wishes.compat else native_family(column)
    if family in NATIVE and not wishes.compat:
        choice = native.choose(family, declared, profile, epoch=rule.epoch, key=key, indexed=indexed)
        if not choice.misfit and choice.carriage.kind == "text":
            return _fit_text(choice, profile, wishes, rule)
        if choice.misfit and family_of(declared) not in NATIVE:
            # A boolean by convention only: nothing disagrees with what is declared.
            return _by_class(family_of(declared), declared, profile, wishes, rule)
        if not choice.misfit or wishes.on_misfit == "reject":
            return _aside(choice)
        wide = _by_class(family, declared, profile, replace(wishes, on_misfit="widen"), rule)
        said = f"{choice.misfit}; {wide.postgres} carries them all"
        return replace(wide, misfit=choice.misfit, problem=wide.problem or choice.problem, reason=said)
    return _by_class(family, declared, profile, wishes, rule)


def _by_class(
    family: str, declared: str, profile: ColumnProfile, wishes: Wishes, rule: TypeRule
) -> TypeChoice:
    choice = by_class.choose(family, declared, profile)
    if choice.misfit and wishes.on_misfit == "reject":
        strict = by_class.strict(family, declared, profile)
        if strict is not None:
            kept = replace(strict, misfit=choice.misfit, problem="form", reason=choice.misfit)
            return _aside(kept)
    return _fit_text(choice, profile, wishes, rule)


def _fit_text(choice: TypeChoice, profile: ColumnProfile, wishes: Wishes, rule: TypeRule) -> TypeChoice:
    """`choice`, or bytea when texts cannot be PostgreSQL's and no rule says what becomes of them."""
    if choice.carriage.kind != "text":
        return choice
    nul = profile.nul_texts if not rule.nul else 0
    bad = profile.bad_texts if rule.utf8 not in ("replace", "cp1252") else 0
    if not nul and not bad:
        return choice
    what = "a NUL byte" if nul else "bytes that are not valid text"
    misfit = f"{nul or bad} of the texts hold {what}, which PostgreSQL's text cannot"
    problem = "nul" if nul else "utf8"
    if rule.utf8 == "bytea" and not nul:
        said = f"{bad} of the texts are no valid text: bytes, as gigops.yaml says"
        return by_class.plain("bytea", "bytes", profile, said)
    if wishes.on_misfit == "reject":
        return _aside(replace(choice, misfit=misfit, problem=problem, reason=misfit))
    made = by_class.plain("bytea", "bytes", profile, f"{misfit}; bytea carries them all")
    return replace(made, misfit=misfit, problem=problem)


def _aside(choice: TypeChoice) -> TypeChoice:
    if not choice.misfit:
        return choice
    return replace(choice, reason=f"{choice.misfit}; {choice.postgres} does not hold them all")
