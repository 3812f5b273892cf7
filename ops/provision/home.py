"""Where an embedded server lives: in the application's `.gigops`, or beside it where root needs it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from ops.provision import account as accounts
from ops.provision import private
from ops.provision.account import Account
from ops.provision.binaries import Binaries

SYSTEM_HOME = Path("/var/lib/gigops")


@dataclass(frozen=True)
class Record:
    """What `.gigops/embedded.json` remembers. `settled`: the server was complete once, so its port may
    stand in a `.env`."""

    home: Path
    port: int = 0
    settled: bool = False

    @classmethod
    def load(cls, state_dir: Path) -> Record | None:
        text = private.read(state_dir / "embedded.json")
        if text is None:
            return None
        told = json.loads(text)
        return cls(state_dir / told["home"], int(told["port"]), bool(told["settled"]))

    def save(self, state_dir: Path) -> None:
        home = str(self.home)
        if self.home.is_relative_to(state_dir):
            home = str(self.home.relative_to(state_dir))
        told = {"home": home, "port": self.port, "settled": self.settled}
        private.write(private.state_folder(state_dir) / "embedded.json", json.dumps(told) + "\n")

    def on(self, port: int) -> Record:
        return replace(self, port=port)


def choose(state_dir: Path, app: str, account: Account | None, system_home: Path) -> Path:
    """`.gigops/postgres`, or, when root works for an account that cannot get in there,
    `/var/lib/gigops/<app>-<hash of the place>`."""
    if account is None or accounts.can(account, "-x", state_dir.parent):
        return state_dir / "postgres"
    place = sha256(str(state_dir.resolve()).encode()).hexdigest()[:8]
    return system_home / f"{slug(app)}-{place}"


def make(home: Path, account: Account | None) -> None:
    """The folder `home`; the account must get through it, its own things lie inside."""
    with private.explained(home):
        if not home.parent.exists():
            home.parent.mkdir(mode=0o755, parents=True)
            home.parent.chmod(0o755)
        private.folder(home)
        if account is not None:
            home.chmod(0o755)
            # The server's account gets through the private folder around it, and cannot look around there.
            if not accounts.can(account, "-x", home):
                home.parent.chmod(0o711)


def runnable(binaries: Binaries, home: Path, account: Account | None) -> Binaries:
    """The binaries, or, where `account` may not run them (a wheel under /root), where their copy is."""
    if accounts.can(account, "-x", binaries.folder / "postgres"):
        return binaries
    return Binaries(copy_of(binaries, home) / "bin", binaries.version)


def bring(binaries: Binaries, home: Path) -> None:
    """Copies the whole installation (`bin`, `lib`, `share`): one rename makes it complete."""
    copy = copy_of(binaries, home)
    if copy.exists():
        return
    making = copy.with_name(copy.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(binaries.folder.parent, making, symlinks=True)
    for path in [making, *making.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    making.rename(copy)


def copy_of(binaries: Binaries, home: Path) -> Path:
    return home / f"pgsql-{binaries.version}"


def slug(app: str) -> str:
    """The application's name as container and folder names allow it."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in app.lower())
    return kept.strip("-_")[:40] or "app"
