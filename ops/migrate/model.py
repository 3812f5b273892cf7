"""What a SQLite file says it holds: tables, columns, keys, indexes, constraints. Plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """`declared` is the type as written (`""` when none); `default` and `generated` are SQL texts."""

    name: str
    declared: str
    not_null: bool = False
    default: str | None = None
    collation: str = "BINARY"
    generated: str | None = None


@dataclass(frozen=True)
class IndexPart:
    """A column, or an expression (SQL text) when `column` is None."""

    column: str | None
    expression: str = ""
    descending: bool = False
    collation: str = "BINARY"


@dataclass(frozen=True)
class Index:
    """`origin` is SQLite's: `c` made by CREATE INDEX, `u` by UNIQUE, `pk` by PRIMARY KEY."""

    name: str
    unique: bool
    origin: str
    parts: tuple[IndexPart, ...]
    where: str | None = None


@dataclass(frozen=True)
class ForeignKey:
    """`parent_columns` is empty when SQLite resolves no parent (missing table, no key to refer to)."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"
    deferred: bool = False
    orphans: int = 0
    orphan_example: str = ""


@dataclass(frozen=True)
class Check:
    """A CHECK's expression as written; `name` is `""` when it has none."""

    expression: str
    name: str = ""


@dataclass(frozen=True)
class Table:
    """`rowid_alias` is the column that is the row id (INTEGER PRIMARY KEY); `rowid_name` is a word that
    reads the row id (None: WITHOUT ROWID, or all three words are columns); `sequence` is the highest
    number AUTOINCREMENT has given out. `module` is that of a virtual table (`fts5`, `rtree`)."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    rowid_alias: str | None = None
    rowid_name: str | None = "rowid"
    autoincrement: bool = False
    sequence: int | None = None
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    module: str = ""

    def column(self, name: str) -> Column | None:
        """The column SQLite would mean by `name` (case does not matter to it)."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)

    def has_key(self, columns: tuple[str, ...]) -> bool:
        """Whether exactly these columns are the primary key or a full UNIQUE index."""
        wanted = sorted(columns)
        if sorted(self.primary_key) == wanted:
            return True
        uniques = [i for i in self.indexes if i.unique and i.where is None]
        return any(sorted(p.column or "" for p in i.parts) == wanted for i in uniques)

    def finds(self, columns: tuple[str, ...]) -> bool:
        """Whether we can look rows up by these columns: they are a key, and SQLite itself compares them."""
        known = {c.name for c in self.columns if c.collation in ("BINARY", "NOCASE", "RTRIM")}
        return self.has_key(columns) and known.issuperset(columns)


@dataclass(frozen=True)
class ColumnSum:
    """What a view's column gives in SQLite: how many values are not NULL, how many of them are integers,
    reals and texts, the sum of each integer modulo 1000003, of the reals, and of the texts' lengths."""

    values: int
    integers: int
    reals: int
    texts: int
    integer_sum: int
    real_sum: float
    length_sum: int


@dataclass(frozen=True)
class View:
    """`columns` are what SQLite calls them; `problem` is why SQLite itself cannot read it. `rows` and
    `sums` are what it gives (None: that takes too long to find out)."""

    name: str
    sql: str
    columns: tuple[str, ...] = ()
    problem: str = ""
    rows: int | None = None
    sums: tuple[ColumnSum, ...] = ()


@dataclass(frozen=True)
class Trigger:
    """`table` is the table or view it is of."""

    name: str
    table: str
    sql: str


@dataclass(frozen=True)
class LeftOut:
    """An object that is not carried: a virtual table or one of its shadow tables."""

    kind: str
    name: str
    sql: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Schema:
    """One SQLite file. `user_version` and `application_id` are its header's numbers."""

    path: Path
    encoding: str
    tables: tuple[Table, ...]
    left_out: tuple[LeftOut, ...] = field(default=())
    views: tuple[View, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    user_version: int = 0
    application_id: int = 0


@dataclass(frozen=True)
class Note:
    """Something that is not carried as it was, and what to do about it."""

    where: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.do}" if self.do else "")
