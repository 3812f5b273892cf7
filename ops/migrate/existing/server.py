"""Asks PostgreSQL what its own types make of texts: its input functions, and the CHECKs of domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.migrate.target import reason

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


@dataclass(frozen=True)
class Server:
    """A connection that reads only; `type` is always a type as PostgreSQL names it, ready for SQL."""

    connection: Connection

    def canonical(self, type_: str, texts: Sequence[str]) -> list[str]:
        """Each text as PostgreSQL writes the value that it reads there. Raises psycopg2's DataError or
        IntegrityError when it takes one for no value of the type."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"SELECT x::{type_}::text FROM unnest(%s::text[]) WITH ORDINALITY AS t (x, n) ORDER BY n",
                (list(texts),),
            )
            return [row[0] for row in cursor.fetchall()]

    def refused(self, type_: str, texts: Sequence[str]) -> Mapping[str, str]:
        """Text → PostgreSQL's reason, for the texts that are no value of the type."""
        import psycopg2

        if not texts:
            return {}
        with self.connection.cursor() as cursor:
            cursor.execute("SAVEPOINT asked")
            try:
                self.canonical(type_, texts)
                cursor.execute("RELEASE SAVEPOINT asked")
                return {}
            except (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.NotSupportedError) as error:
                cursor.execute("ROLLBACK TO SAVEPOINT asked")
                if len(texts) == 1:
                    return {texts[0]: reason(error)}
        half = len(texts) // 2
        return {**self.refused(type_, texts[:half]), **self.refused(type_, texts[half:])}
