"""`gigops doctor` in a folder: one line a check, below it the fix, exit code 1 when a check fails."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ops.values import DatabaseUrl, Secret
from tests.cli.words import Said, gigops


def doctor(folder: Path, *flags: str, **env: str) -> Said:
    return gigops(*flags, "doctor", cwd=folder, env=env, modules=("doctor",))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    (tmp_path / ".env").write_text("DATABASE_TYPE=sqlite\n")
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / "gigops.yaml").write_text("app: {name: shop}\nsources: [a.db]\n")
    return tmp_path


def test_a_sound_folder_passes_and_the_next_command_is_named(app: Path) -> None:
    said = doctor(app)
    assert said.code == 0
    assert "ok    a.db: " in said.out
    assert "ok    gigops.yaml: valid" in said.out
    assert said.out.endswith("0 failed\nnext: gigops cutover --plan\n")
    assert sorted(p.name for p in app.iterdir()) == [".env", "a.db", "gigops.yaml"]


def test_a_failing_check_ends_with_code_1_and_its_fix(app: Path) -> None:
    (app / "a.db").unlink()
    said = doctor(app)
    assert said.code == 1
    assert "fail  a.db: there is no file" in said.out
    assert "      fix: check the path" in said.out
    assert "next:" not in said.out


def test_the_report_in_json_is_one_object_with_every_check(app: Path) -> None:
    report = doctor(app, "--json").report
    assert report["fail"] == 0
    assert {"Python", "SQLite library", "psycopg2", "disk", "state folder", ".env", "a.db", "target"} <= {
        check["what"] for check in report["checks"]
    }
    assert {check["verdict"] for check in report["checks"]} <= {"ok", "warn", "fail"}


def test_mistakes_in_the_settings_are_told_and_the_machine_is_checked_all_the_same(app: Path) -> None:
    (app / "gigops.yaml").write_text("sorces: [a.db]\ntarget: {provder: docker}\n")
    said = doctor(app)
    assert said.code == 1
    assert "`sources`" in said.out and "`target.provider`" in said.out
    assert "PostgreSQL server" in said.out


def test_a_readable_env_file_is_a_warning_with_the_command_for_it(app: Path) -> None:
    (app / ".env").chmod(0o644)
    said = doctor(app)
    assert said.code == 0
    assert f"fix: if nobody else has to: chmod 600 '{app / '.env'}'" in said.out


def test_a_docker_provider_without_docker_fails(app: Path) -> None:
    said = doctor(app, GIGOPS_TARGET_PROVIDER="docker", DOCKER_HOST="tcp://127.0.0.1:1")
    assert said.code == 1
    assert "fail  Docker: " in said.out


def test_a_target_that_lets_us_in_is_checked_to_its_clock_and_tools(app: Path, database: DatabaseUrl) -> None:
    said = doctor(app, GIGOPS_TARGET_URL=database.reveal())
    assert said.code == 0
    assert "ok    target: url, PostgreSQL" in said.out
    assert "ok    clocks: " in said.out
    assert "ok    backup client: pg_dump" in said.out


def test_a_wrong_password_fails_and_is_never_shown(app: Path, database: DatabaseUrl) -> None:
    wrong = replace(database, password=Secret("not-the-secret"))
    said = doctor(app, GIGOPS_TARGET_URL=wrong.reveal())
    assert said.code == 1
    assert "refuses the password" in said.out
    assert "not-the-secret" not in said.out + said.err
