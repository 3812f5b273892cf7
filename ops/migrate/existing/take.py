"""Makes tables that are there ready for the rows, and gives them back afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ops.errors import NotReady, Refused
from ops.migrate import state
from ops.migrate.existing import held
from ops.migrate.existing.model import Filling
from ops.migrate.existing.steps import all_owned
from ops.migrate.migration import Migration
from ops.migrate.model import Note
from ops.migrate.names import qualified, quote

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    Name = tuple[str, str]

_SHOWN = 5


def refuse(migration: Migration, filling: Filling, connection: Connection) -> None:
    """Changes nothing. Raises Refused with whatever stands against filling the tables, and NotReady when
    gigops may not keep its notes in the database."""
    if not migration.tables and not filling.refusals:
        raise Refused(
            f"none of the tables in PostgreSQL's schema {', '.join(migration.schemas)} is one of SQLite's",
            hint="make them first: alembic upgrade head, manage.py migrate, prisma migrate deploy …",
        )
    if filling.refusals:
        shown = "; ".join(f"{note.where} {note.what}" for note in filling.refusals[:_SHOWN])
        more = len(filling.refusals) - _SHOWN
        raise Refused(
            f"the tables cannot be filled: {shown}" + (f"; and {more} more" if more > 0 else ""),
            hint=f"{filling.refusals[0].do}; all of it: gigops migrate --schema existing --plan",
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regnamespace('_gigops') IS NOT NULL OR"
            " has_database_privilege(current_database(), 'CREATE'), current_database(), current_user"
        )
        allowed, database, user = cursor.fetchone() or (False, "", "")
    if not allowed:
        raise NotReady(
            f"`{user}` may not make the schema `_gigops`, in which gigops notes how far it is",
            hint=f"as the owner: GRANT CREATE ON DATABASE {quote(database)} TO {quote(user)}",
        )


def take_over(
    migration: Migration, filling: Filling, connection: Connection, outdated: Sequence[tuple[str, str, int]]
) -> None:
    """Within the caller's transaction: foreign keys and triggers off, rows that are not to stay away, and
    a note of each. Tables that an earlier run filled from the same state of the file stay as they are;
    `outdated` ones are emptied."""
    held.prepare(connection)
    ours = state.relations(connection)
    stale = {(schema, name) for schema, name, _ in outdated}
    targets = {(table.schema, table.name): table for table in filling.tables}
    keys = all_owned(filling.tables)
    anew = [plan for plan in migration.tables if (plan.schema, plan.name) not in ours]
    for source in migration.sources:
        for plan in source.tables:
            if plan in anew:
                state.note_table(connection, plan, source.schema)
    oids = {name: found[0] for name, found in state.relations(connection).items()}
    held.note_filled(connection, [oids[(plan.schema, plan.name)] for plan in anew])
    for name in (*((plan.schema, plan.name) for plan in anew), *stale):
        target = targets.get(name)
        if target and target.owned:
            held.take_off(connection, target, oids[name], keys=keys)
    order = {(plan.schema, plan.name): i for i, plan in enumerate(migration.tables)}
    for name in sorted(stale | filling.emptied & {(p.schema, p.name) for p in anew},
                       key=lambda n: -order.get(n, -1)):  # fmt: skip
        _empty(connection, name)
    state.forget_copied(connection, [oid for _, _, oid in outdated])


def give_back(migration: Migration, connection: Connection) -> tuple[Note, ...]:
    """Enables the triggers, once the foreign keys stand again; notes what could not be put back."""
    if migration.filling is None:
        return ()
    missing = held.put_back(connection, migration.filling.tables)
    return tuple(Note(name, "the foreign key is not back: see the notes above") for name in missing)


def _empty(connection: Connection, name: Name) -> None:
    import psycopg2

    table = qualified(*name)
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT emptying")
        try:
            cursor.execute(f"TRUNCATE {table}")
        except (psycopg2.errors.FeatureNotSupported, psycopg2.errors.InsufficientPrivilege):
            cursor.execute("ROLLBACK TO SAVEPOINT emptying")  # other tables refer to it, or not ours
            _delete(connection, table, ".".join(name))
        cursor.execute("RELEASE SAVEPOINT emptying")


def _delete(connection: Connection, table: str, label: str) -> None:
    import psycopg2

    try:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
    except psycopg2.IntegrityError as error:
        raise Refused(
            f"the rows that the migrations put into `{label}` cannot be replaced by SQLite's:"
            f" {str(error).splitlines()[0]}",
            hint="delete the rows that refer to them, if nobody needs them",
        ) from None
    except psycopg2.errors.InsufficientPrivilege:
        raise NotReady(
            f"we may not DELETE from `{label}`, whose rows of the migrations SQLite's are to replace",
            hint=f"as its owner: GRANT DELETE ON {table} TO the role of the URL",
        ) from None
