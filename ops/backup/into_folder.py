"""Restores SQLite files into a folder, never over files that are there."""

from __future__ import annotations

import os
from pathlib import Path

from ops.backup import sqlite_source
from ops.backup.fetch import fetch
from ops.backup.manifest import Manifest, TableRows
from ops.backup.rows import must_be_equal
from ops.backup.workroom import workroom
from ops.errors import NotReady, Refused, VerificationFailed
from ops.interfaces import ObjectStore, Reporter

_BESIDE = ("", "-wal", "-shm", "-journal")  # a stale journal would be played into the restored file


def restore(store: ObjectStore, manifest: Manifest, folder: Path, reporter: Reporter) -> tuple[Path, ...]:
    """The restored files: hashes, integrity and row counts checked before the first gets its name."""
    names = [item.name.partition("/")[2] for item in manifest.items]
    _refuse_existing(folder, names)
    found: list[TableRows] = []
    try:
        with workroom(folder) as room:
            for item, name in zip(manifest.items, names, strict=True):
                reporter.detail(f"fetching {item.name}")
                fetch(store, manifest, item, room / name)
                damage = sqlite_source.damage(room / name)
                if damage:
                    raise VerificationFailed(f"`{name}` of backup {manifest.id} is damaged: {damage}")
                found += sqlite_source.counted(room / name, name)
            must_be_equal(manifest.tables, found)
            return _named(room, folder, names)
    except OSError as error:
        raise NotReady(
            f"`{folder}` cannot be written to: {error.strerror or error}", hint="choose another with --to"
        ) from None


def _refuse_existing(folder: Path, names: list[str]) -> None:
    for name in names:
        for ending in _BESIDE:
            path = folder / (name + ending)
            if path.exists():
                raise Refused(
                    f"`{path}` exists, and a restore never replaces a file",
                    hint="choose an empty folder: gigops backup restore ID --to FOLDER",
                )


def _named(room: Path, folder: Path, names: list[str]) -> tuple[Path, ...]:
    for name in names:
        with (room / name).open("rb") as file:
            os.fsync(file.fileno())
    _refuse_existing(folder, names)
    for name in names:
        (room / name).rename(folder / name)
    return tuple(folder / name for name in names)
