"""Which database the variables mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.database.environment import Postgres, Sqlite, meant
from ops.errors import UsageError
from ops.values import DatabaseUrl, Secret

APP = Path("app.db")
PG = "postgresql://ana:s3cret%40@db.example:6432/shop?sslmode=require"
MOVED = Postgres(DatabaseUrl("db.example", 6432, "shop", "ana", Secret("s3cret@"), (("sslmode", "require"),)))
PARTS = {"DB_HOST": "h", "DB_NAME": "n", "DB_USER": "u", "DB_PASSWORD": "p:w"}
FROM_PARTS = Postgres(DatabaseUrl("h", 5432, "n", "u", Secret("p:w")))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, Sqlite(APP)),
        ({"DATABASE_TYPE": "", "DATABASE_URL": ""}, Sqlite(APP)),
        ({"DATABASE_TYPE": "sqlite"}, Sqlite(APP)),
        ({"DATABASE_TYPE": "sqlite", "DATABASE_URL": PG}, Sqlite(APP)),
        ({"DATABASE_URL": "sqlite:///other.db"}, Sqlite(APP)),
        ({"DATABASE_URL": PG}, MOVED),
        ({"DATABASE_TYPE": " PostgreSQL ", "DATABASE_URL": PG}, MOVED),
        ({"DATABASE_TYPE": "postgres", "POSTGRES_URL": PG}, MOVED),
        ({"DATABASE_TYPE": "postgres", "POSTGRESQL_URL": PG}, MOVED),
        ({"DATABASE_TYPE": "postgresql", "DATABASE_URL": "sqlite:///a.db", "POSTGRES_URL": PG}, MOVED),
        ({"DATABASE_URL": "sqlite:///a.db", "POSTGRES_URL": PG}, Sqlite(APP)),
        ({"DATABASE_URL": PG, "POSTGRES_URL": "postgresql://other/db"}, MOVED),
        (PARTS, FROM_PARTS),
        ({"DB_HOST": "h"}, Sqlite(APP)),
        ({**PARTS, "DATABASE_TYPE": "sqlite"}, Sqlite(APP)),
    ],
)
def test_the_type_decides_then_the_url_then_the_parts(
    variables: dict[str, str], expected: Sqlite | Postgres
) -> None:
    assert meant(variables, APP) == expected


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///app.db", "app.db"),
        ("sqlite:////srv/my%20app.db", "/srv/my app.db"),
        ("sqlite:///data/app.db?mode=rw", "data/app.db"),
    ],
)
def test_a_sqlite_url_is_read_when_no_path_was_given(url: str, path: str) -> None:
    assert meant({"DATABASE_URL": url}, None) == Sqlite(Path(path))


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "no database is named"),
        ({"DATABASE_TYPE": "mysql"}, "mysql"),
        ({"DATABASE_TYPE": "postgresql"}, "no PostgreSQL is named"),
        ({"DATABASE_TYPE": "postgresql", "DB_HOST": "h"}, "no PostgreSQL is named"),
        ({"DATABASE_URL": "mysql://u:hunter22@h/d"}, "mysql"),
        ({**PARTS, "DB_PORT": "five"}, "DB_PORT"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, ":memory:"),
    ],
)
def test_half_a_name_is_an_error_that_keeps_the_password(variables: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        meant(variables, None)
    assert "hunter22" not in str(caught.value)
    assert caught.value.hint
