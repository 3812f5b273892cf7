"""After the rows: keys, indexes, defaults, CHECKs, foreign keys, sequences, views; several tables at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from ops.interfaces import Pace
from ops.migrate import made, state
from ops.migrate.crew import Crew, enlist, hands
from ops.migrate.existing.take import give_back
from ops.migrate.generated import not_computed
from ops.migrate.migration import Migration, Step, TablePlan
from ops.migrate.model import Note
from ops.migrate.names import literal, quote
from ops.migrate.session import open_session, writing
from ops.migrate.target import reason, refuse_opened, run_statement
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    Task = Callable[[Connection], Sequence[Note]]

# For gigops's own sessions only.
_SESSION = "SET maintenance_work_mem = '64MB'; SET lock_timeout = 0; SET gigops.copying = 'on'"


def finish_schema(migration: Migration, url: DatabaseUrl, pace: Pace) -> tuple[Note, ...]:
    """Makes all of `migration.after`; what is there already is left. Returns a note for everything that
    PostgreSQL refuses.

    Indexes are built beside one another, then adopted as keys; foreign keys come NOT VALID, which takes
    no time, and are validated; views and triggers are last, in their order. Raises NotReady, Refused, Busy.
    """
    with ExitStack() as stack:
        guard = stack.enter_context(closing(open_session(url)))
        state.hold(guard, session=True)
        guard.commit()
        workers = enlist(stack, lambda: writing(url, _SESSION), hands(url))
        with state.transaction(workers[0]):
            for source in migration.sources:
                refuse_opened(source, workers[0])
        crew = Crew(workers, cancel=lambda connection: connection.cancel())
        notes: list[Note] = []
        for stage in _stages(migration):
            for found in crew.run(stage, pace):
                notes += found
        notes += [*not_computed(migration, workers[0]), *give_back(migration, workers[0])]
    return tuple(notes)


def _stages(migration: Migration) -> Iterator[list[Task]]:
    """Tasks that may run beside one another; each list once the one before it is done."""
    heaviest = sorted(migration.tables, key=lambda t: (-t.profile.bytes, -t.profile.rows))
    order = {(t.schema, t.name): i for i, t in enumerate(heaviest)}
    steps = sorted(migration.after, key=lambda step: order.get((step.schema, step.table), len(order)))
    indexes = [s for s in steps if s.build or s.sql.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))]
    yield [partial(_build, step) for step in indexes]
    rest = [s for s in steps if (s.adopt or s not in indexes) and s.kind not in ("foreign key", *made.KINDS)]
    yield [partial(_all, [s for s in rest if (s.schema, s.table) == key]) for key in order]
    keys = [s for s in steps if s.kind == "foreign key"]
    yield [partial(_all, keys)]
    yield [*(partial(_prove, key) for key in keys if key.proof), *(partial(_analyze, t) for t in heaviest)]
    yield [partial(_all, [s for s in migration.after if s.kind in made.KINDS])]


def _build(step: Step, connection: Connection) -> Sequence[Note]:
    """The index, which may be all of the step. A build that is refused is told when it is adopted."""
    if _present(connection, step):
        return ()
    if not step.build:
        return _try(connection, step)
    _refused(connection, step.build, step.table)
    return ()  # refused: the key itself will be, and told


def _all(steps: Sequence[Step], connection: Connection) -> Sequence[Note]:
    notes: list[Note] = []
    for step in steps:
        if not (step.name and _present(connection, step)):
            notes += _try(connection, step)
    return notes


def _prove(key: Step, connection: Connection) -> Sequence[Note]:
    """Validates a foreign key; one that rows are against stays for new rows."""
    if not _present(connection, key):
        return ()
    refusal = _refused(connection, key.proof, key.table)
    return [attempt.note for attempt in key.otherwise] if refusal else ()


def _analyze(table: TablePlan, connection: Connection) -> Sequence[Note]:
    with state.transaction(connection):
        run_statement(connection, f"ANALYZE {table.qualified}", table.label)
    return ()


def _try(connection: Connection, step: Step) -> Sequence[Note]:
    first = ""
    if step.adopt and not _refused(connection, step.adopt, step.table):
        return ()
    first_sql = made.making(step) if step.kind in made.KINDS else step.sql
    for sql, note in [(first_sql, None), *((a.sql, a.note) for a in step.otherwise if a.sql)]:
        refusal = _refused(connection, sql, step.table)
        if not refusal:
            return [note] if note and note.what else []
        first = first or refusal
    return [Note(step.loss.where, f"{step.loss.what}: {first}", step.loss.do)]


def _refused(connection: Connection, sql: str, table: str) -> str:
    """Runs `sql` in a transaction of its own; PostgreSQL's reason when it says no, else an empty text."""
    import psycopg2

    try:
        with state.transaction(connection):
            run_statement(connection, sql, table)
    except (
        psycopg2.DataError,
        psycopg2.IntegrityError,
        psycopg2.ProgrammingError,
        psycopg2.NotSupportedError,
        psycopg2.errors.ProgramLimitExceeded,
        psycopg2.errors.RaiseException,
    ) as error:
        return reason(error) or type(error).__name__
    return ""


def _present(connection: Connection, step: Step) -> bool:
    """Whether the step's constraint stands, or its index when it is no constraint."""
    table = literal(f"{quote(step.schema)}.{quote(step.table)}")
    index = literal(f"{quote(step.schema)}.{quote(step.name)}")
    free = "false" if step.adopt else "true"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass({table}) AND"
            f" conname = {literal(step.name)}) OR ({free} AND to_regclass({index}) IS NOT NULL)"
            f" OR EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass({table}) AND"
            f" tgname = {literal(step.name)})"
        )
        found = cursor.fetchone()
    connection.rollback()
    return bool(found and found[0])
