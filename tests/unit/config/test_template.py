"""Filling the commented example."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.config import load
from ops.config.template import Entry, fill

EXAMPLE = (Path(__file__).parents[3] / "config/gigops.example.yaml").read_text()


def test_values_go_in_and_every_comment_stays() -> None:
    text = fill(EXAMPLE, {"app.stop": None, "app.reload": "kill -HUP 1", "app.name": "x"}, [Entry("a.db")])
    assert '  # stop: ""\n' in text and "  reload: kill -HUP 1\n" in text
    comments = [line for line in EXAMPLE.splitlines() if line.startswith("  # ") and ":" not in line]
    assert all(comment in text for comment in comments)


TEXTS = [
    "a b",
    "- x",
    "*x",
    "a: b",
    "a #b",
    "it's",
    '"q"',
    "\u00f1",
    "a\\b",
    "null",
    "~",
    "!x",
    "%x",
    "yes",
    "1e3",
]


@pytest.mark.parametrize("value", TEXTS)
def test_any_text_comes_back_as_it_was(tmp_path: Path, value: str) -> None:
    file = tmp_path / "gigops.yaml"
    file.write_text(fill(EXAMPLE, {"app.stop": value}, [Entry(value)]))
    settings = load(file, {}, {})
    assert settings.app.stop == value
    assert settings.sources[0].path == tmp_path / Path(value).expanduser()


def test_doubtful_sources_are_commented_out_with_the_reason() -> None:
    text = fill(EXAMPLE, {}, [Entry("old/a.db", "lies in old/")])
    assert "sources: []\n  # - old/a.db    # lies in old/\n" in text
