"""Values that cannot be wrong: URLs, durations, sizes, and secrets that do not show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import UsageError
from ops.values import DatabaseUrl, Duration, Secret, Size, redact

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@given(user=TEXT, password=TEXT, database=TEXT)
def test_a_url_survives_being_written_and_read(user: str, password: str, database: str) -> None:
    database = database.lstrip("/") or "d"
    url = DatabaseUrl("db.example", 5433, database, user, Secret(password), (("sslmode", "require"),))
    assert DatabaseUrl.parse(url.reveal()) == url


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_schemes_of_heroku_and_sqlalchemy_are_read(scheme: str) -> None:
    url = DatabaseUrl.parse(f"{scheme}://me@[::1]/app")
    assert (url.host, url.port, str(url)) == ("::1", 5432, "postgresql://me@[::1]:5432/app")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@/d", "postgresql://u:hunter2@h:x/d",
     "postgresql://u:hunter2@h"],
)  # fmt: skip
def test_what_is_not_a_postgresql_url_is_refused_without_repeating_its_password(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        DatabaseUrl.parse(text)
    assert "hunter2" not in raised.value.message + raised.value.hint


def test_no_password_shows_wherever_a_url_is_printed() -> None:
    url = DatabaseUrl.parse("postgresql://u:hunter2@h/d?password=hunter3&sslmode=require")
    for shown in (str(url), repr(url), f"{url}", repr({"url": url}), repr(url.password)):
        assert "hunter" not in shown
    assert "hunter2" in url.reveal()
    assert "hunter3" in url.reveal()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1h30m", 5400), ("200ms", 0.2), ("1.5s", 1.5)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "-1s", "1s!", "15min"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        Duration.parse(text)


@given(st.integers(0, 10**9))
def test_a_duration_prints_as_it_is_read(milliseconds: int) -> None:
    duration = Duration(milliseconds / 1000)
    assert abs(Duration.parse(str(duration)).seconds - duration.seconds) < 0.0005


def test_sizes_print_as_people_read_them() -> None:
    assert [str(Size(n)) for n in (0, 999, 1500, 37_059_000)] == ["0 B", "999 B", "1.5 kB", "37.1 MB"]


def test_secrets_are_replaced_in_any_text() -> None:
    text = "postgresql://u:p%40ss@h/d, p@ss word, host=h password='p@ss' rest"
    shown = redact(text, Secret("p@ss"))
    assert "ss@" not in shown
    assert "p@ss" not in shown
    assert "p%40ss" not in shown
    assert shown.endswith("rest")
