"""Runs `gigops` in this process: a list of command modules, words in; exit code, stdout and stderr out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from ops.cli.app import common
from ops.errors import GigopsError


@dataclass(frozen=True)
class Said:
    """How a command ended. `error` is what `gigops` would print as error and hint."""

    code: int
    out: str
    err: str
    error: GigopsError | None

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def gigops(*words: str, cwd: Path, env: dict[str, str] | None = None, modules: tuple[str, ...]) -> Said:
    """`gigops WORDS` in the folder `cwd`; common flags stand first."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(common)
    for name in modules:
        import_module(f"ops.cli.{name}").register(app)
    with _inside(cwd):
        done = CliRunner().invoke(app, list(words), env=env)
    error = done.exception if isinstance(done.exception, GigopsError) else None
    if done.exception and error is None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(error.exit_code if error else done.exit_code, done.stdout, done.stderr, error)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
