"""What the tests of `--schema existing` share: tables as an application makes them, and their filling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from ops.database.connect import connect
from ops.migrate.run import Migrated, Wanted
from ops.migrate.run import migrate as run
from ops.settings import Source, Target
from ops.values import DatabaseUrl, Secret
from tests.service.migrating import QUIET, NoHurry, query

PEOPLE = """
CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, boss INTEGER REFERENCES people (id));
INSERT INTO people VALUES (1, 'ana', 3), (2, '', 1), (3, 'bo', NULL);
"""
PEOPLE_THERE = """
CREATE TABLE people (boss int REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED, name varchar(9),
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
"""


def fill(url: DatabaseUrl, folder: Path, path: Path, **target: object) -> Migrated:
    into = Target(tables="existing", **target)  # type: ignore[arg-type]
    wanted = Wanted([Source(path)], url, folder / "snapshots", target=into)
    return run(wanted, QUIET, NoHurry())


def there(url: DatabaseUrl, sql: str) -> None:
    with closing(connect(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def guest(server: DatabaseUrl, url: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """A role that may read and write the tables of `url`, and owns none of them."""
    name = f"{url.database}_guest"
    there(server, f"CREATE ROLE {name} LOGIN PASSWORD 'guest-secret'")
    there(url, f"GRANT CREATE ON DATABASE {url.database} TO {name}")
    there(url, f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
    there(url, f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    own = replace(url, user=name, password=Secret("guest-secret"))
    try:
        yield own
    finally:
        there(replace(server, database=url.database), f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def keys(url: DatabaseUrl) -> list[tuple[object, ...]]:
    return query(
        url,
        "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE contype = 'f' ORDER BY 1",
    )
