"""The move that the steps work on: its SQLite files, its server, and what a survey says of the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.errors import NotReady
from ops.provision.provider import Provider, Server
from ops.settings import Settings
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

    from ops.migrate.migration import Migration


@dataclass
class Move:
    """Hands the steps a fresh connection or survey when they ask; remembers only the last survey."""

    settings: Settings
    provider: Provider
    _migration: Migration | None = None

    def server(self) -> Server:
        """The server, running. Raises NotReady."""
        found = self.provider.find()
        if found is None or found.state != "running":
            raise NotReady(
                f"the {self.provider.name} PostgreSQL is not running", hint="gigops provision; gigops status"
            )
        return found

    def url(self) -> DatabaseUrl:
        return self.server().url

    def connect(self) -> Connection:
        """A session without the role's time limits."""
        from ops.migrate.session import open_session

        return open_session(self.url())

    def survey(self, *, frozen: bool = False) -> Migration:
        """Reads the files anew: what they hold now, and what it becomes in PostgreSQL. Their pages were
        checked before they were frozen."""
        from ops.migrate.survey import survey

        target = self.settings.target
        url = self.url() if target.tables == "existing" else None
        self._migration = survey(self.settings.sources, target, url=url, whole=not frozen, still=frozen)
        return self._migration

    def migration(self) -> Migration:
        """The last survey, or a first one."""
        return self._migration or self.survey()
