"""`gigops env`: there and back between SQLite and a real PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.capture import fence
from ops.envfile import kept_files, read
from ops.playbook.runs import Runs
from ops.values import DatabaseUrl
from tests.cli.words import Said, gigops

OLD = b"# the shop\r\nDATABASE_TYPE=sqlite # here\r\nSECRET='k\xe9y'\r\nDATABASE_URL=sqlite:///shop.db"


def env(folder: Path, *words: str, url: DatabaseUrl | None = None) -> Said:
    head = [w for w in words if w in ("--json", "--yes")]
    given = {"GIGOPS_TARGET_URL": url.reveal()} if url else {}
    return gigops(
        *head, "env", *(w for w in words if w not in head), cwd=folder, env=given, modules=("env", "config")
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    (tmp_path / "gigops.yaml").write_text("sources: [shop.db]\n")
    (tmp_path / ".env").write_bytes(OLD)
    (tmp_path / ".env").chmod(0o640)
    return tmp_path


def test_there_and_back_is_byte_for_byte(shop: Path, database: DatabaseUrl) -> None:
    there = env(shop, "use", "postgresql", url=database)
    assert there.code == 0
    assert read(shop / ".env")["DATABASE_URL"] == database.reveal()
    assert read(shop / ".env")["DATABASE_TYPE"] == "postgresql"
    back = env(shop, "use", "sqlite")
    assert back.code == 0 and "byte for byte" in back.out
    assert (shop / ".env").read_bytes() == OLD
    assert (shop / ".env").stat().st_mode & 0o777 == 0o640
    assert "role-secret" not in there.out + there.err + back.out + back.err


def test_both_ways_twice_change_nothing(shop: Path, database: DatabaseUrl) -> None:
    env(shop, "use", "postgresql", url=database)
    inode = (shop / ".env").stat().st_ino
    again = env(shop, "use", "postgresql", "--json", url=database)
    assert (again.report["changed"], (shop / ".env").stat().st_ino) == (False, inode)
    env(shop, "use", "sqlite")
    kept = kept_files(shop / ".env")
    assert env(shop, "use", "sqlite", "--json").report["changed"] is False
    assert kept_files(shop / ".env") == kept


def test_a_file_that_was_changed_since_is_edited_and_what_was_added_stays(
    shop: Path, database: DatabaseUrl
) -> None:
    env(shop, "use", "postgresql", url=database)
    (shop / ".env").write_bytes((shop / ".env").read_bytes() + b"\r\nNEW=1\r\n")
    said = env(shop, "use", "sqlite")
    assert "changed since" in said.out
    values = read(shop / ".env")
    assert values["DATABASE_TYPE"] == "sqlite" and values["DATABASE_URL"] == "sqlite:///shop.db"
    assert values["NEW"] == "1"


def test_plan_changes_nothing(shop: Path, database: DatabaseUrl) -> None:
    said = env(shop, "use", "postgresql", "--plan", url=database)
    assert "would write" in said.out and "role-secret" not in said.out
    assert (shop / ".env").read_bytes() == OLD and kept_files(shop / ".env") == []
    env(shop, "use", "postgresql", url=database)
    written = (shop / ".env").read_bytes()
    assert "would do" in env(shop, "use", "sqlite", "--plan").out
    assert (shop / ".env").read_bytes() == written


def test_a_server_that_does_not_let_us_in_is_no_reason_to_switch(shop: Path, database: DatabaseUrl) -> None:
    wrong = DatabaseUrl.parse(database.reveal().replace("role-secret", "hunter2"))
    said = env(shop, "use", "postgresql", url=wrong)
    assert said.code == 1 and said.error and "password" in said.error.message
    assert "hunter2" not in said.error.message and (shop / ".env").read_bytes() == OLD


def test_without_a_server_the_next_command_is_named(shop: Path) -> None:
    said = env(shop, "use", "postgresql")
    assert said.code == 1 and said.error and "gigops provision" in said.error.hint
    assert (shop / ".env").read_bytes() == OLD


def test_fenced_files_are_told_and_only_let_go_when_asked(shop: Path, database: DatabaseUrl) -> None:
    env(shop, "use", "postgresql", url=database)
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        for line in fence.statements(shop / "shop.db", datetime.now(UTC), shop / ".env"):
            connection.execute(line)
        connection.commit()
    said = env(shop, "use", "sqlite")
    assert said.code == 0 and "--lift-fence" in said.err and (shop / ".env").read_bytes() == OLD
    assert fence.standing(shop / "shop.db")

    unasked = env(shop, "use", "sqlite", "--lift-fence")
    assert unasked.code == 2 and fence.standing(shop / "shop.db")
    assert env(shop, "--yes", "use", "sqlite", "--lift-fence").code == 0
    assert not fence.standing(shop / "shop.db")


def test_while_a_run_is_active_nothing_is_switched(shop: Path, database: DatabaseUrl) -> None:
    with Runs(shop / ".gigops" / "runs").lock():
        said = env(shop, "use", "postgresql", url=database)
    assert said.code == 11 and (shop / ".env").read_bytes() == OLD


def test_show_hides_the_password_and_names_what_worries(shop: Path, database: DatabaseUrl) -> None:
    env(shop, "use", "postgresql", url=database)
    report = env(shop, "show", "--json").report
    assert report["DATABASE_TYPE"] == "postgresql" and ":***@" in report["DATABASE_URL"]
    assert report["mode"] == "0640" and "its group" in report["concerns"][0]
    assert len(report["kept"]) == 1
    assert "role-secret" not in env(shop, "show").out


def test_a_missing_file_is_shown_as_missing_and_made_private(shop: Path, database: DatabaseUrl) -> None:
    (shop / ".env").unlink()
    assert "does not exist" in env(shop, "show").out
    env(shop, "use", "postgresql", url=database)
    assert (shop / ".env").stat().st_mode & 0o777 == 0o600
    env(shop, "use", "sqlite")
    assert read(shop / ".env") == {"DATABASE_TYPE": "sqlite", "DATABASE_URL": f"sqlite:///{shop}/shop.db"}
