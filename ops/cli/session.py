"""What every command starts from: the common flags, the settings, the reporter."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.interfaces import Reporter
    from ops.settings import Settings


@dataclass
class Session:
    """The common flags, given before the command: `gigops --json --config app/gigops.yaml status`."""

    config: Path | None = None
    json: bool = False
    verbose: bool = False
    debug: bool = False
    yes: bool = False

    def reporter(self) -> Reporter:
        from ops.clients.console import ConsoleReporter

        return ConsoleReporter(verbose=self.verbose)

    def settings(self, **flags: str | None) -> Settings:
        """The settings, flags over GIGOPS_* over gigops.yaml over defaults. A flag is named by its
        dotted path with `__` for the dot (`target__provider="docker"`); None means not given."""
        from ops.config import load

        given = {k.replace("__", "."): v for k, v in flags.items() if v is not None}
        return load(self.config_path(), os.environ, given)

    def config_path(self) -> Path:
        """The gigops.yaml in use: --config, or the one in the working folder (which need not exist)."""
        if self.config and not self.config.exists():
            from ops.errors import UsageError

            raise UsageError(f"there is no `{self.config}`", hint="gigops --config FILE init writes it")
        return self.config or Path.cwd() / "gigops.yaml"


current = Session()
"""Filled by the app's callback before any command runs; the one piece of state the command line has."""
