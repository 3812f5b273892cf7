"""What a backup says of itself: `manifest.json`, written last, sealed with a hash over itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ops.errors import VerificationFailed, VersionSkew

FORMAT = 1


@dataclass(frozen=True)
class Item:
    """One stored object: `name` below the backup's folder, and for a SQLite file where it came from."""

    name: str
    bytes: int
    sha256: str
    origin: str = ""


@dataclass(frozen=True)
class TableRows:
    """Rows of a table in the backup; `space` is its schema (PostgreSQL) or its file (SQLite)."""

    space: str
    table: str
    rows: int


@dataclass(frozen=True)
class Locale:
    """What `CREATE DATABASE` must be told so that texts sort as before; `provider` as in pg_database."""

    encoding: str
    collate: str
    ctype: str
    provider: str = "c"
    locale: str = ""


@dataclass(frozen=True)
class Manifest:
    """`kind` is `sqlite` or `postgresql`. `one_point`: all items show the same moment."""

    id: str
    app: str
    kind: str
    database: str
    tool: str
    server: str
    client: str
    started: datetime
    finished: datetime
    items: tuple[Item, ...]
    tables: tuple[TableRows, ...]
    one_point: bool = True
    locale: Locale | None = None
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.items)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def document(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON knows it, without the seal."""
    out: dict[str, Any] = {"format": FORMAT, **asdict(manifest)}
    out["started"] = manifest.started.isoformat()
    out["finished"] = manifest.finished.isoformat()
    return out


def written(manifest: Manifest) -> bytes:
    """The bytes of manifest.json."""
    body = document(manifest)
    return (json.dumps({**body, "seal": _seal(body)}, ensure_ascii=False, indent=1) + "\n").encode()


def read(raw: bytes, where: str) -> Manifest:
    """The manifest in `raw`. Raises VerificationFailed when a byte of it is not as it was written, and
    VersionSkew when a newer gigops wrote it."""
    damaged = VerificationFailed(
        f"the manifest at `{where}` is damaged", hint="take another one: gigops backup list"
    )
    try:
        body = json.loads(raw)
        number, seal = body["format"], body.pop("seal")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None
    if seal != _seal(body):
        raise damaged
    if number != FORMAT:
        raise VersionSkew(
            f"the backup at `{where}` has format {number}, this gigops reads {FORMAT}",
            hint="use the gigops that wrote it, or a newer one",
        )
    try:
        return _parsed(body)
    except (KeyError, TypeError, ValueError):
        raise damaged from None


def _parsed(body: Mapping[str, Any]) -> Manifest:
    fields = {k: v for k, v in body.items() if k != "format"}
    fields["started"] = datetime.fromisoformat(body["started"])
    fields["finished"] = datetime.fromisoformat(body["finished"])
    fields["items"] = tuple(Item(**item) for item in body["items"])
    fields["tables"] = tuple(TableRows(**table) for table in body["tables"])
    fields["locale"] = Locale(**body["locale"]) if body["locale"] else None
    fields["notes"] = tuple(body["notes"])
    for item in fields["items"]:
        # names become paths at restore: one folder deep, never a way out of it
        parts = item.name.split("/")
        if (
            len(parts) != 2
            or not parts[1]
            or parts[1] in (".", "..")
            or "\\" in item.name
            or "\0" in item.name
        ):
            raise ValueError(item.name)
    return Manifest(**fields)


def _seal(body: Mapping[str, Any]) -> str:
    plain = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
