"""Which file holds which command, so that `gigops --help` imports no more than the words."""

from __future__ import annotations

from importlib import import_module

import typer

_GROUPS = (
    "ops.cli.init",
    "ops.cli.config",
    "ops.cli.env",
    "ops.cli.doctor",
    "ops.cli.provision",
    "ops.cli.migrate",
    "ops.cli.rejects",
    "ops.cli.cutover",
    "ops.cli.playbook",
    "ops.cli.backup",
)


def all_groups(app: typer.Typer) -> None:
    """Adds every command group; each module has `register(app)`."""
    for name in _GROUPS:
        import_module(name).register(app)
