"""CREATE TRIGGER taken apart: when it fires, on what, under which condition, and its statements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ops.migrate.expressions import Untranslatable
from ops.migrate.sqltext import Token, tokenize


@dataclass(frozen=True)
class TriggerText:
    """`timing` is BEFORE, AFTER or INSTEAD OF; `event` INSERT, UPDATE or DELETE; `columns` those of UPDATE
    OF; `condition` the text after WHEN (`""`: always); `statements` the texts of its body."""

    timing: str
    event: str
    columns: tuple[str, ...]
    condition: str
    statements: tuple[str, ...]


def read_trigger(sql: str) -> TriggerText:
    """Raises Untranslatable when it cannot be read."""
    tokens = tokenize(sql)
    try:
        at = next(i for i, t in enumerate(tokens) if t.says("TRIGGER")) + 1
        if tokens[at].says("IF"):
            at += 3
        at += 1
        if tokens[at].says("."):
            at += 2
        timing = "BEFORE"
        if tokens[at].says("BEFORE", "AFTER"):
            timing, at = tokens[at].value.upper(), at + 1
        elif tokens[at].says("INSTEAD"):
            timing, at = "INSTEAD OF", at + 2
        event, at = tokens[at].value.upper(), at + 1
        on = next(i for i in range(at, len(tokens)) if tokens[i].says("ON"))
        columns = tuple(t.value for t in tokens[at + 1 : on] if not t.says(","))
        begin = next(i for i in range(on + 2, len(tokens)) if tokens[i].says("BEGIN"))
        when = next((i for i in range(on + 2, begin) if tokens[i].says("WHEN")), None)
    except (StopIteration, IndexError):
        raise Untranslatable("it cannot be read") from None
    condition = sql[tokens[when].end : tokens[begin].start].strip() if when is not None else ""
    return TriggerText(timing, event, columns, condition, tuple(_statements(sql, tokens[begin + 1 :])))


def _statements(sql: str, tokens: Sequence[Token]) -> list[str]:
    found, start = list[str](), 0
    for i, token in enumerate(tokens):
        if token.says(";"):
            found.append(_quoted(sql, tokens[start : i + 1]))
            start = i + 1
    return [each for each in found if each]


def _quoted(sql: str, tokens: Sequence[Token]) -> str:
    """A statement's text; the word in RAISE(ROLLBACK, …) in quotes, for sqlglot takes it for a statement."""
    parts, at = [], tokens[0].start
    for before, token in itertools.pairwise(tokens):
        if token.says("ROLLBACK") and before.says("("):
            parts += [sql[at : token.start], '"ROLLBACK"']
            at = token.end
    return "".join([*parts, sql[at : tokens[-1].start]]).strip()
