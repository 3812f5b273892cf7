"""The `.env` file is believed as it is now, and a file that is just being replaced is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.database.authority import Authority
from ops.database.environment import Postgres, Sqlite
from ops.errors import UsageError
from ops.values import DatabaseUrl

APP = Path("app.db")
MOVED = Postgres(DatabaseUrl("h", 5432, "shop"))
TO_POSTGRES = "DATABASE_TYPE=postgresql\nDATABASE_URL=postgresql://h:5432/shop\n"
ELSEWHERE = {"DATABASE_URL": "postgresql://elsewhere/db"}


def replaced(path: Path, text: str) -> None:
    beside = path.with_name("beside")
    beside.write_text(text)
    beside.replace(path)


def test_a_replaced_file_counts_at_the_next_look(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("DATABASE_TYPE=sqlite\n")
    authority = Authority(env, APP, {})
    assert authority.look() == Sqlite(APP)
    replaced(env, TO_POSTGRES)
    assert authority.look() == MOVED
    replaced(env, "DATABASE_TYPE=sqlite\n")
    assert authority.look() == Sqlite(APP)


def test_a_file_edited_in_place_to_the_same_length_counts_too(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("DATABASE_URL=postgresql://h/one")
    authority = Authority(env, APP, {})
    authority.look()
    env.write_text("DATABASE_URL=postgresql://h/two")
    assert authority.look() == Postgres(DatabaseUrl("h", 5432, "two"))


def test_the_file_goes_before_the_process_environment(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("DATABASE_TYPE=sqlite\n")
    assert Authority(env, APP, ELSEWHERE).look() == Sqlite(APP)


def test_without_a_file_or_with_one_about_other_things_the_environment_counts(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    elsewhere = Postgres(DatabaseUrl("elsewhere", 5432, "db"))
    assert Authority(env, APP, ELSEWHERE).look() == elsewhere
    env.write_text("SECRET_KEY=x\n")
    assert Authority(env, APP, ELSEWHERE).look() == elsewhere
    assert Authority(None, APP, ELSEWHERE).look() == elsewhere


def test_a_file_put_back_counts_though_the_process_loaded_the_one_between(tmp_path: Path) -> None:
    """load_dotenv() copied the PostgreSQL URL into the environment; the old file names no database."""
    env = tmp_path / ".env"
    env.write_text(TO_POSTGRES)
    authority = Authority(env, APP, ELSEWHERE)
    assert authority.look() == MOVED
    replaced(env, "SECRET_KEY=x\n")
    assert authority.look() == Sqlite(APP)


@pytest.mark.parametrize("gone", ["deleted", "emptied"])
def test_a_file_that_is_being_replaced_keeps_its_word(tmp_path: Path, gone: str) -> None:
    env = tmp_path / ".env"
    env.write_text(TO_POSTGRES)
    authority = Authority(env, APP, {})
    authority.look()
    if gone == "deleted":
        env.unlink()
    else:
        env.write_text("")
    assert authority.look() == MOVED


def test_a_file_that_appears_later_is_followed(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    authority = Authority(env, APP, {})
    assert authority.look() == Sqlite(APP)
    replaced(env, TO_POSTGRES)
    assert authority.look() == MOVED


def test_windows_editors_and_quotes_do_no_harm(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes(b"\xef\xbb\xbfDATABASE_URL='postgresql://u:a$HOME%25@h/shop'\r\n# end\r\n")
    found = Authority(env, APP, {}).look()
    assert isinstance(found, Postgres)
    assert found.url.password is not None
    assert found.url.password.reveal() == "a$HOME%"


def test_nonsense_is_an_error_each_time_it_is_looked_at(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("DATABASE_TYPE=oracle\n")
    authority = Authority(env, APP, {})
    for _ in range(2):
        with pytest.raises(UsageError, match="oracle"):
            authority.look()
    replaced(env, TO_POSTGRES)
    assert authority.look() == MOVED
