"""The three files of a real application: looked around, moved, compared by other means, and put back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ops.database.connect import connect
from ops.values import DatabaseUrl

REAL = Path(__file__).parents[2] / "../shared/data/gigchain"
ENV = b"# ours\r\nDATABASE_TYPE=sqlite\r\nSECRET='a b'\r\nDATABASE_URL=sqlite:///admin.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not REAL.is_dir():
        pytest.skip(f"the real databases are not beside the project: {REAL}")
    for file in REAL.glob("*.db"):
        shutil.copyfile(file, tmp_path / file.name)
    (tmp_path / ".env").write_bytes(ENV)
    return tmp_path


def _gigops(folder: Path, target: DatabaseUrl, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli.app", "--json", *words],
        cwd=folder, env={**os.environ, "GIGOPS_TARGET_URL": target.reveal()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_init_and_cutover_move_all_of_it_and_env_use_sqlite_puts_the_env_back(
    folder: Path, database: DatabaseUrl
) -> None:
    _gigops(folder, database, "init")
    told = _gigops(folder, database, "cutover", "--yes")
    assert (told["tables"], told["rows"]) == (26, 37_059)
    assert all(count["present"] == count["expected"] for count in told["constraints"].values())
    assert told["constraints"]["foreign keys"]["expected"] == 9
    with closing(connect(database)) as postgres, postgres.cursor() as cursor:
        for file in folder.glob("*.db"):
            with closing(sqlite3.connect(file)) as sqlite:
                tables = sqlite.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for (table,) in tables:
                    if table.startswith("sqlite_"):
                        continue
                    cursor.execute(f'SELECT * FROM "{table}"')
                    rows = sqlite.execute(f'SELECT * FROM "{table}"').fetchall()
                    assert sorted(map(repr, cursor.fetchall())) == sorted(map(repr, rows)), table
    assert b"DATABASE_TYPE=postgresql\r\n" in (folder / ".env").read_bytes()
    _gigops(folder, database, "env", "use", "sqlite")
    assert (folder / ".env").read_bytes() == ENV
