"""Restores a dump into a PostgreSQL database that holds nothing else, and proves its row counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.backup import naming, postgres_source
from ops.backup.fetch import fetch
from ops.backup.manifest import Locale, Manifest
from ops.backup.rows import must_be_equal
from ops.backup.workroom import workroom
from ops.database.connect import connect
from ops.errors import Busy, GigopsError, NotReady, Refused
from ops.interfaces import ObjectStore, PgTools, Reporter
from ops.values import DatabaseUrl, redact

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

# Whoever restores owns all: the roles that owned and were granted need not exist on this server.
_OPTIONS = ("--no-owner", "--no-acl")
_OTHERS = """
SELECT count(*)
FROM (SELECT oid, 'pg_class'::regclass AS kind, relnamespace AS space FROM pg_class
      UNION ALL SELECT oid, 'pg_proc'::regclass, pronamespace FROM pg_proc) o
JOIN pg_namespace n ON n.oid = o.space
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = kind AND d.objid = o.oid AND d.deptype = 'e')
"""


@dataclass(frozen=True)
class IntoPostgres:
    """Restores dumps of `store`; `work` is where a dump lies while its hash is proved and it is read.

    `maker` is a login of the server that may create databases, for an application's role that may not;
    it makes the database and gives it to that role, and does nothing else."""

    store: ObjectStore
    tools: PgTools
    work: Path
    reporter: Reporter
    maker: DatabaseUrl | None = None

    def beside(self, manifest: Manifest, current: DatabaseUrl) -> DatabaseUrl:
        """Restores into a new database on the server of `current`, whose data is not touched.

        A database that a killed restore of the same backup left half-filled is known by its comment,
        and made anew; any other of that name is refused. A restore that fails takes its own away."""
        name = naming.restored_database(current.database, manifest.id)
        target = current.with_database(name)
        making = self.maker or current
        with _cursor(making) as cursor:
            _make_room(cursor, name, manifest.id, making)
        with self._fetched(manifest) as archive:
            self.reporter.say(f"restoring into the new database {name}")
            with _cursor(making) as cursor:
                _create(cursor, name, manifest, owner=current.user if self.maker else "")
            try:
                self._fill(archive, manifest, target)
            except BaseException:
                with suppress(GigopsError), _cursor(making) as cursor:
                    cursor.execute(f"DROP DATABASE IF EXISTS {_identifier(cursor, name)} WITH (FORCE)")
                raise
            with _cursor(making) as cursor:
                _comment(cursor, name, _done(manifest.id))
        return target

    def into(self, manifest: Manifest, target: DatabaseUrl) -> DatabaseUrl:
        """Restores into the existing database `target`, which must be empty; in one transaction where
        the versions allow it, so that a failure leaves it empty."""
        with _cursor(target) as cursor:
            if _holds_something(cursor):
                raise Refused(
                    f"the database `{target.database}` is not empty, and a restore never overwrites",
                    hint="make an empty one, or leave --to away: then gigops makes it",
                )
        with self._fetched(manifest) as archive:
            self.reporter.say(f"restoring into {target}")
            try:
                self._fill(archive, manifest, target, "--single-transaction")
            except GigopsError as error:
                with _cursor(target) as cursor:
                    if _holds_something(cursor):
                        error.hint += f"; make `{target.database}` anew before: it is partly filled"
                raise
        return target

    @contextmanager
    def _fetched(self, manifest: Manifest) -> Iterator[Path]:
        """The dump as a private file, its hash proved."""
        with workroom(self.work) as room:
            archive = room / "database.dump"
            self.reporter.detail(f"fetching {manifest.bytes} bytes from {self.store.describe()}")
            fetch(self.store, manifest, manifest.items[0], archive)
            yield archive

    def _fill(self, archive: Path, manifest: Manifest, target: DatabaseUrl, *options: str) -> None:
        with archive.open("rb") as data:
            self.tools.restore(data, target, options=(*_OPTIONS, *options))
        with _cursor(target) as cursor:
            cursor.execute("SET row_security = off")
            cursor.execute(postgres_source.TABLES)
            tables = [(str(schema), str(table)) for schema, table in cursor.fetchall()]
            must_be_equal(manifest.tables, postgres_source.count_rows(cursor, tables))
            cursor.execute("ANALYZE")


def _make_room(cursor: Cursor, name: str, backup_id: str, url: DatabaseUrl) -> None:
    cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    row = cursor.fetchone()
    if not row or not row[0]:
        raise NotReady(
            f"the role `{url.user}` may not create databases, and a restore needs a new one",
            hint=f'as a superuser: ALTER ROLE "{url.user}" CREATEDB; or give an empty database with --to URL',
        )
    cursor.execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s",
        (name,),
    )
    found = cursor.fetchone()
    if not found:
        return
    if found[0] != _begun(backup_id):
        raise Refused(
            f"the database `{name}` exists already on this server",
            hint=f"use it, or drop it first: DROP DATABASE {name}",
        )
    _dropped(cursor, name)


def _dropped(cursor: Cursor, name: str) -> None:
    import psycopg2.errors

    try:
        cursor.execute(f"DROP DATABASE {_identifier(cursor, name)}")
    except psycopg2.errors.ObjectInUse:
        raise Busy(
            f"another restore is filling `{name}` right now", hint="wait for it, or end its session"
        ) from None


def _create(cursor: Cursor, name: str, manifest: Manifest, *, owner: str) -> None:
    from psycopg2 import sql

    locale = manifest.locale or Locale("UTF8", "C", "C")
    words = "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
    values = [locale.encoding, locale.collate, locale.ctype]
    if locale.provider == "i":
        words += " LOCALE_PROVIDER icu ICU_LOCALE {}"
        values.append(locale.locale)
    elif locale.provider == "b":
        words += " LOCALE_PROVIDER builtin BUILTIN_LOCALE {}"
        values.append(locale.locale)
    statement = sql.SQL(words).format(sql.Identifier(name), *map(sql.Literal, values))
    if owner:
        statement += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
    cursor.execute(statement)
    _comment(cursor, name, _begun(manifest.id))


def _holds_something(cursor: Cursor) -> bool:
    cursor.execute(_OTHERS)
    row = cursor.fetchone()
    return bool(row and row[0])


def _comment(cursor: Cursor, name: str, text: str) -> None:
    from psycopg2 import sql

    cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text)))


def _begun(backup_id: str) -> str:
    return f"gigops: being restored from backup {backup_id}"


def _done(backup_id: str) -> str:
    return f"gigops: restored from backup {backup_id}"


def _identifier(cursor: Cursor, name: str) -> str:
    from psycopg2 import sql

    return sql.Identifier(name).as_string(cursor)


@contextmanager
def _cursor(url: DatabaseUrl) -> Iterator[Cursor]:
    """A cursor outside any transaction (CREATE DATABASE asks for that); the server's words as ours."""
    import psycopg2

    with closing(connect(url, application_name="gigops restore", autocommit=True)) as connection:
        try:
            with connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            text = redact(str(error), url.password).strip().splitlines()
            raise NotReady(
                f"the server at {url.host}:{url.port} refuses: {text[0] if text else type(error).__name__}",
                hint="a database made by hand can be given with --to URL",
            ) from None
