"""Which database, which client program, which part size: the decisions, without the outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.backup import rows
from ops.backup.manifest import TableRows
from ops.backup.origin import Postgres, SqliteFiles, from_env
from ops.clients import libpq, s3parts
from ops.clients.pgversions import Client, for_archive, for_server, needed_for
from ops.errors import Refused, UsageError, VerificationFailed
from ops.values import DatabaseUrl

BASE, FILES = Path("/srv/app"), [Path("/srv/app/a.db"), Path("/srv/app/b.db")]


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({}, "sqlite"),
        ({"DATABASE_TYPE": "sqlite", "DATABASE_URL": "postgresql://h/d"}, "sqlite"),
        ({"DATABASE_URL": "sqlite:///a.db"}, "sqlite"),
        ({"DATABASE_TYPE": "PostgreSQL", "DATABASE_URL": "postgres://u:p@h:7/d"}, "postgresql"),
        ({"DATABASE_URL": "postgresql+psycopg2://u:p@h:7/d"}, "postgresql"),
        ({"DATABASE_TYPE": "postgresql", "DB_HOST": "h", "DB_NAME": "d"}, "postgresql"),
    ],
)
def test_the_database_is_the_one_the_env_file_names(variables: dict[str, str], kind: str) -> None:
    found = from_env(variables, FILES, BASE)
    if kind == "sqlite":
        assert found == SqliteFiles(tuple(FILES))
    else:
        assert isinstance(found, Postgres)
        assert (found.url.host, found.url.database) == ("h", "d")


def test_a_sqlite_url_is_enough_without_sources() -> None:
    found = from_env({"DATABASE_URL": "sqlite:///data/a.db"}, [], BASE)
    assert found == SqliteFiles((Path("/srv/app/data/a.db"),))
    with pytest.raises(UsageError):
        from_env({}, [], BASE)


def client(version: str) -> Client:
    return Client(Path("/x") / version, version)


@pytest.mark.parametrize(
    ("server", "have", "taken"),
    [
        (15, ["17.2", "15.3", "15.10", "16.1"], "15.10"),
        (15, ["18.1", "17.2", "14.9"], "17.2"),
        (17, ["15.3", "16.9"], None),
        (15, [], None),
    ],
)
def test_a_server_is_dumped_by_its_own_major_or_a_newer_one(
    server: int, have: list[str], taken: str | None
) -> None:
    found = for_server(server, [client(version) for version in have])
    assert (found.version if found else None) == taken


@pytest.mark.parametrize(
    ("needed", "server", "have", "taken"),
    [
        (12, 15, ["15.1", "17.2"], "15.1"),
        (17, 15, ["15.1", "17.2", "18.0"], "17.2"),
        (12, 17, ["15.1", "16.3"], "16.3"),
        (17, 17, ["15.1", "16.3"], None),
    ],
)
def test_an_archive_is_read_by_a_client_that_knows_its_format(
    needed: int, server: int, have: list[str], taken: str | None
) -> None:
    found = for_archive(needed, server, [client(version) for version in have])
    assert (found.version if found else None) == taken


def test_the_archives_header_says_who_can_read_it() -> None:
    headers = {b"PGDMP\x01\x0e\x00": 12, b"PGDMP\x01\x0f\x00": 16, b"PGDMP\x01\x10\x00": 17}
    assert {header: needed_for(header) for header in headers} == headers
    assert needed_for(b"PGDMP\x01\x11\x00") == 18
    assert needed_for(b"-- SQL") == needed_for(b"") == 0


@given(st.integers(0, 5 << 40))
def test_every_database_fits_the_parts_of_an_upload(expected: int) -> None:
    size = s3parts.part_size(expected)
    assert size >= 8 << 20
    assert size % (1 << 20) == 0
    assert size * s3parts.MOST >= expected * 1.2
    assert size <= max(8 << 20, expected * 2 // s3parts.MOST + (1 << 20))


def test_the_connection_words_never_hold_the_password() -> None:
    url = DatabaseUrl.parse("postgresql://u:pass-1@h:5/d'b?sslmode=require&password=pass-2&connect_timeout=3")
    words = libpq.conninfo(url)
    assert "pass-" not in words
    assert "dbname='d\\'b'" in words
    assert "sslmode='require'" in words
    assert "connect_timeout='3'" in words
    secret = libpq.password_of(url)
    assert secret is not None
    assert secret.reveal() == "pass-1"
    with pytest.raises(Refused, match="sslpassword"):
        libpq.conninfo(DatabaseUrl.parse("postgresql://h/d?sslpassword=secret"))


def test_each_difference_in_rows_is_named() -> None:
    wanted = [TableRows("s", "a", 1), TableRows("s", "b", 2), TableRows("s", "c", 3)]
    rows.must_be_equal(wanted, list(reversed(wanted)))
    with pytest.raises(VerificationFailed) as caught:
        rows.must_be_equal(wanted, [TableRows("s", "a", 1), TableRows("s", "b", 9), TableRows("t", "c", 3)])
    assert "`s.b` has 9 rows instead of 2" in caught.value.message
    assert "`s.c` is missing" in caught.value.message
    assert "`t.c` is not in the manifest" in caught.value.message
