"""A user's way with Docker: provision twice, migrate into it, cut over to it, remove it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folder(tmp_path: Path, postgres_image: str) -> Iterator[Path]:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.executescript(
            "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL);"
            "INSERT INTO goods VALUES (1, 'ñandú', 0.1), (2, 'b', 1e-300)"
        )
    (tmp_path / ".env").write_text("DATABASE_TYPE=sqlite\n")
    (tmp_path / "gigops.yaml").write_text(
        "app:\n  name: journey-docker\n  env_file: .env\nsources: [shop.db]\n"
        f"target:\n  provider: docker\n  image: {postgres_image}\n"
    )
    yield tmp_path
    _gigops(tmp_path, "destroy", "--confirm", "journey-docker", "--delete-data")


def _gigops(folder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli.app", "--json", *words],
        cwd=folder, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_provision_twice_then_migrate_then_cut_over(folder: Path) -> None:
    first = _gigops(folder, "provision", "--yes")
    second = _gigops(folder, "provision", "--yes")
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["url"] == second["url"]
    migrated = _gigops(folder, "migrate", "--schema-name", "tried")
    assert migrated["rows"] == 2
    assert _gigops(folder, "verify", "--schema-name", "tried")["differences"] == 0
    told = _gigops(folder, "cutover", "--yes", "--into-existing")
    assert (told["outcome"], told["rows"]) == ("complete", 2)
    assert "DATABASE_TYPE=postgresql" in (folder / ".env").read_text()
    assert _gigops(folder, "status")["server"]["state"] == "running"
