"""What cannot be moved: each case is named, nothing is half-done, and mended it goes through."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.values import DatabaseUrl, Secret

ENV = "DATABASE_TYPE=sqlite\n"


@dataclass
class Folder:
    path: Path
    target: DatabaseUrl

    def gigops(self, *words: str, target: DatabaseUrl | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "GIGOPS_TARGET_URL": (target or self.target).reveal()}
        return subprocess.run(
            [sys.executable, "-m", "ops.cli.app", *words],
            cwd=self.path, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def digests(self) -> dict[str, str]:
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in self.path.glob("*.db")}


@pytest.fixture
def folder(tmp_path: Path, database: DatabaseUrl) -> Folder:
    for name in ("a.db", "b.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.executescript(
                f"CREATE TABLE {name[0]} (id INTEGER PRIMARY KEY, v TEXT);"
                f"INSERT INTO {name[0]} VALUES (1, 'x')"
            )
    (tmp_path / ".env").write_text(ENV)
    (tmp_path / "gigops.yaml").write_text(
        "app:\n  name: small\n  env_file: .env\nsources: [a.db, b.db]\ntarget:\n  provider: url\n"
    )
    return Folder(tmp_path, database)


def _scramble(folder: Folder) -> None:
    raw = bytearray((folder.path / "b.db").read_bytes())
    raw[4096 + 200 : 8192] = os.urandom(len(raw[4096 + 200 : 8192]))
    raw[100] = 0x0D
    (folder.path / "b.db").write_bytes(raw)


def _same_table(folder: Folder) -> None:
    with closing(sqlite3.connect(folder.path / "b.db")) as connection, connection:
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")


BROKEN: dict[str, tuple[Callable[[Folder], object], str]] = {
    "not SQLite": (lambda f: (f.path / "b.db").write_text("just notes\n" * 900), "not a SQLite"),
    "encrypted": (lambda f: (f.path / "b.db").write_bytes(os.urandom(8192)), "not a SQLite"),
    "corrupt": (_scramble, "b.db"),
    "missing": (lambda f: (f.path / "b.db").unlink(), "b.db"),
    "same names": (_same_table, "schema"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_and_left_alone_and_mended_it_goes_through(folder: Folder, case: str) -> None:
    whole = (folder.path / "b.db").read_bytes()
    breaks, told = BROKEN[case]
    breaks(folder)
    before = folder.digests()
    done = folder.gigops("cutover", "--yes")
    assert done.returncode not in (0, 4), done.stderr
    error = next(line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert "b.db" in error
    assert told in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert folder.digests() == before
    assert (folder.path / ".env").read_text() == ENV
    (folder.path / "b.db").write_bytes(whole)
    assert folder.gigops("cutover", "--yes").returncode == 0


def test_a_writer_that_never_lets_go_turns_the_cutover_back(folder: Folder) -> None:
    playbook = folder.path / "playbooks" / "cutover.yaml"
    playbook.parent.mkdir()
    shown = folder.gigops("playbook", "show", "cutover").stdout
    playbook.write_text(
        shown.replace("uses: app.freeze,     phase", "uses: app.freeze, with: {within: 0.5}, phase")
    )
    with closing(sqlite3.connect(folder.path / "a.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        done = folder.gigops("cutover", "--yes")
        assert done.returncode == 4, done.stderr
        assert "a.db` stayed locked by another writer" in done.stderr
        writer.execute("INSERT INTO a VALUES (2, 'still here')")
        writer.execute("COMMIT")
    assert folder.gigops("cutover", "--yes").returncode == 0


def _sql(url: DatabaseUrl, *statements: str) -> None:
    with closing(connect(url, autocommit=True)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_values_unlike_their_type_are_told_before_the_window_and_can_be_carried(folder: Folder) -> None:
    with closing(sqlite3.connect(folder.path / "a.db")) as connection, connection:
        connection.execute("ALTER TABLE a ADD COLUMN quantity INTEGER")
        connection.execute("INSERT INTO a VALUES (2, 'y', 'lots')")
    done = folder.gigops("cutover", "--yes")
    assert done.returncode == 16, done.stderr
    for told in ("a.quantity", "a.db", "lots", "--on-misfit widen"):
        assert told in done.stderr
    done = folder.gigops("cutover", "--yes", "--on-misfit", "widen")
    assert done.returncode == 0, done.stderr
    with closing(connect(folder.target)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT quantity FROM a ORDER BY id")
        assert cursor.fetchall() == [(None,), ("lots",)]


def test_rows_that_the_user_sets_aside_stay_behind_whole_and_the_exit_code_says_so(folder: Folder) -> None:
    with closing(sqlite3.connect(folder.path / "a.db")) as connection, connection:
        connection.execute("ALTER TABLE a ADD COLUMN quantity INTEGER")
        connection.execute("INSERT INTO a VALUES (2, 'y', 'lots'), (3, 'z', 7)")
    refused = folder.gigops("cutover", "--yes", "--on-misfit", "reject")
    assert refused.returncode == 16, refused.stderr
    assert (folder.path / ".env").read_text() == ENV
    done = folder.gigops("cutover", "--yes", "--allow-rejects", "1")
    assert done.returncode == 3, done.stderr
    assert "set aside    1 row:" in done.stdout
    assert "hint: gigops rejects list" in done.stderr
    (file,) = (folder.path / ".gigops" / "rejects").glob("*/a.jsonl")
    file.write_text(file.read_text().replace('"lots"', "12"))
    assert folder.gigops("rejects", "retry").returncode == 0
    with closing(connect(folder.target)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, quantity FROM a ORDER BY id")
        assert cursor.fetchall() == [(1, None), (2, 12), (3, 7)]


def test_a_target_that_is_not_empty_is_refused_and_both_ways_out_work(folder: Folder) -> None:
    _sql(folder.target, "CREATE TABLE others (id int)", "INSERT INTO others VALUES (7)")
    done = folder.gigops("cutover", "--yes")
    assert done.returncode == 16, done.stderr
    assert "others" in done.stderr
    assert "--into-existing" in done.stderr
    assert "--schema-name" in done.stderr
    done = folder.gigops("cutover", "--yes", "--into-existing")
    assert done.returncode == 0, done.stderr
    with closing(connect(folder.target)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM others")
        assert cursor.fetchall() == [(7,)]


def test_a_table_of_the_same_name_is_never_dropped(folder: Folder) -> None:
    _sql(folder.target, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (7)")
    assert folder.gigops("cutover", "--yes", "--into-existing").returncode == 16
    done = folder.gigops("cutover", "--yes", "--schema-name", "moved")
    assert done.returncode == 0, done.stderr
    with closing(connect(folder.target)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM public.a UNION ALL SELECT id FROM moved.a")
        assert cursor.fetchall() == [(7,), (1,)]


@pytest.mark.parametrize("case", ["wrong password", "nobody there", "no such database", "no CREATE right"])
def test_a_target_that_cannot_be_used_is_explained_without_its_password(
    folder: Folder, server: DatabaseUrl, case: str
) -> None:
    target, told = folder.target, ""
    match case:
        case "wrong password":
            target, told = replace(target, password=Secret("wr0ng-secret")), "refuses the password"
        case "nobody there":
            target, told = replace(target, port=1), "127.0.0.1:1"
        case "no such database":
            target, told = replace(target, database="elsewhere"), "does not exist"
        case "no CREATE right":
            _sql(server, f"ALTER DATABASE {target.database} OWNER TO postgres")
            _sql(
                server.with_database(target.database),
                "ALTER SCHEMA public OWNER TO postgres",
                "REVOKE CREATE ON SCHEMA public FROM public",
            )
            told = "GRANT"
    before = folder.digests()
    done = folder.gigops("cutover", "--yes", target=target)
    assert done.returncode not in (0, 4), done.stderr
    assert told in done.stderr
    for secret in ("wr0ng-secret", "role-secret", "Traceback"):
        assert secret not in done.stderr + done.stdout
    assert folder.digests() == before
    journals = "".join(path.read_text() for path in (folder.path / ".gigops").rglob("*.jsonl"))
    assert "secret" not in journals
    if case != "no CREATE right":
        assert folder.gigops("cutover", "--yes").returncode == 0


def test_files_that_moved_before_are_not_moved_again_as_if_nothing_had_been_written_since(
    folder: Folder,
) -> None:
    assert folder.gigops("cutover", "--yes").returncode == 0
    _sql(folder.target, "INSERT INTO a VALUES (2, 'on PostgreSQL')")
    assert folder.gigops("env", "use", "sqlite").returncode == 0
    done = folder.gigops("cutover", "--yes", "--schema-name", "again")
    assert done.returncode == 16, done.stderr
    assert "moved to PostgreSQL before" in done.stderr
    assert folder.gigops("env", "use", "sqlite", "--lift-fence", "--yes").returncode == 0
    done = folder.gigops("cutover", "--yes", "--schema-name", "again", "--into-existing")
    assert done.returncode == 0, done.stderr


def test_with_json_there_is_one_object_on_stdout_also_for_an_error(folder: Folder) -> None:
    import json

    (folder.path / "b.db").unlink()
    done = folder.gigops("--json", "cutover", "--yes")
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode != 0
    assert "b.db" in told["error"]


def test_nothing_is_asked_where_nobody_can_answer(folder: Folder) -> None:
    done = folder.gigops("cutover")
    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert not (folder.path / ".gigops" / "runs").exists()
