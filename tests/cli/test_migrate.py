"""`gigops migrate` and `gigops verify` as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.values import DatabaseUrl
from tests.service.migrating import make, query

SQL = """CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    made TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
INSERT INTO users (name) VALUES ('ana'), ('bo');"""


def gigops(folder: Path, *words: str, url: DatabaseUrl | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1"}
    env.pop("GIGOPS_TARGET_URL", None)
    if url:
        env["GIGOPS_TARGET_URL"] = url.reveal()
    command = [sys.executable, "-m", "ops.cli.app", *words]
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_migrate_copies_compares_and_says_what_is_next(database: DatabaseUrl, tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL)
    done = gigops(tmp_path, "migrate", "--source", "app.db", url=database)
    assert done.returncode == 0, done.stderr
    assert "users" in done.stdout and "2 rows copied" in done.stdout and "next: gigops cutover" in done.stdout
    assert "role-secret" not in done.stdout + done.stderr
    again = gigops(tmp_path, "migrate", "--source", "app.db", "--json", url=database)
    report = json.loads(again.stdout)
    assert (report["copied"], report["already"], report["equal"], report["complete"]) == (0, 2, True, True)
    assert report["schema"]["not nulls"] == {"meant": 2, "present": 2, "missing": []}
    assert list((tmp_path / ".gigops" / "snapshots").iterdir()) == []


def test_verify_ends_with_13_and_names_what_differs(database: DatabaseUrl, tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL)
    assert gigops(tmp_path, "migrate", "--source", "app.db", url=database).returncode == 0
    same = gigops(tmp_path, "verify", "--source", "app.db", url=database)
    assert same.returncode == 0 and "every value is equal: 6 values, 2 rows" in same.stdout
    query(database, "UPDATE users SET name = 'Bo' WHERE id = 2")
    found = gigops(tmp_path, "verify", "--source", "app.db", url=database)
    assert found.returncode == 13
    assert "differs: users.name: 'bo' in SQLite, 'Bo' in PostgreSQL (id = 2)" in found.stdout
    assert "error: 1 differences" in found.stderr
    report = json.loads(gigops(tmp_path, "verify", "--source", "app.db", "--json", url=database).stdout)
    assert report["first"][0]["key"] == "id = 2" and report["equal"] is False


def test_the_plan_says_each_type_and_why_and_changes_nothing(database: DatabaseUrl, tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL + "CREATE TABLE odd (n INTEGER); INSERT INTO odd VALUES (1), ('x');")
    plan = gigops(tmp_path, "migrate", "--source", "app.db", "--plan")
    assert plan.returncode == 0, plan.stderr
    assert "made: TIMESTAMP -> timestamp" in plan.stdout
    assert "2 texts; the values are 2 times without a zone" in " ".join(plan.stdout.split())
    assert "--compat (compat: true) keeps what SQLite has" in " ".join(plan.stdout.split())
    assert "misfit: declared INTEGER, but the values are 1 integers 1..1, 1 texts" in plan.stdout
    assert "next: gigops migrate --on-misfit widen" in plan.stdout
    assert all(len(line) <= 80 for line in plan.stdout.splitlines())
    assert not (tmp_path / ".gigops").exists()
    columns = json.loads(gigops(tmp_path, "migrate", "--source", "app.db", "--plan", "--json").stdout)[
        "tables"
    ]
    assert [c["misfit"] for t in columns for c in t["columns"]] == [False, False, False, True]
    refused = gigops(tmp_path, "migrate", "--source", "app.db", url=database)
    assert refused.returncode == 16
    assert "`odd.n` in `app.db`" in refused.stderr and "the row with rowid = 2 holds 'x'" in refused.stderr
    assert query(database, "SELECT to_regclass('users')") == [(None,)]


def test_compat_and_rules_decide_the_types_that_the_plan_shows(tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL + "CREATE TABLE m (at INTEGER); INSERT INTO m VALUES (1598313600000);")
    kept = gigops(tmp_path, "migrate", "--source", "app.db", "--plan", "--compat")
    assert "made: TIMESTAMP -> text" in kept.stdout and "--compat" not in kept.stdout
    assert "in the form the application writes" in " ".join(kept.stdout.split())
    rule = "types:\n  - column: m.at\n    epoch: unix_ms\n"
    (tmp_path / "gigops.yaml").write_text("sources: [app.db]\n" + rule)
    ruled = gigops(tmp_path, "migrate", "--plan")
    assert ruled.returncode == 0, ruled.stderr
    assert "at: INTEGER -> timestamptz" in ruled.stdout
    assert "gigops.yaml says the numbers are milliseconds since 1970" in " ".join(ruled.stdout.split())


def test_a_password_on_the_command_line_is_warned_of_and_never_repeated(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    make(tmp_path / "app.db", SQL)
    done = gigops(tmp_path, "migrate", "--source", "app.db", "--target", database.reveal())
    assert done.returncode == 0
    assert "GIGOPS_TARGET_URL" in done.stderr and "role-secret" not in done.stdout + done.stderr


def test_two_files_of_the_same_names_can_be_told_apart(database: DatabaseUrl, tmp_path: Path) -> None:
    sources = []
    for name in ("one.db", "two.db"):
        make(tmp_path / name, SQL)
        sources += ["--source", name]
    refused = gigops(tmp_path, "migrate", *sources, url=database)
    assert refused.returncode == 16 and "--schema-per-source" in refused.stderr
    assert gigops(tmp_path, "migrate", *sources, "--schema-per-source", url=database).returncode == 0
    assert gigops(tmp_path, "migrate", *sources, "--prefix", url=database).returncode == 0
    counted = query(database, "SELECT count(*) FROM one.users, two_users")
    assert counted == [(4,)]
    assert gigops(tmp_path, "verify", *sources, "--prefix", url=database).returncode == 0


@pytest.mark.parametrize("words", [["--on-misfit", "guess"], ["--target", "mysql://x/y"]])
def test_words_that_cannot_be_followed_end_with_2(words: list[str], tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL)
    assert gigops(tmp_path, "migrate", "--source", "app.db", *words).returncode == 2
