"""The doctor looks at real files: SQLite files in every bad state, folders it may not write to."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ops.doctor import env, machine, source
from ops.doctor.check import Check
from ops.migrate import sqlitefile


def look(path: Path) -> Check:
    return source.examine(path, lambda file, whole: sqlitefile.reading(file, whole=whole))


def make(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("CREATE TABLE t (a)", *statements):
            connection.execute(statement)
        connection.commit()
    return path


def test_a_sound_file_is_ok_and_says_what_is_in_it(tmp_path: Path) -> None:
    check = look(make(tmp_path / "a.db"))
    assert check.verdict == "ok"
    assert "1 table, journal delete, pages sound" in check.fact


def test_looking_at_a_wal_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "PRAGMA journal_mode = wal", "INSERT INTO t VALUES (1)")
    before = path.read_bytes()
    assert look(path).verdict == "ok"
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_or_not_sqlite_fails(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"hello, I am no database" * 50)
    assert "no file" in look(tmp_path / "none.db").fact
    assert "not a SQLite file" in look(tmp_path / "text.db").fact
    assert "folder" in look(tmp_path).fact


def test_an_empty_file_has_nothing_to_move(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    check = look(tmp_path / "empty.db")
    assert check.verdict == "warn" and "nothing to move" in check.fact


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", *(f"INSERT INTO t VALUES ('{'x' * 900}')" for _ in range(50)))
    raw = bytearray(path.read_bytes())
    raw[8192:8200] = b"\xff" * 8
    path.write_bytes(raw)
    check = look(path)
    assert check.verdict == "fail" and "damaged" in check.fact and ".recover" in check.fix


def test_a_file_that_another_program_holds_exclusively_fails_and_says_so(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db")
    holder = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA locking_mode = exclusive'); c.execute('BEGIN EXCLUSIVE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout and other.stdout.readline() == b"held\n"
        check = look(path)
        assert other.stdin
        other.stdin.close()
    assert check.verdict == "fail" and "locked by another program" in check.fact


def test_a_file_this_user_may_not_write_cannot_be_fenced_so_it_fails(tmp_path: Path) -> None:
    facts = source.Facts(size=4096, journal="wal", tables=3, whole=True, may_write=False)
    check = source.verdict("a.db", make(tmp_path / "a.db"), facts)
    assert check.verdict == "fail" and "owner" in check.fix


def test_the_test_file_of_a_writable_folder_is_gone_afterwards(tmp_path: Path) -> None:
    assert machine.writable("state folder", tmp_path / "not" / "yet").verdict == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert machine.writable("state folder", tmp_path).verdict == "fail"


def test_a_folder_that_no_user_can_write_to_fails() -> None:
    check = machine.writable("state folder", Path("/proc/self"))
    assert check.verdict == "fail" and "/proc/self" in check.fact


def test_an_env_file_others_can_read_comes_with_the_command_for_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    said = list(env.examine(path, ["everybody can read it (mode 0644); chmod 600"]))
    assert said[0].verdict == "warn" and said[0].fix == f"chmod 600 '{path}'"
    assert said[-1].verdict == "ok"


def test_a_missing_env_file_is_a_warning(tmp_path: Path) -> None:
    assert next(iter(env.examine(tmp_path / ".env", []))).verdict == "warn"
