"""The types of a file's columns: what to look for in their values, the choice, and foreign keys' ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ops.migrate.choose import Wishes, choose_type, wanted_form
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.model import Column, Table
from ops.migrate.overrides import rule_for
from ops.migrate.seen import TableProfile
from ops.migrate.types import TypeChoice
from ops.settings import Target, TypeRule

_NATIVE = ("bool", "date", "time", "timestamp", "timestamptz", "json", "jsonb", "uuid")


def wanted_forms(table: Table, target: Target) -> Mapping[str, str]:
    """What to count in each column's values (see `choose.wanted_form`)."""
    return {
        column.name: wanted_form(column, _rule(table, column, target), compat=target.compat)
        for column in table.columns
    }


def choose_types(table: Table, profile: TableProfile, target: Target) -> Mapping[str, TypeChoice]:
    """The type of each column, by its name."""
    unique = {part.column for index in table.indexes if index.unique for part in index.parts}
    indexed = {part.column for index in table.indexes for part in index.parts}
    return {
        column.name: choose_type(
            column,
            profile.columns[column.name],
            Wishes(target.compat, target.on_misfit, _rule(table, column, target)),
            rowid_alias=column.name == table.rowid_alias,
            key=column.name in table.primary_key or column.name in unique,
            indexed=column.name in indexed,
        )
        for column in table.columns
    }


def is_ruled(table: Table, column: Column, target: Target) -> bool:
    """Whether the user names the column's type or epoch."""
    rule = _rule(table, column, target)
    return bool(rule.type or rule.epoch)


def agreed(tables: Sequence[TablePlan], target: Target) -> tuple[TablePlan, ...]:
    """`tables` with columns that refer to one another of one type: where a native type stands on one side
    only, both are as SQLite has them. What the user names is left alone."""
    plans = {table.source.name.lower(): table for table in tables}
    while True:
        unlike = [pair for table in plans.values() for pair in _unlike(table, plans, target)]
        if not unlike:
            return tuple(plans[table.source.name.lower()] for table in tables)
        for table, column, other in unlike:
            kept = plans[table.source.name.lower()]
            plans[table.source.name.lower()] = replace(
                kept, columns=tuple(_plain(kept, c, other, target) if c.source == column.source else c
                                    for c in kept.columns)
            )  # fmt: skip


def _unlike(
    table: TablePlan, plans: Mapping[str, TablePlan], target: Target
) -> Iterator[tuple[TablePlan, ColumnPlan, str]]:
    """The ends that have to change, each with the name of the other end."""
    for key in table.source.foreign_keys:
        parent = plans.get(key.parent.lower())
        if parent is None:
            continue
        for name, other in zip(key.columns, key.parent_columns, strict=False):
            here, there = table.column(name), parent.column(other)
            if here.choice.carriage.kind == there.choice.carriage.kind:
                continue
            for plan, end, far in ((table, here, f"{parent.label}.{other}"),
                                   (parent, there, f"{table.label}.{name}")):  # fmt: skip
                native = end.choice.carriage.kind in _NATIVE
                if native and not is_ruled(plan.source, end.source, target):
                    yield plan, end, far


def _plain(table: TablePlan, column: ColumnPlan, other: str, target: Target) -> ColumnPlan:
    rule = _rule(table.source, column.source, target)
    choice = choose_type(column.source, column.profile, Wishes(True, target.on_misfit, rule))
    said = f"as SQLite has it, because `{other}`, which goes with it as a foreign key, is of another type"
    return replace(column, choice=replace(choice, reason=said if not choice.misfit else choice.reason))


def _rule(table: Table, column: Column, target: Target) -> TypeRule:
    return rule_for(target.types, table.name, column.name, column.declared)
