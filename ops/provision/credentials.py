"""Generated passwords, and the 0600 files they are kept in: `.gigops/secrets/<name>.url`."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from ops.provision import private
from ops.values import DatabaseUrl, Secret

# Letters that mean themselves in a URL, in a shell and to every reader of a .env file.
_ALPHABET = string.ascii_letters + string.digits + "_-"
_LENGTH = 40

ADMIN = "gigops_admin"
"""The superuser gigops makes for its own work; the application never logs in with it."""


def generate() -> Secret:
    """A password that needs no quoting anywhere, and no tool takes for an option."""
    rest = (secrets.choice(_ALPHABET) for _ in range(_LENGTH - 1))
    return Secret(secrets.choice(string.ascii_letters) + "".join(rest))


@dataclass(frozen=True)
class Credentials:
    """The URLs with passwords of an application's servers; besides `.env` the only place that has them."""

    state_dir: Path

    def load(self, name: str) -> DatabaseUrl | None:
        text = private.read(self.path(name))
        return DatabaseUrl.parse(text) if text and text.strip() else None

    def save(self, name: str, url: DatabaseUrl) -> None:
        if self.load(name) != url:
            private.folder(private.state_folder(self.state_dir) / "secrets")
            private.write(self.path(name), url.reveal() + "\n")

    def forget(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        return self.state_dir / "secrets" / f"{name}.url"
