"""What of a file is neither rows nor constraints: its views and triggers, and its header's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.migrate.migration import SourcePlan, Step
from ops.migrate.model import LeftOut, Note, Schema
from ops.migrate.names import Policy, Pool
from ops.migrate.triggers import triggers
from ops.migrate.views import Place, views
from ops.settings import Source

_INSIDE = "it is the inside of a virtual table"


def views_and_triggers(
    files: Sequence[tuple[Schema, SourcePlan, Source]],
    pools: Mapping[str, Pool],
    policy: Policy,
) -> tuple[list[Step], list[Note]]:
    """The steps, views first: a trigger may be of one."""
    steps, last, notes = list[Step](), list[Step](), list[Note]()
    functions = {schema: Pool() for schema in pools}
    for found, plan, source in files:
        pool = pools[plan.schema]
        place = Place(plan.tables, plan.schema, source.prefix, str(plan.origin), pool, policy)
        made, told = views(found.views, place)
        fired, said = triggers(found.triggers, place, functions[plan.schema])
        steps, last, notes = [*steps, *made], [*last, *fired], [*notes, *told, *said]
    return [*steps, *last], notes


def file_notes(found: Schema, origin: Path) -> list[Note]:
    """What is told of the file as a whole: virtual tables and its header."""
    notes = [_left_out(left) for left in found.left_out]
    for table in found.tables:
        if table.module:
            said = f"it is an ordinary table in PostgreSQL, without the search of `{table.module}`"
            notes.append(Note(table.name, said, _search(table.module)))
    for word, number in (("user_version", found.user_version), ("application_id", found.application_id)):
        if number:
            said = f"PRAGMA {word} is {number}, which PostgreSQL has no place for"
            notes.append(Note(origin.name, said, "the application's migrations may look for it"))
    return notes


def _left_out(left: LeftOut) -> Note:
    what = {"shadow table": _INSIDE, "index": "it belongs to a virtual table"}.get(left.kind, "")
    reason = f": {left.reason}" if left.reason else ""
    return Note(left.name, f"the {left.kind} is not carried{reason}", what or "use PostgreSQL's text search")


def _search(module: str) -> str:
    if module.startswith("fts"):
        return "for its search: CREATE INDEX … USING gin (to_tsvector('simple', …))"
    return "for its search: an index on its columns, or PostGIS"
