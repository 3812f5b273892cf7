"""What several service tests start from: both kinds of store, a shop's database, one backup of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.values import DatabaseUrl, Secret
from tests.service.backing import (
    AWKWARD,
    Place,
    clean_server,
    execute,
    folder_place,
    s3_place,
    taker,
)


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return folder_place(tmp_path / "backups")
    server = request.getfixturevalue("aws_environment")
    return s3_place(server, request.getfixturevalue("bucket"))


@pytest.fixture(scope="module")
def shop(server: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """A database whose dump is larger than two parts of an upload, owned by a role that may make others."""
    execute(server, f"CREATE ROLE shop LOGIN CREATEDB PASSWORD '{AWKWARD.replace(chr(39), chr(39) * 2)}'")
    execute(server, "CREATE DATABASE shop OWNER shop")
    url = replace(server, database="shop", user="shop", password=Secret(AWKWARD))
    execute(
        url,
        "CREATE SCHEMA side",
        'CREATE TABLE side."Odd ""name" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Größe" text)',
        'INSERT INTO side."Odd ""name" ("Größe") SELECT repeat(\'ä\', g) FROM generate_series(1, 7) g',
        "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL UNIQUE)",
        "INSERT INTO users SELECT g, 'user ' || g FROM generate_series(1, 500) g",
        "CREATE TABLE empty (id int REFERENCES users)",
        "CREATE TABLE blobs (id int PRIMARY KEY, data bytea)",
        "INSERT INTO blobs SELECT g, decode((SELECT string_agg(md5(g || '-' || i), '') FROM"
        " generate_series(1, 256) i), 'hex') FROM generate_series(1, 2300) g",
        "CREATE VIEW names AS SELECT name FROM users",
    )
    with clean_server(server):
        yield url
    execute(server, "DROP DATABASE shop WITH (FORCE)", "DROP ROLE shop")


@pytest.fixture(scope="module")
def kept(shop: DatabaseUrl, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One backup in a folder, for the tests of restoring."""
    root = tmp_path_factory.mktemp("kept")
    place = folder_place(root / "backups")
    taker(place.store, shop, root / "work").take()
    return place
