"""A PostgreSQL that the user has already: looked at, never made, never removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.database.connect import connect
from ops.database.pooler import check_sessions
from ops.errors import GigopsError, NotReady, Refused, UsageError
from ops.interfaces import Reporter
from ops.provision import login
from ops.provision.provider import Server
from ops.settings import Target
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_RIGHTS = """
SELECT has_database_privilege(current_database(), 'CREATE'),
       pg_is_in_recovery(),
       (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = %s),
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'
           AND n.nspname NOT IN ('information_schema', '_gigops'))
"""


@dataclass(frozen=True)
class Facts:
    """What the database says about itself and about our rights in it.

    `may_use_schema` is None where the schema does not exist yet."""

    version: str
    may_create: bool
    is_replica: bool
    may_use_schema: bool | None
    tables: int


@dataclass(frozen=True)
class Existing:
    """The database at `target.url`."""

    target: Target
    reporter: Reporter

    @property
    def name(self) -> str:
        return "url"

    def find(self) -> Server | None:
        url = self._url()
        try:
            facts = self._look(url)
        except GigopsError as error:
            return Server(self.name, url.host, url, "", "broken", error.message)
        trouble = _trouble(facts, url, self.target.schema)
        if trouble:
            return Server(self.name, url.host, url, facts.version, "broken", trouble.message)
        return Server(self.name, url.host, url, facts.version, "running", _contents(facts, url))

    def plan(self) -> Sequence[str]:
        server = self.create()
        return [
            f"nothing to do: PostgreSQL {server.version} at {server.url} is the user's own; {server.detail}"
        ]

    def create(self) -> Server:
        """Checks, and makes nothing."""
        url = self._url()
        facts = self._look(url)
        if trouble := _trouble(facts, url, self.target.schema):
            raise trouble
        if facts.tables and not self.target.into_existing:
            self.reporter.warn(
                f"the database `{url.database}` is not empty: it holds {facts.tables} tables and views",
                hint="name an empty one, or allow it with target.into_existing",
            )
        return Server(self.name, url.host, url, facts.version, "running", _contents(facts, url))

    def destroy(self, *, delete_data: bool) -> Sequence[str]:
        del delete_data
        url = self._url()
        raise Refused(
            f"gigops did not make the database `{url.database}` at {url.host}:{url.port}",
            hint="remove it with the tools it was made with",
        )

    def _url(self) -> DatabaseUrl:
        if self.target.url is None:
            raise UsageError(
                "the provider `url` needs the address of a PostgreSQL",
                hint="set GIGOPS_TARGET_URL=postgresql://user:password@host:5432/database",
            )
        return self.target.url

    def _look(self, url: DatabaseUrl) -> Facts:
        check_sessions(url)
        link = connect(url, autocommit=True)
        try:
            return _facts(link, self.target.schema)
        finally:
            link.close()


def _facts(link: Connection, schema: str) -> Facts:
    version = login.version_of(link)
    with link.cursor() as cursor:
        cursor.execute(_RIGHTS, (schema,))
        row = cursor.fetchone()
    assert row is not None
    return Facts(version, row[0], row[1], row[2], row[3])


def _trouble(facts: Facts, url: DatabaseUrl, schema: str) -> NotReady | None:
    """Why the database cannot be moved into, or None."""
    where = f"`{url.database}` at {url.host}:{url.port}"
    if facts.is_replica:
        return NotReady(f"{where} is a read-only replica", hint="name the primary server in the URL")
    if not facts.may_create:
        return NotReady(
            f"`{url.user}` may not create schemas in the database {where}",
            hint=f'as its owner: GRANT CREATE ON DATABASE "{url.database}" TO "{url.user}"',
        )
    if facts.may_use_schema is False:
        return NotReady(
            f"`{url.user}` may not create tables in the schema `{schema}` of {where}",
            hint=f'as its owner: GRANT CREATE, USAGE ON SCHEMA "{schema}" TO "{url.user}"',
        )
    return None


def _contents(facts: Facts, url: DatabaseUrl) -> str:
    held = f"{facts.tables} tables and views" if facts.tables else "empty"
    return f"database `{url.database}` at {url.host}:{url.port}, {held}"
