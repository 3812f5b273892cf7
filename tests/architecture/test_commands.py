"""Every command can be learned: from its help, and from the README."""

from __future__ import annotations

import re

import click
import pytest

from tests.architecture.repository import ROOT, commands


@pytest.mark.parametrize("words", sorted(commands()))
def test_a_command_says_what_it_does_and_shows_examples(words: str) -> None:
    command = commands()[words]
    text = command.help or ""
    first = text.strip().splitlines()[0]
    assert len(first) > 10, "one line that says what it does"
    assert re.search(rf"^Examples:\n  \S*.*gigops .*{words}", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("words", sorted(commands()))
def test_every_option_of_a_command_is_explained(words: str) -> None:
    for parameter in commands()[words].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{parameter.opts} has no help"


@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_the_readmes_table_holds_exactly_the_commands_there_are(readme: str) -> None:
    rows = re.findall(r"^\| `gigops ([a-z -]+?)(?: --[a-z]+)?`", (ROOT / readme).read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(commands())
