"""Which way leads an env file back to SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.envfile import Already, Edit, PutBack, edit, to_sqlite

PG = {"DATABASE_TYPE": "postgresql", "DATABASE_URL": "postgresql://a:b@h/d"}
OLD = b"DATABASE_TYPE=sqlite # here\nDATABASE_URL=sqlite:///app.db\nX=1\n"
KEPT = Path("/srv/.env.gigops-20260101T000000Z")
DB = Path("/srv/app.db")


@pytest.mark.parametrize("content", [b"", b"X=1\n", OLD, b"DATABASE_URL=sqlite:///x\n"])
def test_a_file_that_names_sqlite_is_left_alone(content: bytes) -> None:
    assert to_sqlite(content, [(KEPT, OLD)], DB) == Already()


def test_what_gigops_wrote_goes_back_byte_for_byte_even_with_another_password() -> None:
    assert to_sqlite(edit(OLD, PG), [(KEPT, OLD)], DB) == PutBack(KEPT)
    rotated = edit(OLD, {**PG, "DATABASE_URL": "postgresql://a:new@h/d"})
    assert to_sqlite(rotated, [(KEPT, OLD)], DB) == PutBack(KEPT)


def test_a_file_somebody_changed_since_is_edited_with_the_url_of_before() -> None:
    chosen = to_sqlite(edit(OLD, PG) + b"NEW=1\n", [(KEPT, OLD)], DB)
    assert isinstance(chosen, Edit)
    assert chosen.changes == {"DATABASE_TYPE": "sqlite", "DATABASE_URL": "sqlite:///app.db"}


def test_a_kept_file_that_named_postgresql_is_no_way_back_to_sqlite() -> None:
    chosen = to_sqlite(edit(b"", PG), [(KEPT, b"DATABASE_TYPE=postgresql\n")], DB)
    assert isinstance(chosen, Edit)
    assert chosen.changes["DATABASE_URL"] == "sqlite:////srv/app.db"


def test_a_file_that_had_no_url_has_none_again() -> None:
    old = b"DATABASE_TYPE=sqlite\n"
    chosen = to_sqlite(edit(old, PG) + b"NEW=1\n", [(KEPT, old)], DB)
    assert isinstance(chosen, Edit) and chosen.changes["DATABASE_URL"] is None
