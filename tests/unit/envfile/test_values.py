"""Which values can be written so that every reader agrees, and what is said of the others."""

from __future__ import annotations

import pytest

from ops.envfile.values import advice, written
from ops.errors import Refused

WRITTEN = {
    "postgresql": "postgresql",
    "": "",
    "sqlite:////srv/app.db": "sqlite:////srv/app.db",
    "postgresql://u:p%40x@h:5432/d?sslmode=require": "postgresql://u:p%40x@h:5432/d?sslmode=require",
    "postgresql://h/d?a=1&b=2": "'postgresql://h/d?a=1&b=2'",
    "postgresql://u:~x@h/d": "'postgresql://u:~x@h/d'",
    "postgresql://[::1]:5432/d": "'postgresql://[::1]:5432/d'",
    "a b": "'a b'",
    "a#b": "'a#b'",
    'a$b`c!d"e': "'a$b`c!d\"e'",
    "caf\u00e9": "'caf\u00e9'",
    "it's": '"it\'s"',
}


@pytest.mark.parametrize("value", WRITTEN)
def test_a_value_gets_the_plainest_spelling_that_all_read_alike(value: str) -> None:
    assert written("K", value) == WRITTEN[value]


@pytest.mark.parametrize(
    ("value", "reader"),
    [
        ("hunter2\\x", "python-dotenv"),
        ("hunter2${HOME}", "python-dotenv"),
        ("hunter2\nX=1", "systemd"),
        ("hunter2'$x", "a shell"),
        ("hunter2\udcff", "systemd"),
    ],
)
def test_a_value_that_readers_differ_on_is_refused_by_the_reader_s_name(value: str, reader: str) -> None:
    with pytest.raises(Refused, match=reader) as caught:
        written("DATABASE_URL", value)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_quotes_come_with_a_word_on_docker_s_env_file() -> None:
    assert advice("K", "plain") == []
    assert "docker run --env-file" in advice("K", "a&b")[0]
