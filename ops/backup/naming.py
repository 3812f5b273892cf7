"""Where a backup lies in its store: sortable ids, and `v1/<app>/<yyyy>/<mm>/<id>/…`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from ops.errors import UsageError

MANIFEST = "manifest.json"
_LAYOUT = "v1"
_ID = re.compile(r"(\d{4})(\d{2})\d{2}-\d{9}-[0-9a-f]{6}")


def new_id(moment: datetime, token: str) -> str:
    """`20261123-203512345-9c1d7f`: the UTC time to the millisecond, and six random hex digits."""
    return f"{moment:%Y%m%d-%H%M%S}{moment.microsecond // 1000:03d}-{token[:6]}"


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def app_folder(app: str) -> str:
    """The folder of one application's backups. It ends with `/`, so that `app` never meets `app-staging`.

    A name that is more than letters, digits, `.`, `_` and `-` is made so, with a hash that keeps two
    such names apart."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", app).strip(".-") or "app"
    if plain != app:
        plain += "-" + hashlib.sha256(app.encode()).hexdigest()[:6]
    return f"{_LAYOUT}/{plain}/"


def folder(app: str, backup_id: str) -> str:
    """The folder of one backup, ending with `/`. Raises UsageError for what cannot be an id."""
    found = _ID.fullmatch(backup_id)
    if not found:
        raise UsageError(f"`{backup_id}` is no backup id", hint="see the ids: gigops backup list")
    return f"{app_folder(app)}{found.group(1)}/{found.group(2)}/{backup_id}/"


def manifest_key(app: str, backup_id: str) -> str:
    return folder(app, backup_id) + MANIFEST


def by_state(keys: Iterable[str]) -> tuple[list[str], list[str]]:
    """The ids with a manifest, newest first, and the ids with objects but none."""
    seen: set[str] = set()
    complete: set[str] = set()
    for key in keys:
        parts = key.split("/")
        if len(parts) >= 6 and is_id(parts[4]):
            seen.add(parts[4])
            if parts[5:] == [MANIFEST]:
                complete.add(parts[4])
    return sorted(complete, reverse=True), sorted(seen - complete, reverse=True)


def distinct(names: Iterable[str]) -> list[str]:
    """File names for one folder, upper and lower case alike: `a.db`, `A.db` become `a.db`, `A-2.db`."""
    taken: set[str] = set()
    out = []
    for name in names:
        stem, dot, ending = name.rpartition(".")
        candidate, number = name, 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{stem}-{number}.{ending}" if dot and stem else f"{name}-{number}"
        taken.add(candidate.lower())
        out.append(candidate)
    return out


def restored_database(current: str, backup_id: str) -> str:
    """The name of the database a backup is restored into: within PostgreSQL's 63 bytes, without capitals."""
    ending = "_restored_" + backup_id.replace("-", "_")
    kept = current.encode()[: 63 - len(ending)].decode(errors="ignore")
    return kept + ending
