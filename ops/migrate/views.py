"""Views as PostgreSQL's, each once what it reads is there, and how to prove that they give the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops.migrate.expressions import Piece, Untranslatable
from ops.migrate.expressions.parsing import Node, parse_statement
from ops.migrate.migration import Step, TablePlan
from ops.migrate.model import ColumnSum, Note, View
from ops.migrate.names import Policy, Pool, column_names, literal, qualified, quote, styled
from ops.migrate.operands import operand, row_id
from ops.migrate.queries import Query, Relation, columns_of, translate_query
from ops.migrate.sqltext import tokenize

_BY_HAND = "write it anew on PostgreSQL"


@dataclass
class Place:
    """Where a file's objects go: its tables, the schema, the names taken there. `views` are those made so
    far, by SQLite's lower-case names."""

    tables: Sequence[TablePlan]
    schema: str
    prefix: str
    origin: str
    pool: Pool
    policy: Policy

    def __post_init__(self) -> None:
        self.views: dict[str, Relation] = {}
        self.known: Mapping[str, Relation] = {t.source.name.lower(): relation(t) for t in self.tables}

    def find(self, name: str) -> Relation | None:
        return self.known.get(name.lower()) or self.views.get(name.lower())


def relation(table: TablePlan) -> Relation:
    columns = {column.source.name.lower(): operand(column) for column in table.columns}
    return Relation(table.qualified, columns, row_id(table))


def views(found: Sequence[View], place: Place) -> tuple[list[Step], list[Note]]:
    """A step for each view that can be carried, those that others read first; a note for the others."""
    steps, notes = list[Step](), list[Note]()
    left, reasons = list(found), dict[str, str]()
    while left:
        later = []
        for view in left:
            try:
                steps.append(_step(view, place, notes))
            except Untranslatable as reason:
                reasons[view.name] = str(reason)
                later.append(view)
        if len(later) == len(left):
            break
        left = later
    notes += [_not_carried(view, reasons[view.name]) for view in left]
    return steps, notes


def _not_carried(view: View, reason: str) -> Note:
    return Note(view.name, f"the view is not carried: {reason}", f"{_BY_HAND}: {_one_line(view.sql)}")


def _step(view: View, place: Place, notes: list[Note]) -> Step:
    if view.problem:
        raise Untranslatable(f"SQLite itself cannot read it ({view.problem})")
    names = column_names(view.columns, place.policy)
    query = translate_query(_body(view.sql), place.find, [names[name] for name in view.columns])
    if len(query.pieces) != len(view.columns):
        raise Untranslatable("its columns are not the ones that SQLite tells")
    shown = [names[name] for name in view.columns]
    columns = ", ".join(quote(name) for name in shown)
    name = place.pool.take(styled(place.prefix + view.name, place.policy), view.name)
    where = qualified(place.schema, name)
    sql = f"CREATE VIEW {where} ({columns}) AS {query.sql}"
    place.views[view.name.lower()] = Relation(where, columns_of(query.pieces, view.columns, shown))
    notes += [Note(view.name, f"in the view, {remark}") for remark in query.remarks]
    loss = Note(
        view.name, "the view is not carried: PostgreSQL refuses it", f"{_BY_HAND}: {_one_line(view.sql)}"
    )
    proof = _proof(view, query, where, shown) if _comparable(view, query, place) else ""
    return Step("view", place.schema, name, name, sql, loss, proof=proof, origin=place.origin)


def _body(sql: str) -> Node:
    """What stands after AS."""
    tokens = tokenize(sql)
    at = next((t for t in tokens if t.says("AS")), None)
    if at is None:
        raise Untranslatable("it cannot be read")
    return parse_statement(sql[at.end :].strip().rstrip(";"))


def _comparable(view: View, query: Query, place: Place) -> bool:
    """Whether it must give the same now: all rows are carried, and it does not depend on the moment."""
    whole = not any(table.rejects or table.nulled for table in place.tables)
    return whole and query.steady and view.rows is not None


def _proof(view: View, query: Query, where: str, names: Sequence[str]) -> str:
    """A statement that PostgreSQL refuses when the view gives other than it gives in SQLite."""
    limited = _is_limited(view.sql)
    measures = [("rows", "count(*)", str(view.rows))]
    for name, piece, sums in zip(names, query.pieces, view.sums, strict=True):
        if not limited:
            column, shown = quote(name), name.replace("%", "%%")
            measures.append((f"values of {shown}", f"count({column})", str(sums.values)))
            measures += _sums(piece, column, shown, sums)
    selected = ", ".join(f"{sql} AS m{i}" for i, (_, sql, _) in enumerate(measures))
    checks = "".join(
        f" IF found.m{i} IS DISTINCT FROM {wanted} THEN RAISE EXCEPTION"
        f" {literal(f'it gives other {what} than in SQLite: %, not %')}, found.m{i}, {wanted}; END IF;"
        for i, (what, _, wanted) in enumerate(measures)
    )
    body = f" DECLARE found record; BEGIN SELECT {selected} INTO found FROM {where};{checks} END "
    return f"DO {literal(body)}"


def _sums(piece: Piece, column: str, shown: str, sums: ColumnSum) -> list[tuple[str, str, str]]:
    if piece.kind == "int" and sums.integers == sums.values:
        sql = f"coalesce(sum({column} % 1000003), 0)"
        return [(f"sums of {shown}", sql, str(sums.integer_sum))]
    if piece.kind == "text" and sums.texts == sums.values:
        return [(f"texts of {shown}", f"coalesce(sum(length({column})), 0)", str(sums.length_sum))]
    if piece.kind == "real" and sums.reals == sums.values and abs(sums.real_sum) < 1e300:
        close = f"abs(coalesce(sum({column}), 0)::double precision - {sums.real_sum!r})"
        return [(f"sums of {shown}", f"{close} > {1e-9 * max(1.0, abs(sums.real_sum))!r}", "false")]
    return []


def _is_limited(sql: str) -> bool:
    return re.search(r"\blimit\b", sql, re.IGNORECASE) is not None


def _one_line(sql: str) -> str:
    return " ".join(sql.split())
