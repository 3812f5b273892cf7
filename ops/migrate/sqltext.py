"""Reads out of CREATE TABLE and CREATE INDEX what SQLite's pragmas do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.migrate.model import Check

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
      |(?P<blob>[xX]'[^']*')
      |(?P<string>'(?:[^']|'')*')
      |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
      |(?P<number>0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      |(?P<word>[^\W\d][\w$]*)
      |(?P<op>\|\||<=|>=|<>|!=|==|<<|>>|->>|->|.)""",
    re.VERBOSE | re.DOTALL,
)
_STARTS_CONSTRAINT = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}


@dataclass(frozen=True)
class Token:
    """`value` is the meaning: a quoted name or a string without its quotes, a word as written."""

    kind: str
    value: str
    start: int
    end: int

    def says(self, *words: str) -> bool:
        return self.kind in ("word", "op") and self.value.upper() in words


@dataclass(frozen=True)
class ColumnText:
    """What a column's definition says beyond the pragmas."""

    collation: str = "BINARY"
    generated: str | None = None


@dataclass(frozen=True)
class TableText:
    """`deferred` holds one flag for each REFERENCES, in the order of the text."""

    columns: dict[str, ColumnText]
    checks: tuple[Check, ...]
    deferred: tuple[bool, ...]
    autoincrement: bool
    without_rowid: bool


def tokenize(sql: str) -> list[Token]:
    return [
        Token(str(m.lastgroup), _meaning(str(m.lastgroup), m.group()), m.start(), m.end())
        for m in _TOKEN.finditer(sql)
        if m.lastgroup != "skip"
    ]


def read_create_table(sql: str) -> TableText:
    tokens = tokenize(sql)
    opening = next((i for i, t in enumerate(tokens) if t.says("(")), None)
    if opening is None:
        return TableText({}, (), (), False, False)
    closing = _closing(tokens, opening)
    columns: dict[str, ColumnText] = {}
    checks: list[Check] = []
    deferred: list[bool] = []
    autoincrement = False
    for item in _split(tokens[opening + 1 : closing]):
        of_table = item[0].kind == "word" and item[0].value.upper() in _STARTS_CONSTRAINT
        words = item if of_table else item[1:]
        found = _read_item(sql, words, checks, deferred)
        autoincrement = autoincrement or any(t.says("AUTOINCREMENT") for t in words)
        if not of_table:
            columns[item[0].value.lower()] = found
    tail = [t.value.upper() for t in tokens[closing + 1 :]]
    return TableText(columns, tuple(checks), tuple(deferred), autoincrement, "WITHOUT" in tail)


def read_create_index(sql: str) -> tuple[tuple[str, ...], str | None]:
    """The text of each indexed expression (without COLLATE, ASC, DESC), and the WHERE expression."""
    tokens = tokenize(sql)
    on = next(i for i, t in enumerate(tokens) if t.says("ON"))
    opening = next(i for i, t in enumerate(tokens) if i > on and t.says("("))
    closing = _closing(tokens, opening)
    parts = tuple(_bare(sql, item) for item in _split(tokens[opening + 1 : closing]))
    rest = tokens[closing + 1 :]
    where = next((i for i, t in enumerate(rest) if t.says("WHERE")), None)
    if where is None or where + 1 >= len(rest):
        return parts, None
    last = rest[-2] if rest[-1].says(";") else rest[-1]
    return parts, sql[rest[where + 1].start : last.end]


def _meaning(kind: str, text: str) -> str:
    if kind == "string":
        return text[1:-1].replace("''", "'")
    if kind == "quoted":
        return text[1:-1] if text[0] == "[" else text[1:-1].replace(text[0] * 2, text[0])
    return text


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for i in range(opening, len(tokens)):
        depth += tokens[i].says("(") - tokens[i].says(")")
        if depth == 0:
            return i
    return len(tokens)


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    depth, item = 0, list[Token]()
    for token in tokens:
        depth += token.says("(") - token.says(")")
        if depth == 0 and token.says(","):
            if item:
                yield item
            item = []
        else:
            item.append(token)
    if item:
        yield item


def _read_item(sql: str, tokens: Sequence[Token], checks: list[Check], deferred: list[bool]) -> ColumnText:
    collation, generated, name, i = "BINARY", None, "", 0
    while i < len(tokens):
        token = tokens[i]
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.says("(") or (after and after.says("(") and token.says("CHECK", "AS", "DEFAULT")):
            start = i if token.says("(") else i + 1
            end = _closing(tokens, start)
            inner = sql[tokens[start].end : tokens[min(end, len(tokens) - 1)].start].strip()
            if token.says("CHECK"):
                checks.append(Check(inner, name))
            elif token.says("AS"):
                generated = inner
            i, name = end, ""
        elif token.says("CONSTRAINT") and after:
            name, i = after.value, i + 1
        elif token.says("COLLATE") and after:
            collation, i = after.value.upper(), i + 1
        elif token.says("REFERENCES"):
            deferred.append(False)
        elif token.says("DEFERRED") and deferred:
            negated = i >= 3 and tokens[i - 3].says("NOT")
            deferred[-1] = tokens[i - 1].says("INITIALLY") and not negated
        i += 1
    return ColumnText(collation, generated)


def _bare(sql: str, item: list[Token]) -> str:
    while len(item) > 1 and (item[-1].says("ASC", "DESC") or item[-2].says("COLLATE")):
        item = item[:-1] if item[-1].says("ASC", "DESC") else item[:-2]
    return sql[item[0].start : item[-1].end]
