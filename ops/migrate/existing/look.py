"""Looks at the values of columns of which no profile tells whether PostgreSQL's type takes them all."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ops.migrate.careful import Misfit, as_text, convert_value
from ops.migrate.existing.fit import asks_server, needs_look
from ops.migrate.existing.match import Pair
from ops.migrate.existing.model import TargetColumn
from ops.migrate.existing.server import Server
from ops.migrate.migration import ColumnPlan, TablePlan
from ops.migrate.sqlitefile import quoted
from ops.migrate.types import MOST_DIGITS

_AT_ONCE = 2_000
_SHOWN = 60


@dataclass
class _Found:
    """What is wrong with one column: how many values, the first one's reason, key and look."""

    column: ColumnPlan
    target: TargetColumn
    asks: bool
    count: int = 0
    first: str = ""
    problem: str = "form"
    waiting: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


def look(connection: sqlite3.Connection, plan: TablePlan, pair: Pair, server: Server) -> TablePlan:
    """The plan with its misfits: values that the target's types do not take, the first with its key."""
    targets = {source.name: target for source, target in pair.columns}
    plan = replace(plan, columns=tuple(_measured(c, targets[c.source.name]) for c in plan.columns))
    found = [
        _Found(column, target, asks_server(target.type, column.choice))
        for column in plan.columns
        if (target := targets[column.source.name]) and not column.choice.misfit and _suspect(column, target)
    ]
    if found:
        _scan(connection, plan, found, server)
    wrong = {each.column.name: each for each in found if each.count}
    return replace(plan, columns=tuple(_judged(column, wrong.get(column.name)) for column in plan.columns))


def _suspect(column: ColumnPlan, target: TargetColumn) -> bool:
    choice, profile = column.choice, column.profile
    return bool(profile.classes) and (
        needs_look(target.type, choice, profile) or asks_server(target.type, choice)
    )


def _judged(column: ColumnPlan, wrong: _Found | None) -> ColumnPlan:
    if wrong is None:
        return column
    values = "1 value does not fit" if wrong.count == 1 else f"{wrong.count:,} values do not fit"
    said = f"{values} {column.choice.postgres}: {wrong.first}"
    return replace(column, choice=replace(column.choice, misfit=said, problem=wrong.problem))


def _scan(connection: sqlite3.Connection, plan: TablePlan, found: Sequence[_Found], server: Server) -> None:
    keys = key_columns(plan)
    wanted = ", ".join([*keys, *(quoted(each.column.source.name) for each in found)])
    factory, connection.text_factory = connection.text_factory, as_text
    try:
        for row in connection.execute(f"SELECT {wanted} FROM {quoted(plan.source.name)}"):
            for each, value in zip(found, row[len(keys) :], strict=True):
                if value is not None:
                    _look_at(each, value, row[: len(keys)], keys, server)
    finally:
        connection.text_factory = factory
    for each in found:
        _ask(each, keys, server)


def _look_at(each: _Found, value: Any, key: tuple[Any, ...], keys: Sequence[str], server: Server) -> None:
    try:
        made = convert_value(each.column, value)
    except Misfit as error:
        each.count += 1
        each.first = each.first or f"{shown(value)} is {error.reason}{_at(keys, key)}"
        return
    if each.asks and made is not None:
        text = as_input_text(made)
        if text not in each.known:
            each.known.add(text)
            each.waiting[text] = (value, *key)
        if len(each.waiting) >= _AT_ONCE:
            _ask(each, keys, server)


def _ask(each: _Found, keys: Sequence[str], server: Server) -> None:
    for text, why in server.refused(each.target.type.shown, list(each.waiting)).items():
        value, *key = each.waiting[text]
        each.count, each.problem = each.count + 1, "server"
        each.first = each.first or f"{shown(value)}: {why}{_at(keys, tuple(key))}"
    each.waiting.clear()


def _measured(column: ColumnPlan, target: TargetColumn) -> ColumnPlan:
    """With the digits before and after the point that the column's decimals need at most."""
    size, places = target.type.size, column.choice.carriage.places
    if column.choice.carriage.kind != "decimal" or not 0 <= size <= MOST_DIGITS:
        return column
    return replace(column, profile=replace(column.profile, digits=size - places, places=places))


def key_columns(plan: TablePlan) -> list[str]:
    """The words that read a row's key: of the primary key, or the row id."""
    names = [quoted(name) for name in plan.source.primary_key]
    return names or ([plan.source.rowid_name] if plan.source.rowid_name else [])


def shown(value: object) -> str:
    """A value for people, shortened."""
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _at(keys: Sequence[str], key: tuple[Any, ...]) -> str:
    named = ", ".join(f"{name.strip(chr(34))} = {shown(part)}" for name, part in zip(keys, key, strict=True))
    return f" (the row with {named})" if named else ""


def as_input_text(made: object) -> str:
    """A converted value as PostgreSQL reads it."""
    if isinstance(made, bytes):
        return "\\x" + made.hex()
    return str(made)
