"""CHECKs and foreign keys as PostgreSQL statements, and what is done where the data is against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlglot import exp

from ops.migrate.expressions import Operand, Untranslatable, translate
from ops.migrate.expressions.parsing import parse_expression
from ops.migrate.migration import Attempt, Step, TablePlan
from ops.migrate.model import ForeignKey, Note
from ops.migrate.names import Policy, Pool, quote, styled


def checks(
    table: TablePlan, pool: Pool, operands: Mapping[str, Operand], policy: Policy
) -> Iterator[Step | Note]:
    """A CHECK that rows violate is kept for new rows (NOT VALID), as in SQLite."""
    for number, check in enumerate(table.source.checks, start=1):
        where = f"{table.label}: CHECK ({check.expression})"
        by_hand = "add it by hand on PostgreSQL: ALTER TABLE … ADD CHECK"
        try:
            sql = translate(check.expression, operands, truth=True)
        except Untranslatable as reason:
            yield Note(where, f"not carried: {reason}", by_hand)
            continue
        name = pool.take(styled(check.name, policy) or f"{table.name}_check{number}", table.name)
        alter = f"ALTER TABLE {table.qualified} ADD CONSTRAINT {quote(name)} CHECK"
        document = _checked_as_json(check.expression, operands)
        if document and document.kind in ("json", "jsonb"):
            continue  # the type itself holds it
        attempts = []
        if document:
            # IS JSON came with PostgreSQL 16; before it, the cast refuses what is not JSON.
            cast = f"({quote(document.name)} IS NULL OR {quote(document.name)}::json IS NOT NULL)"
            attempts.append(Attempt(f"{alter} ({cast})", Note("", "")))
        kept = Note(
            where, "some rows violate it: it is kept for new rows only (NOT VALID)", "correct the rows"
        )
        attempts.append(Attempt(f"{alter} ({sql}) NOT VALID", kept))
        loss = Note(where, "PostgreSQL refuses it", by_hand)
        yield Step("check", table.schema, table.name, name, f"{alter} ({sql})", loss, tuple(attempts))


def foreign_keys(
    table: TablePlan, tables: Mapping[tuple[Path, str], TablePlan], pool: Pool
) -> Iterator[Step | Note]:
    """Each foreign key that PostgreSQL can hold; one with orphans is kept for new rows (NOT VALID)."""
    for key in table.source.foreign_keys:
        where = f"{table.label}({', '.join(key.columns)}) REFERENCES {key.parent}"
        parent = tables.get((table.origin, key.parent))
        problem = _problem(key, parent)
        if parent is None or problem:
            yield Note(where, f"the foreign key is not carried: {problem}", "SQLite did not hold it either")
            continue
        columns = ", ".join(quote(table.column(c).name) for c in key.columns)
        to = ", ".join(quote(parent.column(c).name) for c in key.parent_columns)
        named = "_".join(table.column(c).name for c in key.columns)
        name = pool.take(f"{table.name}_{named}_fkey", table.name)
        sql = (
            f"ALTER TABLE {table.qualified} ADD CONSTRAINT {quote(name)} FOREIGN KEY ({columns})"
            f" REFERENCES {parent.qualified} ({to}) ON UPDATE {key.on_update} ON DELETE {key.on_delete}"
            + (" DEFERRABLE INITIALLY DEFERRED" if key.deferred else "")
        )
        orphans = Note(
            where,
            f"{key.orphans or 'some'} rows have no parent ({key.orphan_example}): kept for new rows"
            " (NOT VALID)",
            f"correct the rows, then ALTER TABLE {table.qualified} VALIDATE CONSTRAINT {quote(name)}",
        )
        if key.orphans:
            yield orphans
        loss = Note(
            where, "PostgreSQL refuses the foreign key", "add it by hand once the types or keys agree"
        )
        proof = f"ALTER TABLE {table.qualified} VALIDATE CONSTRAINT {quote(name)}"
        yield Step(
            "foreign key", table.schema, table.name, name, f"{sql} NOT VALID", loss,
            () if key.orphans else (Attempt("", orphans),), proof="" if key.orphans else proof,
        )  # fmt: skip


def _problem(key: ForeignKey, parent: TablePlan | None) -> str:
    if parent is None:
        return f"there is no table `{key.parent}`"
    if not key.parent_columns:
        return f"`{key.parent}` has no such columns to refer to"
    if not parent.source.has_key(key.parent_columns):
        return f"({', '.join(key.parent_columns)}) is no key of `{key.parent}`"
    return ""


def _checked_as_json(text: str, columns: Mapping[str, Operand]) -> Operand | None:
    """The column, if `text` is `json_valid(column)`, with or without `OR column IS NULL`."""
    try:
        tree = parse_expression(text).unnest()
    except Untranslatable:
        return None
    sides = [tree.left.unnest(), tree.right.unnest()] if isinstance(tree, exp.Or) else [tree]
    calls = [
        s for s in sides if isinstance(s, exp.Anonymous) and s.name.lower() == "json_valid" and s.expressions
    ]
    nulls = [s for s in sides if isinstance(s, exp.Is) and isinstance(s.expression, exp.Null)]
    if len(calls) != 1 or len(calls) + len(nulls) != len(sides):
        return None
    names = {side.name.lower() for side in [calls[0].expressions[0], *(n.this for n in nulls)]}
    return columns[names.pop()] if len(names) == 1 and names <= set(columns) else None
