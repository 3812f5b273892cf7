"""A migration as decided before anything is changed: tables, types, keys, and what is not carried."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.migrate.existing.model import Filling
from ops.migrate.model import Column, Note, Table
from ops.migrate.names import qualified
from ops.migrate.rejects.model import Found, Reject
from ops.migrate.seen import ColumnProfile, TableProfile
from ops.migrate.types import TypeChoice

LAYOUT = "2"
"""How tables are cut into chunks: marks of an earlier layout count for nothing."""


@dataclass(frozen=True)
class ColumnPlan:
    """A column, its name in PostgreSQL, what its values are, and the type they get. PostgreSQL is to
    compute it as `computed` says (`""`: it gets the values)."""

    source: Column
    name: str
    profile: ColumnProfile
    choice: TypeChoice
    computed: str = ""


@dataclass(frozen=True)
class TablePlan:
    """A table of the file `path` and its place in PostgreSQL. `origin` is the file it belongs to, which
    `path` may be a snapshot of. Rows of `rejects` are not carried; `nulled` are the columns, by SQLite's
    name, that become NULL where the condition (SQLite's SQL) holds."""

    path: Path
    origin: Path
    encoding: str
    source: Table
    profile: TableProfile
    schema: str
    name: str
    columns: tuple[ColumnPlan, ...]
    rejects: tuple[Reject, ...] = ()
    nulled: Mapping[str, str] = field(default_factory=dict)

    @property
    def qualified(self) -> str:
        return qualified(self.schema, self.name)

    @property
    def label(self) -> str:
        """The table's name for people."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    def column(self, name: str) -> ColumnPlan:
        """The plan of the column SQLite calls `name`."""
        return next(c for c in self.columns if c.source.name == name)


@dataclass(frozen=True)
class Attempt:
    """SQL to try when the statement before it is refused, and the note that goes with it."""

    sql: str
    note: Note


@dataclass(frozen=True)
class Step:
    """One statement of the schema. `name` is the constraint's or index's (`""`: it has none); `loss` is
    the note when PostgreSQL refuses the statement and every attempt after it.

    A key may be had in two parts: `build` makes its index, beside other builds on the same table, and
    `adopt` makes the index a key. `proof` checks the rows that are there against a constraint made NOT
    VALID; when it is refused, the notes of `otherwise` hold. The `proof` of a view is run with its
    statement. `origin` is the file that a view or trigger is of.
    """

    kind: str
    schema: str
    table: str
    name: str
    sql: str
    loss: Note
    otherwise: tuple[Attempt, ...] = ()
    build: str = ""
    adopt: str = ""
    proof: str = ""
    origin: str = ""


@dataclass(frozen=True)
class SourcePlan:
    """One file: the state it was in when it was surveyed, and the schema its tables go to."""

    path: Path
    origin: Path
    fingerprint: str
    schema: str
    tables: tuple[TablePlan, ...]


@dataclass(frozen=True)
class Migration:
    """Everything decided: `before` the rows, `after` the rows, and what is not carried as it was.
    `ordered`: the tables are copied one after the other, parents first. `found` counts the rows of
    `rejects` of all tables. `filling`: the tables are there already, made by the application's migrations."""

    sources: tuple[SourcePlan, ...]
    before: tuple[Step, ...]
    after: tuple[Step, ...]
    notes: tuple[Note, ...]
    ordered: bool = False
    found: Found = field(default=Found())
    filling: Filling | None = None

    @property
    def tables(self) -> tuple[TablePlan, ...]:
        return tuple(table for source in self.sources for table in source.tables)

    @property
    def rows(self) -> int:
        """How many are to be carried."""
        return sum(table.profile.rows - len(table.rejects) for table in self.tables)

    @property
    def schemas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(source.schema for source in self.sources))

    @property
    def misfits(self) -> tuple[tuple[TablePlan, ColumnPlan], ...]:
        return tuple((t, c) for t in self.tables for c in t.columns if c.choice.misfit)

    def digest(self, source: SourcePlan) -> str:
        """A text that changes when the tables of `source` would be made otherwise."""
        names = {(t.schema, t.name) for t in source.tables}
        made = [step.sql for step in self.before if (step.schema, step.table) in names]
        carried = [repr((c.choice.carriage.kind, sorted(c.choice.carriage.reads), c.choice.carriage.places))
                   for t in source.tables for c in t.columns]  # fmt: skip
        chosen = [repr((t.name, [r.key for r in t.rejects], sorted(t.nulled.items())))
                  for t in source.tables if t.rejects or t.nulled]  # fmt: skip
        return hashlib.sha256("\n".join([LAYOUT, *made, *carried, *chosen]).encode()).hexdigest()[:16]

    def expected(self) -> Mapping[str, int]:
        """How many of each kind of constraint the migration means to make."""
        counts: dict[str, int] = {}
        for step in self.after:
            counts[step.kind] = counts.get(step.kind, 0) + 1
        return counts
