"""The whole plan of filling tables that are there, from the files and from PostgreSQL's catalog."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from ops.migrate.catalog import read_schema
from ops.migrate.existing.catalog import read_standing
from ops.migrate.existing.model import Filling, TargetTable
from ops.migrate.existing.server import Server
from ops.migrate.existing.steps import after_filling, all_owned, in_load_order
from ops.migrate.existing.survey import Filler, Into, Planned
from ops.migrate.migration import Migration, SourcePlan
from ops.migrate.model import Note
from ops.migrate.rejects.find import refuse_too_many, sort_rows, together
from ops.migrate.rejects.model import Found
from ops.migrate.session import open_session
from ops.migrate.sqlitefile import identity, reading
from ops.migrate.virtual import without_virtual
from ops.settings import Source, Target
from ops.values import DatabaseUrl

_MOST_REJECTS = 1_000_000  # kept in memory by a survey that refuses nothing


@dataclass
class _All:
    """What the files come to together; `still` and `refuse` as in `survey`."""

    target: Target
    into: Into
    still: bool
    refuse: bool
    plans: list[SourcePlan] = field(default_factory=list)
    targets: list[TargetTable] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)
    emptied: set[tuple[str, str]] = field(default_factory=set)
    rejects: list[Found] = field(default_factory=list)


def survey_existing(
    sources: Sequence[Source], target: Target, url: DatabaseUrl, *, whole: bool, still: bool, refuse: bool
) -> Migration:
    """What fills the tables at `url`. Whatever stands against it is in `filling.refusals`; errors are those
    of `survey`, and NotReady when PostgreSQL cannot be reached."""
    schemas = tuple(dict.fromkeys(source.schema or target.schema for source in sources))
    with closing(open_session(url)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET timezone = 'UTC'")
        into = Into(read_standing(connection, schemas), Server(connection))
        found = _All(target, into, still, refuse)
        for source in sources:
            _survey_file(source, found, whole)
        connection.rollback()
    if refuse:
        refuse_too_many(together(found.rejects), target)
    return _migration(found)


def _survey_file(source: Source, found: _All, whole: bool) -> None:
    target, schema = found.target, source.schema or found.target.schema
    origin, fingerprint = identity(source.path)
    with reading(source.path, whole=whole) as connection:
        connection.execute("BEGIN")  # one state of the file for the whole survey
        file = without_virtual(read_schema(connection, source.path, orphans=False))
        filler = Filler(connection, file, source, schema, origin, target, found.into, found.still)
        planned = filler.plan()
        tables = tuple(planned.tables)
        if target.on_misfit == "reject" or target.on_orphan != "keep":
            most = target.allow_rejects if found.refuse else _MOST_REJECTS
            rows = sort_rows(connection, tables, target, most)
            found.rejects.append(rows.found)
            planned.notes += rows.notes
            tables = rows.tables
    planned.notes += [
        Note(left.name, f"the {left.kind} is not carried", "PostgreSQL has the application's own, if any")
        for left in file.left_out
        if left.kind == "virtual table"
    ]
    _refuse_twice(planned, found)
    found.plans.append(SourcePlan(source.path, origin, fingerprint, schema, tables))
    found.targets += planned.targets
    found.notes += planned.notes
    found.refusals += planned.refusals
    found.emptied |= planned.emptied


def _refuse_twice(planned: Planned, found: _All) -> None:
    there = {(target.schema, target.name) for target in found.targets}
    for target in planned.targets:
        if (target.schema, target.name) in there:
            said = "is a table of two of the files"
            planned.refusals.append(Note(target.label, said, "give each file a schema of its own"))


def _migration(found: _All) -> Migration:
    plans = [table for plan in found.plans for table in plan.tables]
    keys = all_owned(found.targets)
    if not keys:
        names, refusals = in_load_order(plans, found.targets)
        place = {name: i for i, name in enumerate(names)}
        found.refusals += refusals
        found.plans = [
            replace(plan, tables=tuple(sorted(plan.tables, key=lambda t: place[(t.schema, t.name)])))
            for plan in found.plans
        ]
        plans = [table for plan in found.plans for table in plan.tables]
        found.targets.sort(key=lambda t: [(p.schema, p.name) for p in plans].index((t.schema, t.name)))
        found.notes += [
            Note(t.label, f"the trigger `{trigger.name}` fires during the load: it is not ours to disable")
            for t in found.targets if not t.owned for trigger in t.triggers
        ]  # fmt: skip
    after = tuple(after_filling(plans, found.targets, keys=keys))
    filling = Filling(tuple(found.targets), frozenset(found.emptied), tuple(found.refusals))
    return Migration(
        tuple(found.plans), (), after, tuple(found.notes), ordered=not keys,
        found=together(found.rejects), filling=filling,
    )  # fmt: skip
