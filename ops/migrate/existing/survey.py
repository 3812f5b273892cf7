"""Plans the filling of tables that are there: matched, typed as they are, and whatever stands against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ops.migrate.existing import history, seeds
from ops.migrate.existing.fit import fit, wanted_form
from ops.migrate.existing.look import look
from ops.migrate.existing.match import Pair, match, rule_of
from ops.migrate.existing.model import Standing, TargetTable
from ops.migrate.existing.server import Server
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.model import Column, Note, Schema, Table
from ops.migrate.profile import profile_table
from ops.migrate.seen import TableProfile
from ops.migrate.sqlitefile import quoted
from ops.settings import Source, Target, TypeRule

_LITTER = {"_litestream_seq", "_litestream_lock", "android_metadata"}
_SKIP = "or leave it behind: `types: [{{column: '{0}', type: skip}}]` in gigops.yaml"


@dataclass(frozen=True)
class Into:
    """What is in PostgreSQL, and a connection to ask it."""

    standing: Standing
    server: Server


@dataclass
class Planned:
    """What one file comes to."""

    tables: list[TablePlan] = field(default_factory=list)
    targets: list[TargetTable] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)
    emptied: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Filler:
    """Plans one file's tables into those of `into`."""

    connection: sqlite3.Connection
    found: Schema
    source: Source
    schema: str
    origin: Path
    target: Target
    into: Into
    still: bool = False
    planned: Planned = field(default_factory=Planned)

    def plan(self) -> Planned:
        made = match(
            self.found.tables, self.into.standing.of(self.schema), self.source.prefix, self.target.types
        )
        pairs = [pair for pair in made.pairs if not self._history(pair)]
        profiles = self._profiles(pairs)
        for pair in pairs:
            self._table(pair, profiles[pair.source.name])
        for table in made.source_only:
            self._alone(table)
        for table in made.skipped:
            self._note(table.name, f"stays behind, as gigops.yaml says: {self._rows(table):,} rows")
        for name, several in made.unclear:
            self._refuse(name, f"could be {' or '.join(several)} in PostgreSQL", "rename one of them")
        for target in made.target_only:
            if history.level_columns(target.name, tuple(c.name for c in target.columns)) is None:
                self._note(target.label, "is in PostgreSQL only: left as it is")
        return self.planned

    def _history(self, pair: Pair) -> bool:
        """Compares the migration levels, when the table is where a framework keeps them."""
        columns = history.level_columns(pair.source.name, tuple(c.name for c in pair.source.columns))
        if columns is None:
            return False
        name = pair.target.label
        if columns:
            here = self._level(pair.source, columns)
            there = self.into.standing.level(pair.target.schema, pair.target.name) or frozenset()
            levels = history.Levels(here, there)
            if not levels.same:
                ours, theirs = levels.said()
                said = (
                    f"other migrations ran on either side: only SQLite has {ours}, only PostgreSQL {theirs}"
                )
                do = "bring both to the same level with the application's own migrations, "
                self._refuse(name, said, do + _SKIP.format(f"{pair.source.name}.*"))
        self._note(name, "tells the migrations that ran: PostgreSQL keeps its own")
        return True

    def _level(self, table: Table, columns: tuple[str, ...]) -> frozenset[str]:
        wanted = ", ".join(map(quoted, columns))
        rows = self.connection.execute(f"SELECT {wanted} FROM {quoted(table.name)}")
        return frozenset(history.level_of(row) for row in rows)

    def _alone(self, table: Table) -> None:
        rows = self._rows(table)
        columns = tuple(column.name for column in table.columns)
        if not rows or table.name in _LITTER or history.level_columns(table.name, columns) is not None:
            self._note(table.name, "is in SQLite only, and stays behind" + ("" if rows else ": it is empty"))
            return
        self._refuse(
            table.name, f"is in SQLite only, with {rows:,} rows",
            "make it with the application's migrations, " + _SKIP.format(f"{table.name}.*"),
        )  # fmt: skip

    def _profiles(self, pairs: Sequence[Pair]) -> Mapping[str, TableProfile]:
        wanted = {
            pair.source.name: {
                column.name: wanted_form(target.type, self._rule(pair.source, column))
                for column, target in pair.columns
            }
            for pair in pairs
        }
        if self.still:
            from ops.migrate.scan import scan

            tables = tuple(replace(pair.source, foreign_keys=()) for pair in pairs)
            return scan(replace(self.found, tables=tables), wanted, whole=False).profiles
        return {
            pair.source.name: profile_table(
                self.connection, pair.source, self.found.encoding, wanted[pair.source.name]
            )
            for pair in pairs
        }

    def _table(self, pair: Pair, profile: TableProfile) -> None:
        self._columns(pair, profile)
        plan = self._plan(pair, profile)
        if profile.rows:
            plan = look(self.connection, plan, pair, self.into.server)
        self._rights(pair.target)
        self._contents(pair, plan)
        for column in plan.columns:
            aside = self.target.on_misfit == "reject" and column.choice.problem != "server"
            if column.choice.misfit and not aside:
                where = f"{plan.label}.{column.name}"
                self._refuse(
                    where, column.choice.misfit, "correct the rows, or set them aside: --on-misfit reject"
                )
            named = self._rule(pair.source, column.source).type
            if named:
                said = f"`types:` in gigops.yaml says {named}, and the column stays {column.choice.postgres}"
                self._note(f"{plan.label}.{column.name}", said)
            for said in column.choice.notes:
                self._note(f"{plan.label}.{column.name}", said)
        self.planned.tables.append(plan)
        self.planned.targets.append(pair.target)

    def _plan(self, pair: Pair, profile: TableProfile) -> TablePlan:
        kept = {column.name for column, _ in pair.columns}
        table = replace(
            pair.source,
            columns=tuple(replace(column, not_null=target.not_null) for column, target in pair.columns),
            primary_key=pair.source.primary_key if set(pair.source.primary_key) <= kept else (),
            rowid_alias=pair.source.rowid_alias if pair.source.rowid_alias in kept else None,
            indexes=(),
            checks=(),
            foreign_keys=tuple(k for k in pair.source.foreign_keys if set(k.columns) <= kept),
        )
        columns = tuple(
            ColumnPlan(
                column, target.name, profile.columns[column.name],
                fit(target.type, column, profile.columns[column.name], self._rule(pair.source, column)),
            )
            for column, (_, target) in zip(table.columns, pair.columns, strict=True)
        )  # fmt: skip
        return TablePlan(
            self.source.path, self.origin, self.found.encoding, table, profile, pair.target.schema,
            pair.target.name, columns,
        )  # fmt: skip

    def _rule(self, table: Table, column: Column) -> TypeRule:
        return rule_of(self.target.types, table.name, column)

    def _columns(self, pair: Pair, profile: TableProfile) -> None:
        """Says which columns are on one side only."""
        for column in pair.source_only:
            where = f"{pair.source.name}.{column.name}"
            count = self._filled(pair.source, column)
            if column.generated is not None or not count:
                said = "SQLite computes it" if column.generated is not None else "it holds nothing of its own"
                self._note(where, f"is in SQLite only, and stays behind: {said}")
            else:
                do = "make it with the application's migrations, " + _SKIP.format(where)
                self._refuse(where, f"is in SQLite only, and {count:,} rows have a value there", do)
        for column in pair.skipped:
            count = self._filled(pair.source, column)
            where = f"{pair.source.name}.{column.name}"
            self._note(where, f"stays behind, as gigops.yaml says: {count:,} values")
        for _, target in pair.columns:
            if target.generated:
                where = f"{pair.target.label}.{target.name}"
                self._note(where, "PostgreSQL computes it: SQLite's values are compared, and not written")
        for only in pair.target_only:
            where = f"{pair.target.label}.{only.name}"
            if only.not_null and not only.filled and profile.rows:
                said = "is in PostgreSQL only, is NOT NULL and has no default"
                self._refuse(where, said, "give it a default, or bring SQLite to the same migration level")
            else:
                value = "its default" if only.filled else "NULL"
                self._note(where, f"is in PostgreSQL only: the rows get {value}")
        for column, target in pair.columns:
            seen = profile.columns[column.name]
            if target.not_null and seen.nulls and not target.generated:
                where = f"{pair.target.label}.{target.name}"
                key = self._null_row(pair.source, column)
                self._refuse(where, f"is NOT NULL, and {seen.nulls:,} rows hold NULL{key}", "fill it in")

    def _rights(self, target: TargetTable) -> None:
        missing = [right for right in ("SELECT", "INSERT") if right not in target.rights]
        if missing:
            said = f"we may not {' or '.join(missing)} there"
            do = f"as its owner: GRANT {', '.join(missing)} ON {target.label} TO the role of the URL"
            self._refuse(target.label, said, do)
        if target.hidden:
            said = "row security hides rows from us, so nothing could be proved"
            self._refuse(target.label, said, "use the table's owner, or a role with BYPASSRLS")

    def _contents(self, pair: Pair, plan: TablePlan) -> None:
        target = pair.target
        if target.made:
            said = "was made by gigops, not by the application's migrations"
            self._refuse(target.label, said, f"DROP TABLE {plan.qualified}, and run the migrations")
        elif target.filling and target.filling != str(self.origin):
            said = f"was filled from `{target.filling}`"
            self._refuse(target.label, said, "give each file a schema of its own")
        elif target.rows and not target.filling:
            same = target.name not in seeds.FRAMEWORK and seeds.same_rows(
                self.connection, plan, pair, self.into.server
            )
            if same or target.name in seeds.FRAMEWORK:
                self.planned.emptied.add((target.schema, target.name))
                what = "all of them SQLite's too" if same else "made by Django"
                self._note(target.label, f"holds rows of the migrations ({what}): SQLite's replace them")
            else:
                said = "holds rows that SQLite does not have"
                self._refuse(target.label, said, f"if nobody needs them: DELETE FROM {plan.qualified}")

    def _rows(self, table: Table) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()[0])

    def _filled(self, table: Table, column: Column) -> int:
        """How many rows have a value of their own there: neither NULL nor the default."""
        name, sql = quoted(column.name), f"SELECT count(*) FROM {quoted(table.name)} WHERE "
        try:
            where = f"{name} IS NOT NULL AND {name} IS NOT ({column.default or 'NULL'})"
            return int(self.connection.execute(sql + where).fetchone()[0])
        except sqlite3.OperationalError:  # a default that only CREATE TABLE may have
            return int(self.connection.execute(sql + f"{name} IS NOT NULL").fetchone()[0])

    def _null_row(self, table: Table, column: Column) -> str:
        keys = [quoted(name) for name in table.primary_key] or [table.rowid_name or "1"]
        sql = (
            f"SELECT {', '.join(keys)} FROM {quoted(table.name)} WHERE {quoted(column.name)} IS NULL LIMIT 1"
        )
        row = self.connection.execute(sql).fetchone()
        named = ", ".join(f"{key.strip(chr(34))} = {part!r}" for key, part in zip(keys, row, strict=True))
        return f" (one with {named})"

    def _note(self, where: str, what: str) -> None:
        self.planned.notes.append(Note(where, what))

    def _refuse(self, where: str, what: str, do: str) -> None:
        self.planned.refusals.append(Note(where, what, do))
