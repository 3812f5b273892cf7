"""How a column's values travel, as JSON and back: a retry converts as the copy did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from ops.migrate.families import sizes
from ops.migrate.migration import ColumnPlan
from ops.migrate.model import Column
from ops.migrate.overrides import kind_of
from ops.migrate.seen import ColumnProfile
from ops.migrate.types import Carriage, TypeChoice
from ops.settings import TypeRule

_ANY_SCALE = 16_383  # of a numeric without a size


def column_document(column: ColumnPlan) -> dict[str, Any]:
    """The column as `column_plan` reads it."""
    carriage = {
        field.name: sorted(value) if isinstance(value, frozenset) else value
        for field in fields(Carriage)
        if (value := getattr(column.choice.carriage, field.name))
    }
    return {
        "name": column.source.name,
        "declared": column.source.declared,
        "to": column.name,
        "type": column.choice.postgres,
        "carriage": carriage,
    }


def as_it_is_now(column: ColumnPlan, postgres: str, rule: TypeRule) -> ColumnPlan:
    """The column when its type in PostgreSQL is `postgres` now, and `rule` holds for it."""
    carriage, kind = column.choice.carriage, kind_of(postgres)
    if kind != carriage.kind:
        carriage = Carriage(kind, frozenset(("integer", "real", "text", "blob")))
    if kind == "decimal":
        carriage = replace(carriage, places=sizes(postgres)[1] if "(" in postgres else _ANY_SCALE)
    carriage = replace(
        carriage,
        epoch=rule.epoch or carriage.epoch,
        empty=rule.empty or carriage.empty,
        nul=rule.nul or carriage.nul,
        utf8=rule.utf8 or carriage.utf8,
        words=frozenset(),  # PostgreSQL knows better which words an enum has by now
    )
    return replace(column, choice=replace(column.choice, postgres=postgres, carriage=carriage))


def column_plan(document: Mapping[str, Any]) -> ColumnPlan:
    """The column, without what was seen of its values."""
    carriage = {
        name: frozenset(value) if isinstance(value, list) else value
        for name, value in document["carriage"].items()
    }
    given: dict[str, Any] = {"reads": frozenset(), **carriage}
    choice = TypeChoice(document["type"], Carriage(**given), "")
    return ColumnPlan(Column(document["name"], document["declared"]), document["to"], ColumnProfile(), choice)
