"""The embedded provider with real PostgreSQL programs: made, made again, moved, removed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Busy, NotReady, Refused
from ops.provision import account as accounts
from ops.provision import private
from ops.provision.binaries import Places, locate, places
from ops.provision.credentials import Credentials
from ops.provision.embedded import Embedded
from ops.settings import Target
from tests.servers import provisioning
from tests.servers.parts import missing
from tests.servers.postgres import free_port
from tests.service.embedding import ask, home_of, keep_a_row, kept_rows, kill, postmaster, state_files

_ROOT = os.geteuid() == 0


@pytest.fixture
def shop(room: Path) -> Embedded:
    return provisioning.embedded(room)


def test_made_twice_the_second_changes_nothing(shop: Embedded) -> None:
    assert shop.find() is None
    assert shop.plan()[0].startswith("make a PostgreSQL")
    first, files, pid = shop.create(), state_files(shop), postmaster(shop)
    assert first.state == "running"
    assert shop.plan() == [f"nothing to do: PostgreSQL {first.version} runs at {first.url}"]
    assert shop.create() == first == shop.find()
    assert (state_files(shop), postmaster(shop)) == (files, pid)


def test_the_application_gets_a_database_of_its_own_and_no_power_over_the_server(shop: Embedded) -> None:
    server = shop.create()
    assert ask(
        server.url, "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = user"
    ) == [(False, False, False)]
    ask(server.url, "CREATE SCHEMA mine; CREATE TABLE mine.one (id int); CREATE TABLE two (id int)")
    wanted = {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": None,
        "password_encryption": "scram-sha-256",
        "TimeZone": "UTC",
    }
    for name, value in wanted.items():
        told = ask(server.url, f"SELECT setting FROM pg_settings WHERE name = '{name}'")
        assert told == ([(value,)] if value is not None else []) or (
            value is None and told in ([], [("",)])
        ), name
    assert server.url.password and len(server.url.password.reveal()) >= 32
    with pytest.raises(NotReady, match="refuses the password"):
        connect(replace(server.url, password=None, query=(("passfile", "/dev/null"),)))


def test_no_password_stands_in_any_process_while_the_server_is_made(shop: Embedded) -> None:
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        seen.add((process / name).read_bytes())
                    except OSError:
                        continue

    watcher = threading.Thread(target=look)
    watcher.start()
    server = shop.create()
    over.set()
    watcher.join()
    admin = Credentials(shop.state_dir).load("embedded-admin")
    assert admin and admin.password and server.url.password
    assert any(b"initdb" in words for words in seen)
    for secret in (admin.password, server.url.password):
        assert not [words for words in seen if secret.reveal().encode() in words]
        logs = "".join(path.read_text() for path in (home_of(shop) / "log").iterdir())
        assert secret.reveal() not in logs


def test_a_taken_port_is_an_error_that_names_it_and_no_other_is_used(shop: Embedded) -> None:
    server = shop.create()
    shop.destroy(delete_data=False)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", server.url.port))
        other.listen()
        with pytest.raises(NotReady, match=f"port {server.url.port} on"):
            shop.create()
    assert shop.create().url == server.url


def test_a_running_server_does_not_move_to_another_port_and_a_stopped_one_does(room: Path) -> None:
    shop = provisioning.embedded(room)
    server, port = shop.create(), free_port()
    moved = provisioning.embedded(room, Target(port=port))
    for act in (moved.plan, moved.create):
        with pytest.raises(Refused, match=f"runs on port {server.url.port}"):
            act()
    shop.destroy(delete_data=False)
    assert moved.create().url == replace(server.url, port=port)
    assert any("moves from port" in text for text in moved.reporter.texts)  # type: ignore[attr-defined]


def test_destroy_keeps_the_data_until_told_otherwise(shop: Embedded) -> None:
    server = shop.create()
    keep_a_row(server)
    assert shop.destroy(delete_data=False) == [f"stopped the server in {home_of(shop)}"]
    seen = shop.find()
    assert seen and seen.state == "stopped"
    assert shop.destroy(delete_data=False)[0].startswith("nothing to do")
    assert kept_rows(shop.create()) == [("still here",)]
    home = home_of(shop)
    assert "deleted" in shop.destroy(delete_data=True)[-1]
    assert shop.find() is None
    assert not home.exists()
    assert not list((shop.state_dir / "secrets").iterdir())
    assert shop.destroy(delete_data=True) == ["nothing to do: there is no embedded server here"]


def test_lost_password_files_are_made_anew_and_the_data_stays(shop: Embedded) -> None:
    server = shop.create()
    keep_a_row(server)
    shutil.rmtree(shop.state_dir / "secrets")
    after = shop.create()
    assert after.url.password != server.url.password
    assert kept_rows(after) == [("still here",)]


def test_data_of_another_major_version_is_not_opened(room: Path) -> None:
    shop = provisioning.embedded(room)
    major = shop.create().version.split(".")[0]
    with pytest.raises(Refused, match=f"is of PostgreSQL {major}, and 99 is asked for"):
        provisioning.embedded(room, Target(version="99.1")).destroy(delete_data=False)
        provisioning.embedded(room, Target(version="99.1")).create()
    for copy in home_of(shop).glob("pgsql-*"):
        shutil.rmtree(copy)
    nowhere = provisioning.embedded(room, where=Places(system=(f"{room}/nothing/*",)))
    with pytest.raises(NotReady):
        nowhere.create()


def test_two_at_once_are_told_so(shop: Embedded) -> None:
    private.state_folder(shop.state_dir)
    with private.lock(shop.state_dir / "embedded.lock"), pytest.raises(Busy):
        shop.create()


def _wheel() -> Path:
    wheels = places().wheels
    if not wheels:
        missing("the wheel with PostgreSQL", "pip install 'gigops[embedded]'")
    return wheels[0]


def test_without_a_postgresql_of_the_system_the_wheels_is_used(room: Path) -> None:
    wheel = Places(wheels=(_wheel(),))
    shop = provisioning.embedded(room, where=wheel)
    server = shop.create()
    keep_a_row(server)
    shop.destroy(delete_data=False)
    assert kept_rows(provisioning.embedded(room, where=wheel).create()) == [("still here",)]


@pytest.mark.skipif(not _ROOT, reason="only root has folders that the server's account cannot enter")
def test_for_root_in_a_closed_folder_data_and_programs_go_where_the_account_can_go(room: Path) -> None:
    closed = room / "app"
    closed.chmod(0o700)
    shutil.copytree(_wheel(), closed / "wheel", symlinks=True)
    shop = provisioning.embedded(room, where=Places(wheels=(closed / "wheel",)))
    assert any("cannot enter" in line for line in shop.plan())
    server = shop.create()
    assert home_of(shop).parent == room / "system"
    assert f"data in {room}/system/shop-" in server.detail
    running = Path(f"/proc/{postmaster(shop)}/exe").readlink()
    assert running.is_relative_to(home_of(shop))
    shutil.rmtree(closed / "wheel")
    kill(postmaster(shop))
    assert shop.create().version == server.version


@pytest.mark.skipif(not _ROOT, reason="only root runs the server as somebody else")
def test_for_root_too_the_data_lies_in_the_application_which_nobody_else_can_list(room: Path) -> None:
    shop = provisioning.embedded(room)
    shop.create()
    assert home_of(shop) == shop.state_dir / "postgres"
    listed = ["/usr/bin/env", "ls", str(shop.state_dir)]
    assert subprocess.run(listed, user="nobody", capture_output=True, check=False).returncode != 0
    kept = Credentials(shop.state_dir).path("embedded")
    read = ["/usr/bin/env", "cat", str(kept)]
    assert subprocess.run(read, user="nobody", capture_output=True, check=False).returncode != 0
    shop.destroy(delete_data=True)


@pytest.mark.skipif(not _ROOT, reason="sudo is root")
def test_under_sudo_the_server_is_the_users_own_and_lives_in_the_users_folder(room: Path) -> None:
    ana = accounts.lookup("daemon")
    assert ana
    os.chown(room / "app", ana.uid, ana.gid)
    shop = provisioning.embedded(room, account=ana)
    shop.create()
    assert home_of(shop) == shop.state_dir / "postgres"
    assert Path(f"/proc/{postmaster(shop)}").stat().st_uid == ana.uid
    assert Credentials(shop.state_dir).path("embedded").stat().st_uid == ana.uid
    shop.destroy(delete_data=True)


def test_awkward_folder_names_do_no_harm(room: Path) -> None:
    own = room / "app" / 'it\'s "here" $(touch nope) `x` \\'
    if not accounts.can(provisioning.runner(), "-x", locate(places()).folder / "postgres"):
        # the programs are copied there, and initdb asks a shell for its neighbour `postgres`
        own = room / "app" / "it's here"
    own.mkdir()
    shop = replace(provisioning.embedded(room), state_dir=own / ".gigops", system_home=own / "system")
    try:
        assert shop.create().state == "running"
    finally:
        shop.destroy(delete_data=True)
