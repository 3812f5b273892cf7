"""The tables that a SELECT reads: its FROM clause, and what column names mean in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from ops.migrate.expressions import Piece, Translator, Untranslatable
from ops.migrate.expressions.parsing import Node
from ops.migrate.names import quote
from ops.migrate.queries.relations import Built, Relation, Relations, relation_of

Build = Callable[["Scope", Node, Sequence[str]], Built]


@dataclass
class Said:
    """What the expressions of a query tell beside their SQL."""

    remarks: list[str] = field(default_factory=list)
    reads_clock: bool = False


class Scope:
    """What is not among the tables of this SELECT is looked up in the SELECT around it, `outer`."""

    def __init__(self, relations: Relations, build: Build, outer: Scope | None = None) -> None:
        self.relations, self.build, self.outer = relations, build, outer
        self.said: Said = outer.said if outer else Said()
        self.sources: dict[str, tuple[str, Relation]] = {}
        self.aliases: dict[str, Node] = {}
        self.merged: set[str] = set()
        self.ctes: dict[str, Relation] = dict(outer.ctes) if outer else {}

    def inner(self) -> Scope:
        return Scope(self.relations, self.build, self)

    def beside(self) -> Scope:
        """For a query in FROM, which does not see the tables next to it."""
        found = Scope(self.relations, self.build, self.outer)
        found.said, found.ctes = self.said, dict(self.ctes)
        return found

    def piece(self, node: Node) -> Piece:
        translator = Translator(self, exact=True)
        piece = translator.piece(node)
        self.said.remarks += translator.remarks
        self.said.reads_clock |= translator.reads_clock
        return piece

    def truth(self, node: Node) -> str:
        translator = Translator(self, exact=True)
        sql = translator.truth(node)
        self.said.reads_clock |= translator.reads_clock
        return sql

    def find(self, table: str, name: str) -> Piece | None:
        low = name.lower()
        for label, (alias, relation) in self.sources.items():
            if table and table.lower() != label:
                continue
            known = relation.columns.get(low) or relation.hidden.get(low)
            if known:
                sql = f"{alias}.{quote(known.name)}" if alias else quote(known.name)
                return Piece(sql, known.kind, operand=known)
        if not table and low in self.aliases:
            node = self.aliases.pop(low)  # an alias is not looked for within itself
            try:
                return self.piece(node)
            finally:
                self.aliases[low] = node
        return self.outer.find(table, name) if self.outer else None

    def query(self, node: Node) -> tuple[str, list[Piece]]:
        built = self.build(self.inner(), node, ())
        sqls, pieces = built.columns()
        return built.render(sqls), pieces

    def every(self, wanted: str) -> list[tuple[str, Piece]]:
        """The columns that `*` stands for, or `wanted.*`, with their names."""
        found, seen = list[tuple[str, Piece]](), set[str]()
        for label, (alias, relation) in self.sources.items():
            for low, known in relation.columns.items():
                if wanted in ("", label) and not (low in self.merged and low in seen):
                    seen.add(low)
                    piece = Piece(f"{alias}.{quote(known.name)}", known.kind, operand=known)
                    found.append((low, piece))
        if not found:
            raise Untranslatable(f"there is no table `{wanted}`")
        return found

    def add(self, label: str, alias: str, relation: Relation) -> None:
        """Makes `relation` known by SQLite's name `label`; PostgreSQL's SQL calls it `alias`."""
        if label.lower() in self.sources:
            raise Untranslatable(f"two tables are called `{label}`")
        self.sources[label.lower()] = (alias, relation)

    def tables(self, source: Node, joins: Sequence[Node]) -> str:
        """The FROM clause."""
        return self._source(source.this) + "".join(self._join(join) for join in joins)

    def _join(self, join: Node) -> str:
        before = {low for _, relation in self.sources.values() for low in relation.columns}
        table = self._source(join.this)
        _, relation = list(self.sources.values())[-1]
        using = [each.name.lower() for each in join.args.get("using") or []]
        if join.args.get("method") == "NATURAL":
            using = [low for low in relation.columns if low in before]
        side = f" {join.args['side']}" if join.args.get("side") else ""
        on = join.args.get("on")
        if using:
            self.merged |= set(using)
            names = [relation.columns[low].name for low in using if low in relation.columns]
            if len(names) != len(using):
                raise Untranslatable("USING a column that is not there")
            return f"{side} JOIN {table} USING ({', '.join(map(quote, names))})"
        plain = on is None or (isinstance(on, exp.Boolean) and on.this)
        if plain and not side:
            return f" CROSS JOIN {table}"
        return f"{side} JOIN {table} ON {'true' if plain else self.truth(on)}"

    def _source(self, node: Node) -> str:
        alias = node.alias or ""
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            joins = node.this.args.get("joins") or []
            return f"({self._source(node.this)}{''.join(self._join(join) for join in joins)})"
        if isinstance(node, exp.Subquery):
            built = self.build(self.beside(), node.this, ())
            label = alias or f"subquery{len(self.sources) + 1}"
            self.add(label, quote(label), relation_of(label, built, ()))
            return f"({built.sql()}) AS {quote(label)}"
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise Untranslatable(f"`{node.sql(dialect='sqlite')[:60]}` stands where a table is needed")
        relation = self.ctes.get(node.name.lower()) or self.relations(node.name)
        if relation is None:
            raise Untranslatable(f"there is no table `{node.name}`")
        label = alias or node.name
        self.add(label, quote(label), relation)
        return f"{relation.sql} AS {quote(label)}"


def by_name(relations: Mapping[str, Relation]) -> Relations:
    """A lookup by lower-case names."""
    return lambda name: relations.get(name.lower())
