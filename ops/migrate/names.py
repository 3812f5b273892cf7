"""PostgreSQL names out of SQLite names: kept as they are, cut to 63 bytes where they must be, never twice."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

Policy = Literal["preserve", "lower", "snake"]

LONGEST = 63  # bytes: NAMEDATALEN - 1
_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}


def quote(name: str) -> str:
    """The name as an identifier in SQL (SQLite's and PostgreSQL's alike)."""
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    return f"{quote(schema)}.{quote(name)}"


def literal(text: str) -> str:
    """The text as a string constant in PostgreSQL's SQL."""
    return "'" + text.replace("'", "''") + "'"


def fit(name: str) -> str:
    """`name`, or its first bytes and a digest of the whole when it is too long for PostgreSQL."""
    if len(name.encode()) <= LONGEST and name:
        return name
    return _marked(name or "unnamed", name)


def styled(name: str, policy: Policy) -> str:
    """`UserId` as it is, or `userid`, or `user_id`."""
    if policy == "preserve":
        return name
    if policy == "snake":
        name = re.sub(r"([a-z])([A-Z])|([0-9])(?=[A-Z][a-z])|([A-Z])(?=[A-Z][a-z])", _stepped, name)
        name = re.sub(r"\W+", "_", name)
    return name.lower()


def meeting(names: tuple[str, ...], policy: Policy) -> tuple[str, str] | None:
    """Two of `names` that would be one in this style."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(styled(name, policy), name)
        if other != name:
            return other, name
    return None


def column_names(names: tuple[str, ...], policy: Policy = "preserve") -> dict[str, str]:
    """Each column's name in PostgreSQL."""
    found: dict[str, str] = {}
    for name in names:
        plain = styled(name, policy)
        wanted = plain + "_" if plain in _SYSTEM_COLUMNS else fit(plain)
        while wanted in found.values():
            wanted = _marked(wanted, name + wanted)
        found[name] = wanted
    return found


class Pool:
    """The names given out in one PostgreSQL schema, where tables, indexes and keys share one space."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str, belonging_to: str = "") -> str:
        """`wanted` fitted, or, when it is taken, with a digest that depends on nothing but the names."""
        name = fit(wanted)
        while name in self._taken:
            name = _marked(name, belonging_to + name)
        self._taken.add(name)
        return name


def _stepped(found: re.Match[str]) -> str:
    return f"{found[1]}_{found[2]}" if found[1] else f"{found[0]}_"


def _marked(name: str, full: str) -> str:
    digest = "_" + hashlib.sha256(full.encode()).hexdigest()[:6]
    return name.encode()[: LONGEST - len(digest)].decode(errors="ignore") + digest
