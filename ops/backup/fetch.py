"""Brings a backup's objects to local files, and trusts none whose size or hash is not the manifest's."""

from __future__ import annotations

from pathlib import Path

from ops.backup import naming
from ops.backup.manifest import Item, Manifest
from ops.backup.streams import Measured
from ops.errors import Missing, NotReady, VerificationFailed
from ops.interfaces import ObjectStore

_CHUNK = 1 << 20


def fetch(store: ObjectStore, manifest: Manifest, item: Item, target: Path) -> None:
    """Writes the object to `target` (0600). Raises VerificationFailed: what is restored from is proved
    before anything is changed."""
    key = naming.folder(manifest.app, manifest.id) + item.name
    try:
        with store.open(key) as source:
            measured = Measured(source)
            _write(target, measured)
    except Missing:
        raise _damaged(manifest, f"`{item.name}` is gone from {store.describe()}") from None
    if measured.count != item.bytes:
        raise _damaged(manifest, f"`{item.name}` has {measured.count} bytes instead of {item.bytes}")
    if measured.sha256 != item.sha256:
        raise _damaged(manifest, f"`{item.name}` is not what was written: its SHA-256 differs")


def _write(target: Path, measured: Measured) -> None:
    try:
        target.touch(mode=0o600, exist_ok=False)
        with target.open("wb") as file:
            while chunk := measured.read(_CHUNK):
                file.write(chunk)
    except OSError as error:
        raise NotReady(
            f"`{target.parent}` cannot take the backup's data: {error.strerror or error}",
            hint="free space there; a restore needs room for the whole backup",
        ) from None


def _damaged(manifest: Manifest, what: str) -> VerificationFailed:
    return VerificationFailed(
        f"backup {manifest.id} is damaged: {what}; nothing was changed",
        hint="restore another one: gigops backup list",
    )
