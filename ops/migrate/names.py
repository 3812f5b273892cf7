"""PostgreSQL names out of SQLite names: kept as they are, cut to 63 bytes where they must be, never twice."""

from __future__ import annotations

import hashlib

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


def column_names(names: tuple[str, ...]) -> dict[str, str]:
    """Each column's name in PostgreSQL."""
    found: dict[str, str] = {}
    for name in names:
        wanted = name + "_" if name.lower() in _SYSTEM_COLUMNS and name == name.lower() else fit(name)
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


def _marked(name: str, full: str) -> str:
    digest = "_" + hashlib.sha256(full.encode()).hexdigest()[:6]
    return name.encode()[: LONGEST - len(digest)].decode(errors="ignore") + digest
