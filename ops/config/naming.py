"""The application's name, as servers, containers and backups carry it."""

from __future__ import annotations

import re


def app_name(text: str) -> str:
    """`text` (a folder's name, mostly) with what no container or database may be called left out."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain[:40].rstrip("-") or "app"
