"""What backups a store holds, read from the store alone."""

from __future__ import annotations

from dataclasses import dataclass

from ops.backup import manifest as manifests
from ops.backup import naming
from ops.backup.manifest import Manifest
from ops.errors import Missing, VerificationFailed, VersionSkew
from ops.interfaces import ObjectStore


@dataclass(frozen=True)
class Damaged:
    """A backup whose manifest cannot be trusted, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """`backups` newest first; `unfinished` are ids with objects and no manifest: running, or cut short."""

    backups: tuple[Manifest, ...]
    unfinished: tuple[str, ...]
    damaged: tuple[Damaged, ...]


def read(store: ObjectStore, app: str) -> Catalogue:
    complete, unfinished = _ids(store, app)
    backups, damaged = [], []
    for backup_id in complete:
        try:
            backups.append(_manifest(store, app, backup_id))
        except (VerificationFailed, VersionSkew) as error:
            damaged.append(Damaged(backup_id, error.message))
    return Catalogue(tuple(backups), tuple(unfinished), tuple(damaged))


def find(store: ObjectStore, app: str, wanted: str) -> Manifest:
    """The backup with this id, or the `latest`. Raises Missing.

    A damaged latest raises: an older one in its place must be the user's own choice."""
    if wanted == "latest":
        complete, unfinished = _ids(store, app)
        if not complete:
            also = f" ({len(unfinished)} unfinished)" if unfinished else ""
            raise Missing(
                f"there is no backup of `{app}` in {store.describe()}{also}", hint="gigops backup run"
            )
        wanted = complete[0]
    return _manifest(store, app, wanted)


def _ids(store: ObjectStore, app: str) -> tuple[list[str], list[str]]:
    return naming.by_state(stored.key for stored in store.list(naming.app_folder(app)))


def _manifest(store: ObjectStore, app: str, backup_id: str) -> Manifest:
    key = naming.manifest_key(app, backup_id)
    where = f"{store.describe()}/{key}"
    try:
        with store.open(key) as data:
            raw = data.read()
    except Missing as error:
        if "bucket" in error.message:
            raise
        raise Missing(
            f"there is no backup `{backup_id}` of `{app}` in {store.describe()}", hint="gigops backup list"
        ) from None
    manifest = manifests.read(raw, where)
    if manifest.id != backup_id:
        raise VerificationFailed(
            f"the manifest at `{where}` is that of `{manifest.id}`", hint="take another: gigops backup list"
        )
    return manifest
