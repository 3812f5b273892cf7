"""Applications with migrations of their own move: their schema is made by them, their rows come by gigops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from ops.values import DatabaseUrl
from tests.cli.test_migrate import gigops
from tests.projects.shop import shop
from tests.service.migrating import query

SHAPE = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || a.attnotnull
    || a.attidentity::text || a.attgenerated::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'S')
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


def test_a_shop_on_sqlalchemy_and_alembic_moves(database: DatabaseUrl, tmp_path: Path) -> None:
    sqlite = sa.create_engine(f"sqlite:///{tmp_path}/shop.db")
    shop.upgrade(sqlite)
    shop.open_for_business(sqlite)
    shop.check(sqlite)
    sqlite.dispose()
    there = sa.create_engine(database.reveal().replace("postgresql://", "postgresql+psycopg2://"))
    shop.upgrade(there, "0001")
    words = ("migrate", "--source", "shop.db", "--schema", "existing")
    early = gigops(tmp_path, *words, url=database)
    assert early.returncode == 16 and "only SQLite has `0002`, only PostgreSQL `0001`" in early.stderr
    shop.upgrade(there)
    before = query(database, SHAPE)
    plan = gigops(tmp_path, *words, "--plan", url=database)
    assert plan.returncode == 0, plan.stderr
    assert (
        "within: DATETIME -> interval" in plan.stdout and "state: VARCHAR(4) -> public.state" in plan.stdout
    )
    assert "next: gigops migrate --schema existing" in plan.stdout
    done = gigops(tmp_path, *words, url=database)
    assert done.returncode == 0, done.stderr
    shop.check(there)
    shop.check_on_postgresql(there)
    assert query(database, SHAPE) == before
    assert gigops(tmp_path, "verify", "--source", "shop.db", url=database).returncode == 0
    again = json.loads(gigops(tmp_path, *words, "--json", url=database).stdout)
    assert (again["copied"], again["already"], again["equal"]) == (0, 42, True)
    there.dispose()


def test_a_library_on_django_moves(database: DatabaseUrl, tmp_path: Path) -> None:
    work(f"sqlite://{tmp_path}/library.db", "begin", "check")
    work(database.reveal(), "migrate")
    before = query(database, SHAPE)
    numbers = "SELECT id FROM django_content_type WHERE model = 'book'"
    as_migrated = query(database, numbers)
    words = ("migrate", "--source", "library.db", "--schema", "existing")
    done = gigops(tmp_path, *words, url=database)
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "django_content_type: holds rows of the migrations (made by Django)" in told
    assert "library_shelf: holds rows of the migrations (all of them SQLite's too)" in told
    assert "django_migrations: tells the migrations that ran: PostgreSQL keeps its own" in told
    assert query(database, SHAPE) == before
    assert query(database, numbers) != as_migrated, "SQLite's numbers are others, so they had to come along"
    work(database.reveal(), "check")
    assert query(database, SHAPE) == before


def test_a_cutover_moves_the_shop_into_its_own_tables(
    database: DatabaseUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite = sa.create_engine(f"sqlite:///{tmp_path}/shop.db")
    shop.upgrade(sqlite)
    shop.open_for_business(sqlite)
    sqlite.dispose()
    there = sa.create_engine(database.reveal().replace("postgresql://", "postgresql+psycopg2://"))
    shop.upgrade(there)
    before = query(database, SHAPE)
    (tmp_path / ".env").write_text("DATABASE_URL=sqlite:///shop.db\n")
    assert gigops(tmp_path, "init", url=database).returncode == 0
    monkeypatch.setenv("GIGOPS_TARGET_TABLES", "existing")
    done = gigops(tmp_path, "cutover", "--yes", "--json", url=database)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 42
    assert query(database, SHAPE) == before
    shop.check(there)
    shop.check_on_postgresql(there)
    there.dispose()


def work(url: str, *words: str) -> None:
    """Runs the library in a process of its own: Django works with one database a process."""
    command = [sys.executable, "-m", "tests.projects.library.work", *words]
    env = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
