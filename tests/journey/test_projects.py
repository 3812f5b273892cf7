"""Applications with migrations of their own move: their schema is made by them, their rows come by gigops."""

from __future__ import annotations

import json
from pathlib import Path

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
