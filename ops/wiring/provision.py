"""Puts the chosen provider together from the settings."""

from __future__ import annotations

import os

from ops.clients.clock import SystemClock
from ops.errors import UsageError
from ops.interfaces import Reporter
from ops.provision.provider import Provider
from ops.settings import Settings

NAMES = ("embedded", "docker", "url")


def provider(settings: Settings, reporter: Reporter) -> Provider:
    """The provider that `settings.target.provider` names."""
    target, clock = settings.target, SystemClock()
    if target.provider == "embedded":
        from ops.provision.account import lookup, server_account
        from ops.provision.binaries import places
        from ops.provision.embedded import Embedded

        account = server_account(os.geteuid(), os.environ, lookup)
        return Embedded(settings.app.name, target, settings.state_dir, places(), account, reporter, clock)
    if target.provider == "docker":
        from ops.clients.docker import DockerEngine
        from ops.provision.docker import Docker

        return Docker(settings.app.name, target, settings.state_dir, DockerEngine(), reporter, clock)
    if target.provider == "url":
        from ops.provision.url import Existing

        return Existing(target, reporter)
    raise UsageError(
        f"`{target.provider}` is no provider gigops knows",
        hint=f"set target.provider to one of: {', '.join(NAMES)}",
    )
