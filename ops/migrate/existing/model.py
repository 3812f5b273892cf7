"""What PostgreSQL's catalog says of tables that are there already. Plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from ops.migrate.model import Note


@dataclass(frozen=True)
class TargetType:
    """A column's type. `shown` is what PostgreSQL calls it, with its size; `base` the name of the type that
    holds the values (a domain's own type: `int4`, `varchar`…); `size` the characters of char and varchar,
    the digits of numeric or the decimals of a second (-1: no limit), `scale` those of numeric.
    `category` is pg_type's: `E` an enum, `A` an array; `labels` an enum's."""

    shown: str
    base: str
    category: str = ""
    size: int = -1
    scale: int = -1
    labels: tuple[str, ...] = ()
    domain: bool = False


@dataclass(frozen=True)
class TargetColumn:
    """`filled`: PostgreSQL gives a value when none is written (a default, identity). `sequence` is what
    numbers it, ready for SQL (`""`: nothing)."""

    name: str
    type: TargetType
    not_null: bool = False
    filled: bool = False
    generated: bool = False
    sequence: str = ""


@dataclass(frozen=True)
class TargetKey:
    """A foreign key, with the words that make it anew. `parent` is (schema, table); `ours`: we may refer
    to it, and so make the key anew."""

    name: str
    definition: str
    columns: tuple[str, ...]
    parent: tuple[str, str]
    parent_columns: tuple[str, ...] = ()
    valid: bool = True
    ours: bool = True


@dataclass(frozen=True)
class TargetTrigger:
    """A trigger of the application's. `enabled` is pg_trigger's: `O` fires, `A` always, `R` on replicas."""

    name: str
    enabled: str = "O"


@dataclass(frozen=True)
class TargetTable:
    """`owned`: we may alter it. `rights` are those we have of SELECT, INSERT and DELETE. `hidden`: row
    security keeps rows from us. `rows` is whether it holds any; `filling` the file from which an earlier
    run of ours began to fill it (`""`: none), `made`: gigops made it itself."""

    schema: str
    name: str
    columns: tuple[TargetColumn, ...]
    foreign_keys: tuple[TargetKey, ...] = ()
    triggers: tuple[TargetTrigger, ...] = ()
    owned: bool = True
    rights: frozenset[str] = frozenset({"SELECT", "INSERT", "DELETE"})
    hidden: bool = False
    rows: bool = False
    filling: str = ""
    made: bool = False

    @property
    def label(self) -> str:
        """The table's name for people."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Standing:
    """All tables of the schemas that the sources go to, and the migration levels they are at:
    (schema, table) → its levels."""

    tables: tuple[TargetTable, ...]
    levels: tuple[tuple[tuple[str, str], frozenset[str]], ...] = ()

    def of(self, schema: str) -> dict[str, TargetTable]:
        return {table.name: table for table in self.tables if table.schema == schema}

    def level(self, schema: str, table: str) -> frozenset[str] | None:
        return dict(self.levels).get((schema, table))


@dataclass(frozen=True)
class Filling:
    """How tables that are there are filled. `emptied` hold rows of the application's migrations, which
    SQLite has too, and are emptied first; `refusals` say why it cannot be done, as things are."""

    tables: tuple[TargetTable, ...]
    emptied: frozenset[tuple[str, str]] = frozenset()
    refusals: tuple[Note, ...] = ()
