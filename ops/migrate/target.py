"""The target before the rows: is it as it must be, and the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ops.errors import NotReady, Refused
from ops.migrate import made, state
from ops.migrate.existing import held, take
from ops.migrate.migration import Migration, SourcePlan, Step
from ops.migrate.names import literal, quote

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


def inspect_target(migration: Migration, connection: Connection, into_existing: bool = False) -> None:
    """Changes nothing. Raises NotReady (encoding, rights, a standby) and Refused (not empty, names taken,
    the application writes there already)."""
    with state.transaction(connection):
        _check_server(connection)
        if migration.filling:
            take.refuse(migration, migration.filling, connection)
            for source in migration.sources:
                _refuse_loss(migration, source, connection)
            return
        for schema in migration.schemas:
            _check_rights(connection, schema)
        for source in migration.sources:
            _refuse_loss(migration, source, connection)
        _check_contents(migration, connection, into_existing)


def create_schema(migration: Migration, connection: Connection) -> None:
    """The tables, in one transaction with the note that they are ours. Tables of an earlier run are kept
    when the source and the plan are the same, else made anew."""
    with state.transaction(connection):
        state.hold(connection)
        state.prepare(connection)
        if migration.filling:
            outdated = [each for source in migration.sources
                        for each in _checked_outdated(migration, source, connection)]  # fmt: skip
            take.take_over(migration, migration.filling, connection, outdated)
            for source in migration.sources:
                state.note_source(connection, source, migration.digest(source))
            return
        for source in migration.sources:
            _refuse_loss(migration, source, connection)
            _drop_outdated(migration, source, connection)
        for source in migration.sources:
            run_statement(connection, f"CREATE SCHEMA IF NOT EXISTS {quote(source.schema)}", source.schema)
            state.note_source(connection, source, migration.digest(source))
        ours = state.relations(connection)
        steps = {(step.schema, step.table): step for step in migration.before}
        for source in migration.sources:
            for table in source.tables:
                if (table.schema, table.name) not in ours:
                    _make(connection, steps[(table.schema, table.name)], table.label)
                    state.note_table(connection, table, source.schema)


def _make(connection: Connection, step: Step, label: str) -> None:
    """The table; without the columns it computes, when PostgreSQL refuses those (`not_computed` tells)."""
    import psycopg2

    if not step.otherwise:
        run_statement(connection, step.sql, label)
        return
    run_statement(connection, "SAVEPOINT computing", label)
    try:
        run_statement(connection, step.sql, label)
    except (psycopg2.ProgrammingError, psycopg2.NotSupportedError):
        run_statement(connection, "ROLLBACK TO SAVEPOINT computing", label)
        run_statement(connection, step.otherwise[0].sql, label)


def _check_server(connection: Connection) -> None:
    encoding, standby, database = _one(
        connection,
        "SELECT current_setting('server_encoding'), pg_is_in_recovery(), current_database()",
    )
    if encoding != "UTF8":
        raise NotReady(
            f"the database `{database}` is in {encoding}, which cannot hold every text",
            hint=f"CREATE DATABASE {quote(database)} ENCODING 'UTF8' TEMPLATE template0",
        )
    if standby:
        raise NotReady("the server is a standby and takes no writes", hint="give the URL of its primary")


def _check_rights(connection: Connection, schema: str) -> None:
    there, in_schema = _one(
        connection,
        "SELECT oid IS NOT NULL, has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE')"
        f" FROM to_regnamespace({literal(quote(schema))}) AS oid",
    )
    user, database, in_database, noted = _one(
        connection,
        "SELECT current_user, current_database(), has_database_privilege(current_database(), 'CREATE'),"
        " to_regnamespace('_gigops') IS NOT NULL",
    )
    if there and not in_schema:
        raise NotReady(
            f"`{user}` may not create tables in the schema `{schema}`",
            hint=f"as its owner: GRANT USAGE, CREATE ON SCHEMA {quote(schema)} TO {quote(user)}",
        )
    if not in_database and not (there and noted):
        raise NotReady(
            f"`{user}` may not create schemas in the database `{database}`",
            hint=f"as its owner: GRANT CREATE ON DATABASE {quote(database)} TO {quote(user)}",
        )


def _check_contents(migration: Migration, connection: Connection, into_existing: bool) -> None:
    filled = held.filled(connection)
    ours = {
        key for key, (oid, source, schema) in state.relations(connection).items()
        if oid not in filled
        and any(str(s.origin) == source and s.schema == schema for s in migration.sources)
    }  # fmt: skip
    ours |= {(schema, name) for kind, schema, name, source in made.there(connection)
             if kind == "view" and any(str(s.origin) == source for s in migration.sources)}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid"
            " AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')"
            " ORDER BY 1, 2",
            (list(migration.schemas),),
        )
        others = [row for row in cursor.fetchall() if row not in ours]
    wanted = {(table.schema, table.name) for table in migration.tables}
    clashes = [f"{schema}.{name}" for schema, name in others if (schema, name) in wanted]
    if clashes:
        raise Refused(
            f"the target already has {_listed(clashes)}, which gigops did not make",
            hint="give another schema: --schema-name NAME",
        )
    if others and not into_existing:
        raise Refused(
            f"the target is not empty: it has {_listed([f'{schema}.{name}' for schema, name in others])}",
            hint="put the tables beside them (--into-existing), or into another schema (--schema-name NAME)",
        )


def refuse_opened(source: SourcePlan, connection: Connection) -> None:
    known = state.known(connection, source) if state.exists(connection) else None
    if known and known.opened:
        raise Refused(
            f"the application already works on the tables of `{source.origin.name}` in PostgreSQL",
            hint="to copy them once more beside these, give another schema: --schema-name NAME",
        )


def _refuse_loss(migration: Migration, source: SourcePlan, connection: Connection) -> None:
    """Tables that would be made anew must hold nothing but what gigops copied into them."""
    refuse_opened(source, connection)
    for schema, name, oid in _outdated(migration, source, connection):
        if state.written_by_others(connection, f"{quote(schema)}.{quote(name)}", oid):
            raise Refused(
                f"`{source.origin.name}` changed since it was copied, and so did its table"
                f" `{schema}.{name}` in PostgreSQL: copying anew would lose those rows",
                hint="give another schema with --schema-name NAME, or drop the tables yourself",
            )


def _checked_outdated(
    migration: Migration, source: SourcePlan, connection: Connection
) -> list[tuple[str, str, int]]:
    _refuse_loss(migration, source, connection)
    return _outdated(migration, source, connection)


def _outdated(migration: Migration, source: SourcePlan, connection: Connection) -> list[tuple[str, str, int]]:
    known = state.known(connection, source) if state.exists(connection) else None
    if known is None or (known.fingerprint, known.digest) == (source.fingerprint, migration.digest(source)):
        return []
    filled = held.filled(connection)  # which gigops may empty, and never drops
    return [
        (schema, name, oid)
        for (schema, name), (oid, origin, of) in state.relations(connection).items()
        if origin == str(source.origin)
        and of == source.schema
        and (oid in filled) == (migration.filling is not None)
    ]


def _drop_outdated(migration: Migration, source: SourcePlan, connection: Connection) -> None:
    import psycopg2

    outdated = _outdated(migration, source, connection)
    if not outdated:
        return
    names = ", ".join(f"{quote(schema)}.{quote(name)}" for schema, name, _ in outdated)
    try:
        with connection.cursor() as cursor:
            for statement in [*made.drop_statements(connection, source), f"DROP TABLE {names}"]:
                cursor.execute(statement)
    except psycopg2.errors.DependentObjectsStillExist as error:
        raise Refused(
            f"the tables of an earlier run cannot be made anew: {reason(error)}",
            hint="drop what depends on them, or give another schema: --schema-name NAME",
        ) from None
    state.forget_tables(connection, [oid for _, _, oid in outdated])


def run_statement(connection: Connection, sql: str, what: str) -> None:
    """Runs `sql`. Raises NotReady (disk full, no right, connection lost) and Refused; what PostgreSQL says
    against the data or the statement goes on as psycopg2's error."""
    import psycopg2

    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    except psycopg2.errors.DiskFull:
        raise NotReady(
            f"the server has no disk space left (at `{what}`)",
            hint="free some space and run the same command again: it goes on from here",
        ) from None
    except psycopg2.errors.InsufficientPrivilege as error:
        raise NotReady(
            f"not allowed: {reason(error)}", hint="ask the database's owner for the right"
        ) from None
    except psycopg2.errors.ProgramLimitExceeded as error:
        if sql.startswith("CREATE TABLE"):
            raise Refused(f"`{what}` is too wide for PostgreSQL: {reason(error)}") from None
        raise
    except psycopg2.OperationalError as error:
        raise NotReady(
            f"PostgreSQL failed at `{what}`: {reason(error)}",
            hint="run the same command again: it goes on from here",
        ) from None


def _one(connection: Connection, sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() or ()


def reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
