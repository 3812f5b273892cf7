"""Which migrations of the application each side has behind it, by the tables its frameworks keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Table → the columns that name a migration. Several frameworks may use the same table name.
_TABLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "alembic_version": (("version_num",),),
    "django_migrations": (("app", "name"),),
    "south_migrationhistory": (("app_name", "migration"),),
    "_prisma_migrations": (("migration_name",),),
    "schema_migrations": (("version",),),
    "goose_db_version": (("version_id",),),
    "knex_migrations": (("name",),),
    "flyway_schema_history": (("version",),),
    "databasechangelog": (("id",),),
    "__diesel_schema_migrations": (("version",),),
    "_sqlx_migrations": (("version",),),
    "seaql_migrations": (("version",),),
    "refinery_schema_history": (("version",),),
    "__efmigrationshistory": (("migrationid",),),
    "sequelizemeta": (("name",),),
    "mikro_orm_migrations": (("name",),),
    "__drizzle_migrations": (("hash",),),
    "migratehistory": (("name",),),
    "aerich": (("app", "version"),),
    "_yoyo_migration": (("migration_id",),),
    "gorp_migrations": (("id",),),
    "phinxlog": (("version",),),
    "doctrine_migration_versions": (("version",),),
    "migrations": (("migration",), ("name",), ("id",)),
}
# Beside them: locks and settings of the frameworks, which are each database's own.
_OWN = {"knex_migrations_lock", "databasechangeloglock", "ar_internal_metadata", "_yoyo_version", "yoyo_lock",
        "_yoyo_log"}  # fmt: skip
_SHOWN = 3


@dataclass(frozen=True)
class Levels:
    """The migrations one side has behind it and the other has not."""

    source: frozenset[str]
    target: frozenset[str]

    @property
    def same(self) -> bool:
        return self.source == self.target

    def said(self) -> tuple[str, str]:
        """What is the source's alone, and the target's alone, for people."""
        return _shown(self.source - self.target), _shown(self.target - self.source)


def level_columns(table: str, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """The columns whose values name migrations, when `table` is where a framework keeps them; the empty
    tuple for a table that is each database's own."""
    if table.lower() in _OWN:
        return ()
    known = {column.lower(): column for column in columns}
    for wanted in _TABLES.get(table.lower(), ()):
        if all(name in known for name in wanted):
            return tuple(known[name] for name in wanted)
    return None


def level_of(values: tuple[object, ...]) -> str:
    """One row of those columns as a text; numbers alike whether they are texts or not."""
    return ".".join("" if value is None else str(value) for value in values)


def _shown(names: frozenset[str]) -> str:
    if not names:
        return "nothing"
    some = sorted(names)[-_SHOWN:]
    more = len(names) - len(some)
    return ", ".join(f"`{name}`" for name in some) + (f" and {more} more" if more else "")
