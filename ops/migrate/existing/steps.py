"""What PostgreSQL gets after the rows, foreign keys and sequences; and in which order the rows come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ops.migrate.existing.model import TargetKey, TargetTable
from ops.migrate.existing.order import load_order
from ops.migrate.migration import Attempt, Step, TablePlan
from ops.migrate.model import Note
from ops.migrate.names import literal, qualified, quote
from ops.migrate.plan import rows_a_batch
from ops.migrate.sqlitefile import quoted, reading

Name = tuple[str, str]


def all_owned(targets: Sequence[TargetTable]) -> bool:
    """Whether every foreign key can be taken off for the load and made anew."""
    return all(table.owned and key.ours for table in targets for key in table.foreign_keys)


def after_filling(
    plans: Sequence[TablePlan], targets: Sequence[TargetTable], *, keys: bool
) -> Iterator[Step]:
    """The steps of `Migration.after`; `keys`: the foreign keys were taken off."""
    for plan, target in zip(plans, targets, strict=True):
        yield from _sequences(plan, target)
    for target in targets:
        for key in target.foreign_keys if keys else ():
            yield _key(target, key)


def in_load_order(
    plans: Sequence[TablePlan], targets: Sequence[TargetTable]
) -> tuple[Sequence[Name], list[Note]]:
    """Parents first, for keys that stand during the load; and why that cannot be."""
    order = load_order(targets)
    refusals = [
        Note(
            circle[0][1],
            f"refers to itself by way of {', '.join(name for _, name in circle[1:])}, so that no order"
            " of loading pleases its foreign keys, and we may not take them off",
            "use the role that owns the tables",
        )
        for circle in order.circles
    ]
    by_name = {(plan.schema, plan.name): plan for plan in plans}
    for target in targets:
        plan = by_name[(target.schema, target.name)]
        for key in target.foreign_keys:
            if key.parent == (target.schema, target.name) and _looks_ahead(plan, key):
                said = f"`{key.name}`: rows refer to rows that come later, and we may not take the key off"
                refusals.append(Note(target.label, said, "use the role that owns the table"))
    return order.names, refusals


def _key(target: TargetTable, key: TargetKey) -> Step:
    table = qualified(target.schema, target.name)
    words = key.definition if key.definition.endswith("NOT VALID") else f"{key.definition} NOT VALID"
    where = f"{target.label}.{key.name}"
    orphans = Note(
        where, "rows refer to rows that are missing: the foreign key holds for new rows only",
        f"correct them, then: ALTER TABLE {table} VALIDATE CONSTRAINT {quote(key.name)}",
    )  # fmt: skip
    return Step(
        "foreign key", target.schema, target.name, key.name,
        f"ALTER TABLE {table} ADD CONSTRAINT {quote(key.name)} {words}",
        Note(where, "the foreign key could not be made anew", f"make it by hand: {key.definition}"),
        otherwise=(Attempt("", orphans),),
        proof=f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote(key.name)}" if key.valid else "",
    )  # fmt: skip


def _sequences(plan: TablePlan, target: TargetTable) -> Iterator[Step]:
    """Each sequence goes on after the highest number that was given out."""
    sources: Mapping[str, str] = {column.name: column.source.name for column in plan.columns}
    for column in target.columns:
        if not column.sequence:
            continue
        given = plan.source.sequence if sources.get(column.name) == plan.source.rowid_alias else None
        highest = f"(SELECT max({quote(column.name)}) FROM {plan.qualified})"
        sql = (
            f"SELECT setval({literal(column.sequence)}, greatest({highest}, {given or 0}, 1),"
            f" greatest({highest}, {given or 0}) >= 1)"
        )
        loss = Note(f"{plan.label}.{column.name}", "the next number could not be set", sql)
        yield Step("sequence", plan.schema, plan.name, "", sql, loss)


def _looks_ahead(plan: TablePlan, key: TargetKey) -> bool:
    """Whether a row refers to one that is loaded in a later batch."""
    if plan.profile.rows <= rows_a_batch(plan.profile):
        return False
    if plan.source.rowid_name is None:
        return True
    names = {column.name: column.source.name for column in plan.columns}
    parent = [names[name] for name in key.parent_columns if name in names]
    child = [names[name] for name in key.columns if name in names]
    if len(parent) != len(child) or not child:
        return True
    rowid = plan.source.rowid_name
    match = " AND ".join(f"p.{quoted(to)} = c.{quoted(of)}" for of, to in zip(child, parent, strict=True))
    table = quoted(plan.source.name)
    sql = f"SELECT 1 FROM {table} c JOIN {table} p ON {match} WHERE p.{rowid} > c.{rowid} LIMIT 1"
    with reading(plan.path) as connection:
        return connection.execute(sql).fetchone() is not None
