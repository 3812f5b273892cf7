"""Indexes and UNIQUE as PostgreSQL statements: partial, over expressions, descending, folding case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.migrate.expressions import OneTable, Operand, Translator, Untranslatable
from ops.migrate.expressions.parsing import parse_expression
from ops.migrate.expressions.pieces import document_text
from ops.migrate.migration import Step, TablePlan
from ops.migrate.model import Index, IndexPart, Note
from ops.migrate.names import Policy, Pool, quote, styled


def key_step(table: TablePlan, name: str, words: str, columns: str, loss: Note) -> Step:
    """A key whose index is built first, beside the others of the table."""
    alter = f"ALTER TABLE {table.qualified} ADD CONSTRAINT {quote(name)} {words}"
    return Step(
        "primary key" if words == "PRIMARY KEY" else "unique", table.schema, table.name, name,
        f"{alter} ({columns})", loss,
        build=f"CREATE UNIQUE INDEX {quote(name)} ON {table.qualified} ({columns})",
        adopt=f"{alter} USING INDEX {quote(name)}",
    )  # fmt: skip


def indexes(
    table: TablePlan, pool: Pool, operands: Mapping[str, Operand], policy: Policy
) -> Iterator[Step | Note]:
    """A step for each index that is not the primary key's own, a note for what is not carried as it was."""
    for index in table.source.indexes:
        folded = index.unique and any(part.collation == "NOCASE" for part in index.parts)
        if index.origin == "pk" and not folded:
            continue
        wanted = _wanted_name(table, index, policy)
        where = f"{table.label}.{wanted}"
        try:
            parts = [_part(table, part, operands, index.unique) for part in index.parts]
            condition = f" WHERE {_steady(index.where, operands, truth=True)}" if index.where else ""
        except Untranslatable as reason:
            yield Note(where, f"the index is not carried: {reason}", "make it by hand on PostgreSQL")
            continue
        if any(p.column and table.column(p.column).choice.carriage.kind == "json" for p in index.parts):
            yield Note(where, "PostgreSQL has no order for json: the index is over the document's text")
        odd = {p.collation for p in index.parts} - {"BINARY", "NOCASE"}
        if odd:
            yield Note(where, f"PostgreSQL has no collation `{odd.pop()}`: the index compares bytes")
        name = pool.take(wanted, table.name)
        if name != wanted:
            yield Note(where, f"the index is named `{name}`, for the name is too long or taken")
        loss = Note(where, "the index could not be made", "make it by hand on PostgreSQL")
        plain = index.origin == "u" and not folded and not any(p.descending for p in index.parts)
        if plain:
            yield key_step(table, name, "UNIQUE", ", ".join(parts), loss)
            continue
        kind, unique = ("unique", "UNIQUE ") if index.unique else ("index", "")
        sql = f"CREATE {unique}INDEX {quote(name)} ON {table.qualified} ({', '.join(parts)}){condition}"
        yield Step(kind, table.schema, table.name, name, sql, loss)


def _wanted_name(table: TablePlan, index: Index, policy: Policy) -> str:
    if index.origin == "c":
        return styled(index.name, policy)
    columns = "_".join(table.column(part.column).name if part.column else "expr" for part in index.parts)
    return f"{table.name}_{columns}_key" if index.origin == "u" else f"{table.name}_{columns}_nocase_key"


def _part(table: TablePlan, part: IndexPart, operands: Mapping[str, Operand], unique: bool) -> str:
    kind = "text"
    if part.column is None:
        sql = f"({_steady(part.expression, operands)})"
    else:
        sql, kind = quote(table.column(part.column).name), table.column(part.column).choice.carriage.kind
    if kind == "json":
        sql = f"(({sql})::text)"  # PostgreSQL orders no json
    if unique and part.collation == "NOCASE" and kind == "text":
        sql = f'lower(({sql}) COLLATE "C")'  # NOCASE folds ASCII only, and so does lower() under "C"
    return sql + (" DESC" if part.descending else "")


def _steady(text: str, operands: Mapping[str, Operand], *, truth: bool = False) -> str:
    """An expression that gives the same at any time and in any session, as PostgreSQL's indexes ask."""
    translator = Translator(OneTable(operands))
    tree = parse_expression(text)
    if truth:
        sql = translator.truth(tree)
    else:
        piece = translator.value(tree)
        sql = document_text(piece) if piece.kind == "document" else piece.sql
    if translator.reads_clock or translator.unsteady:
        raise Untranslatable("PostgreSQL indexes nothing that depends on a session's settings")
    return sql
