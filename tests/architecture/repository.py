"""What the tests of the repository look at: the files git tracks, the commands of the command line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import typer

ROOT = Path(__file__).parents[2]


@cache
def tracked() -> list[Path]:
    """Every file that git tracks, and those that a commit would add."""
    words = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@cache
def commands() -> dict[str, click.Command]:
    """Every command as it is typed (`env use`), with what it shows on --help."""
    from ops.cli import register

    app = typer.Typer()
    register.all_groups(app)
    return dict(_below(typer.main.get_command(app), ()))


def _below(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    children = getattr(command, "commands", None)
    if children is None or getattr(command, "invoke_without_command", False):
        yield " ".join(words), command
    for name, child in (children or {}).items():
        yield from _below(child, (*words, name))
