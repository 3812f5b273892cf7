"""In which order tables are filled while their foreign keys stand: parents first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.migrate.existing.model import TargetTable

Name = tuple[str, str]


@dataclass(frozen=True)
class Order:
    """Parents before children; `circles` are tables that refer to one another, so that none can be first."""

    names: tuple[Name, ...]
    circles: tuple[tuple[Name, ...], ...] = ()


def load_order(tables: Sequence[TargetTable]) -> Order:
    """The order by foreign keys; tables that do not depend on one another keep theirs. A table that refers
    to itself is no circle here: its rows are what matters."""
    names = [(table.schema, table.name) for table in tables]
    parents = {
        (table.schema, table.name): {
            key.parent for key in table.foreign_keys if key.parent in names
        } - {(table.schema, table.name)}
        for table in tables
    }  # fmt: skip
    done: list[Name] = []
    left = list(names)
    while left:
        free = [name for name in left if parents[name] <= set(done)]
        if not free:
            return Order((*done, *left), (_circle(left, parents),))
        done.append(free[0])
        left.remove(free[0])
    return Order(tuple(done))


def _circle(left: Sequence[Name], parents: dict[Name, set[Name]]) -> tuple[Name, ...]:
    """One circle among tables each of which waits for another."""
    way: list[Name] = [left[0]]
    while True:
        following = next(name for name in left if name in parents[way[-1]])
        if following in way:
            return tuple(way[way.index(following) :])
        way.append(following)
