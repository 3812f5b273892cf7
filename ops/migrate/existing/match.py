"""Which table and column of PostgreSQL each of SQLite's is, by name; what is on one side only. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ops.migrate.existing.model import TargetColumn, TargetTable
from ops.migrate.model import Column, Table
from ops.migrate.names import fit
from ops.migrate.overrides import rule_for
from ops.settings import TypeRule

SKIP = "skip"
"""As a rule's `type`: the columns it names stay behind."""
Found = TypeVar("Found")


class Unclear(Exception):
    """A name that differs by case only from several; they are the argument."""


@dataclass(frozen=True)
class Pair:
    """A table on both sides, its columns in SQLite's order, and those on one side only. `skipped`
    columns stay behind by a rule."""

    source: Table
    target: TargetTable
    columns: tuple[tuple[Column, TargetColumn], ...]
    source_only: tuple[Column, ...] = ()
    target_only: tuple[TargetColumn, ...] = ()
    skipped: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Matching:
    """`skipped` tables stay behind by a rule; `unclear` says which names could mean several."""

    pairs: tuple[Pair, ...]
    source_only: tuple[Table, ...]
    target_only: tuple[TargetTable, ...]
    skipped: tuple[Table, ...] = ()
    unclear: tuple[tuple[str, tuple[str, ...]], ...] = ()


def match(
    tables: Sequence[Table],
    targets: Mapping[str, TargetTable],
    prefix: str = "",
    rules: Sequence[TypeRule] = (),
) -> Matching:
    """Names are equal, or equal but for case when only one is (Prisma keeps the case it was given,
    PostgreSQL folds it)."""
    pairs, alone, skipped = [], [], []
    unclear: list[tuple[str, tuple[str, ...]]] = []
    for table in tables:
        if all(rule_of(rules, table.name, column).type == SKIP for column in table.columns):
            skipped.append(table)
            continue
        try:
            found = _find(prefix + table.name, targets)
            if found is None:
                alone.append(table)
                continue
            pairs.append(_pair(table, found, rules))
        except Unclear as error:
            unclear.append((table.name, error.args[0]))
    met = {(pair.target.schema, pair.target.name) for pair in pairs}
    others = tuple(t for t in targets.values() if (t.schema, t.name) not in met)
    return Matching(tuple(pairs), tuple(alone), others, tuple(skipped), tuple(unclear))


def rule_of(rules: Sequence[TypeRule], table: str, column: Column) -> TypeRule:
    """What the rules say of the column."""
    return rule_for(rules, table, column.name, column.declared)


def _pair(table: Table, target: TargetTable, rules: Sequence[TypeRule]) -> Pair:
    columns = {column.name: column for column in target.columns}
    both, alone, skipped = [], [], []
    for column in table.columns:
        found = _find(column.name, columns)
        if rule_of(rules, table.name, column).type == SKIP:
            skipped.append(column)
        elif found is None:
            alone.append(column)
        else:
            both.append((column, found))
    met = {found.name for _, found in both}
    others = tuple(c for c in target.columns if c.name not in met and not c.generated)
    return Pair(table, target, tuple(both), tuple(alone), others, tuple(skipped))


def _find(name: str, among: Mapping[str, Found]) -> Found | None:
    for wanted in (name, fit(name)):
        if wanted in among:
            return among[wanted]
    alike = sorted(_folded(fit(name), among))
    if len(alike) > 1:
        raise Unclear(tuple(alike))
    return among[alike[0]] if alike else None


def _folded(name: str, among: Iterable[str]) -> list[str]:
    return [other for other in among if other.lower() == name.lower()]
