"""Which account runs the server, where its files lie, and which programs are taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops.errors import NotReady
from ops.provision.account import Account, server_account
from ops.provision.binaries import Places, locate
from ops.provision.home import Record, choose, slug

_USERS = {
    "postgres": Account("postgres", 105, 110),
    "nobody": Account("nobody", 65534, 65534),
    1000: Account("ana", 1000, 1000),
}


def test_an_ordinary_user_runs_the_server_itself() -> None:
    assert server_account(1000, {"SUDO_UID": "1000"}, _USERS.get) is None


def test_root_hands_the_server_to_who_called_sudo() -> None:
    assert server_account(0, {"SUDO_UID": "1000"}, _USERS.get) == _USERS[1000]


@pytest.mark.parametrize("sudo", [{}, {"SUDO_UID": "0"}, {"SUDO_UID": "4711"}, {"SUDO_UID": "x"}])
def test_root_without_a_caller_hands_the_server_to_postgres(sudo: dict[str, str]) -> None:
    assert server_account(0, sudo, _USERS.get) == _USERS["postgres"]


def test_root_on_a_bare_machine_takes_nobody_and_says_when_there_is_not_even_that() -> None:
    bare = {"nobody": _USERS["nobody"]}
    assert server_account(0, {}, bare.get) == _USERS["nobody"]
    with pytest.raises(NotReady, match="does not run as root"):
        server_account(0, {}, lambda who: None)


def _installation(root: Path, version: str, *, without: str = "") -> Path:
    folder = root / "bin"
    folder.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        if name != without:
            (folder / name).write_text(
                f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian {version}-1)'\n"
            )
            (folder / name).chmod(0o755)
    return folder


def test_the_newest_installed_server_is_taken_before_a_wheel(tmp_path: Path) -> None:
    _installation(tmp_path / "system/9.6", "9.6.24")
    _installation(tmp_path / "system/15", "15.18")
    sixteen = _installation(tmp_path / "system/16", "16.4")
    _installation(tmp_path / "wheel/pginstall", "17.10")
    where = Places((f"{tmp_path}/system/*/bin",), wheels=(tmp_path / "wheel",))
    found = locate(where)
    assert (found.folder, found.version, found.major) == (sixteen, "16.4", 16)


def test_a_folder_with_client_programs_only_is_passed_over(tmp_path: Path) -> None:
    _installation(tmp_path / "system/16", "16.4", without="initdb")
    wheel = _installation(tmp_path / "wheel/pginstall", "17.10")
    where = Places((f"{tmp_path}/system/*/bin",), wheels=(tmp_path / "wheel",))
    assert locate(where).folder == wheel


def test_a_wanted_major_is_looked_for_everywhere(tmp_path: Path) -> None:
    _installation(tmp_path / "system/15", "15.18")
    wheel = _installation(tmp_path / "wheel/pginstall", "17.10")
    where = Places((f"{tmp_path}/system/*/bin",), wheels=(tmp_path / "wheel",))
    assert locate(where, "17").folder == wheel
    with pytest.raises(NotReady, match=r"PostgreSQL 18 is needed, and only 15\.18 in .* is here") as told:
        locate(where, "18")
    assert told.value.hint == "apt-get install postgresql-18"


def test_pg_config_tells_of_a_server_elsewhere(tmp_path: Path) -> None:
    folder = _installation(tmp_path / "opt/pg", "16.1")
    config = tmp_path / "pg_config"
    config.write_text(f"#!/bin/sh\necho {folder}\n")
    config.chmod(0o755)
    assert locate(Places(pg_config=str(config))).folder == folder


def test_a_machine_without_postgresql_is_told_what_to_install() -> None:
    with pytest.raises(NotReady) as told:
        locate(Places())
    assert told.value.hint == "pip install 'gigops[embedded]'"


def test_the_data_of_an_ordinary_user_lies_in_the_application(tmp_path: Path) -> None:
    assert (
        choose(tmp_path / ".gigops", "shop", None, Path("/var/lib/gigops")) == tmp_path / ".gigops/postgres"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to choose")
def test_a_folder_the_account_cannot_enter_sends_the_data_elsewhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    nobody = Account("nobody", 65534, 65534)
    (closed / "b").mkdir()
    one = choose(closed / ".gigops", "My Shop!", nobody, Path("/var/lib/gigops"))
    other = choose(closed / "b" / ".gigops", "My Shop!", nobody, Path("/var/lib/gigops"))
    assert one.parent == Path("/var/lib/gigops")
    assert one.name.startswith("my-shop-")
    assert one != other


def test_names_of_applications_become_names_of_folders() -> None:
    assert [slug(name) for name in ("Gig Chain", "ñandú", "../..", "")] == ["gig-chain", "and", "app", "app"]


def test_the_record_of_a_server_inside_the_application_moves_with_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    Record(old / "postgres", 15433, True).save(old)
    old.rename(new)
    assert Record.load(new) == Record(new / "postgres", 15433, True)
