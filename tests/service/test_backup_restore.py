"""Restoring into PostgreSQL: checked before anything is made, all or nothing, never over what is there."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ops.backup import catalogue
from ops.errors import GigopsError, Missing, NotReady, Refused, VerificationFailed
from ops.values import DatabaseUrl, Secret
from tests.servers.s3 import S3Server
from tests.service.backing import (
    TOOLS,
    Place,
    clean_server,
    contents,
    execute,
    folder_place,
    restored_databases,
    restorer,
    s3_place,
    taker,
)

_numbers = count(1)


def damaged(data: bytes, how: str) -> bytes:
    middle = len(data) // 2
    return {
        "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "truncated": data[:-2],
        "emptied": b"",
    }[how]


@pytest.mark.parametrize("how", ["flipped", "truncated", "emptied"])
@pytest.mark.parametrize("file", ["database.dump", "manifest.json"])
def test_a_damaged_backup_is_refused_before_anything_is_made(
    kept: Place, shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path, how: str, file: str
) -> None:
    shutil.copytree(kept.store.describe(), tmp_path / "backups")
    (path,) = (tmp_path / "backups").rglob(file)
    path.write_bytes(damaged(path.read_bytes(), how))
    before = restored_databases(server)
    back = restorer(folder_place(tmp_path / "backups").store, tmp_path / "work", shop)

    with pytest.raises(VerificationFailed) as caught:
        back.restore(back.find("latest"))

    assert "backup list" in caught.value.hint
    assert restored_databases(server) == before
    assert not [path for path in (tmp_path / "work").rglob("*") if path.is_file()]


def test_damage_in_a_bucket_is_refused_too(
    aws_environment: S3Server, bucket: str, shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path
) -> None:
    place = s3_place(aws_environment, bucket)
    taker(place.store, shop, tmp_path / "work").take()
    (key,) = (found.key for found in place.store.list("v1/shop/") if found.key.endswith(".dump"))
    with place.store.open(key) as data:
        whole = data.read()
    back = restorer(place.store, tmp_path / "work", shop)
    before = restored_databases(server)
    for how in ("flipped", "truncated"):
        place.replace(key, damaged(whole, how))
        with pytest.raises(VerificationFailed):
            back.restore(back.find("latest"))
    assert restored_databases(server) == before


def test_a_backup_whose_dump_is_gone_says_so(shop: DatabaseUrl, tmp_path: Path) -> None:
    place = folder_place(tmp_path / "backups")
    taken = taker(place.store, shop, tmp_path / "work").take()
    place.store.delete(next(f.key for f in place.store.list() if f.key.endswith("database.dump")))
    back = restorer(place.store, tmp_path / "work", shop)

    with pytest.raises(VerificationFailed, match="is gone"):
        back.restore(back.find(taken.id))


def test_a_second_restore_of_the_same_backup_is_refused_and_a_killed_one_is_taken_up(
    kept: Place, shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path
) -> None:
    back = restorer(kept.store, tmp_path / "work", shop)
    manifest = back.find("latest")
    url = back.restore(manifest).url
    assert url is not None

    with pytest.raises(Refused, match="exists already"):
        back.restore(manifest)

    # what a restore killed by SIGKILL leaves: its database, half filled, with the mark of its beginning
    mark = f"gigops: being restored from backup {manifest.id}"
    execute(url, "TRUNCATE blobs", f"COMMENT ON DATABASE {url.database} IS '{mark}'")
    again = back.restore(manifest).url
    assert again == url
    assert contents(url) == contents(shop)
    execute(server, f"DROP DATABASE {url.database} WITH (FORCE)")


def test_a_role_that_may_not_make_databases_is_told_both_ways_out(
    kept: Place, database: DatabaseUrl, server: DatabaseUrl, tmp_path: Path
) -> None:
    back = restorer(kept.store, tmp_path / "work", database)

    with pytest.raises(NotReady, match="may not create databases") as caught:
        back.restore(back.find("latest"))

    assert "CREATEDB" in caught.value.hint
    assert "--to" in caught.value.hint
    with clean_server(server):
        helped = restorer(kept.store, tmp_path / "work", database, maker=server)
        url = helped.restore(helped.find("latest")).url
        assert url is not None
        assert url.user == database.user
        assert execute(url, "SELECT count(*) FROM users") == [(500,)]


def test_an_existing_database_is_filled_only_when_it_is_empty(
    kept: Place, database: DatabaseUrl, tmp_path: Path
) -> None:
    back = restorer(kept.store, tmp_path / "work")
    manifest = back.find("latest")
    execute(database, "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    with pytest.raises(Refused, match="not empty"):
        back.restore(manifest, database.reveal())

    execute(database, "DROP FUNCTION mine", "CREATE TABLE mine (id int)")
    with pytest.raises(Refused, match="not empty"):
        back.restore(manifest, database.reveal())

    assert execute(database, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [
        ("mine",)
    ]
    execute(database, "DROP TABLE mine")
    done = back.restore(manifest, database.reveal())
    assert done.url == database
    assert execute(database, "SELECT count(*) FROM blobs") == [(2300,)]


class Losing:
    """Tools with which a row gets lost on the way."""

    def __init__(self, statement: str) -> None:
        self.statement = statement

    dump = staticmethod(TOOLS.dump)
    versions = staticmethod(TOOLS.versions)

    def restore(self, archive: BinaryIO, url: DatabaseUrl, *, options: Any = ()) -> None:
        TOOLS.restore(archive, url, options=options)
        execute(url, self.statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM users WHERE id = 7", "`public.users` has 499 rows instead of 500"),
        ("DROP TABLE empty", "`public.empty` is missing"),
        ("CREATE TABLE stranger ()", "`public.stranger` is not in the manifest"),
    ],
)
def test_a_restore_that_loses_something_fails_and_takes_its_database_away(
    kept: Place, shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path, statement: str, said: str
) -> None:
    back = restorer(kept.store, tmp_path / "work", shop, tools=Losing(statement))
    before = restored_databases(server)

    with pytest.raises(VerificationFailed) as caught:
        back.restore(back.find("latest"))

    assert said in caught.value.message
    assert restored_databases(server) == before


def test_a_failing_pg_restore_fails_the_restore(kept: Place, database: DatabaseUrl, tmp_path: Path) -> None:
    with kept.store.open(next(f.key for f in kept.store.list() if f.key.endswith("dump"))) as archive:
        whole = archive.read()
    cut = tmp_path / "cut.dump"
    cut.write_bytes(whole[: len(whole) // 2])

    with cut.open("rb") as data, pytest.raises(NotReady, match=r"pg_restore .* exited with 1"):
        TOOLS.restore(data, database, options=("--no-owner", "--no-acl", "--single-transaction"))

    assert execute(database, "SELECT to_regclass('users')") == [(None,)]
    (tmp_path / "no.dump").write_bytes(b"-- a plain dump")
    with (tmp_path / "no.dump").open("rb") as data, pytest.raises(VerificationFailed):
        TOOLS.restore(data, database)


def test_every_error_of_a_wrong_password_hides_it(shop: DatabaseUrl, tmp_path: Path) -> None:
    place = folder_place(tmp_path / "backups")
    with pytest.raises(GigopsError) as caught:
        taker(place.store, replace(shop, password=Secret("wrong-secret")), tmp_path / "work").take()
    assert "wrong-secret" not in caught.value.message + caught.value.hint
    with pytest.raises(Missing, match="no backup"):
        catalogue.find(place.store, "shop", "latest")
