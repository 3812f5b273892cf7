"""How a migration was decided, kept in PostgreSQL: a later comparison reads the files by the same rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ops.migrate import state
from ops.migrate.sqlitefile import identity
from ops.settings import Source, Target, TypeRule

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_DECIDED = ("tables", "compat", "on_misfit", "on_orphan", "names")
_TABLE = """
CREATE TABLE IF NOT EXISTS _gigops.decisions (
    source text, schema_name text, decided text NOT NULL, PRIMARY KEY (source, schema_name)
)
"""


def note(connection: Connection, sources: Sequence[Source], target: Target) -> None:
    """Notes by which settings the tables of `sources` are made and filled."""
    document = {name: getattr(target, name) for name in _DECIDED}
    decided = json.dumps({**document, "types": [asdict(rule) for rule in target.types]}, sort_keys=True)
    with state.transaction(connection), connection.cursor() as cursor:
        cursor.execute(_TABLE)
        for source in sources:
            cursor.execute(
                "INSERT INTO _gigops.decisions VALUES (%s, %s, %s)"
                " ON CONFLICT (source, schema_name) DO UPDATE SET decided = excluded.decided",
                (*_key(source, target), decided),
            )


def recall(connection: Connection, sources: Sequence[Source], target: Target) -> Target:
    """`target` with what was decided for the first of `sources` that a run was noted of."""
    with state.transaction(connection), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('_gigops.decisions') IS NOT NULL")
        if not (cursor.fetchone() or (False,))[0]:
            return target
        for source in sources:
            cursor.execute(
                "SELECT decided FROM _gigops.decisions WHERE source = %s AND schema_name = %s",
                _key(source, target),
            )
            row = cursor.fetchone()
            if row:
                document: dict[str, Any] = json.loads(row[0])
                types = tuple(TypeRule(**rule) for rule in document.pop("types"))
                return replace(target, **document, types=types)
    return target


def _key(source: Source, target: Target) -> tuple[str, str]:
    return str(identity(source.path)[0]), source.schema or target.schema
