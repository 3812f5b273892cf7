"""What an application may want to catch, whichever database it runs on."""

from __future__ import annotations

import sqlite3
import sys

from ops.errors import GigopsError

FENCE = "gigops-fence:"
"""How the message of every fence begins; what the application's old database answers after a move."""

_POSTGRES_FENCE = "GG001"


class DatabaseMoved(GigopsError):
    """This side is closed: the data went to the other database, or has not arrived there yet.

    Nothing of the transaction was kept. Running it again lands on the side that is open."""


def integrity_errors() -> tuple[type[Exception], ...]:
    """The drivers' errors for a broken UNIQUE, FOREIGN KEY, NOT NULL or CHECK: `except integrity_errors():`.

    psycopg2 counts only when it is already loaded, so that SQLite users never pay for it."""
    psycopg2 = sys.modules.get("psycopg2")
    return (sqlite3.IntegrityError, *([psycopg2.IntegrityError] if psycopg2 else []))


def from_fence(error: BaseException) -> bool:
    """Whether `error` is a fence speaking, and not a constraint of the application's own."""
    if isinstance(error, sqlite3.IntegrityError):
        return str(error).startswith(FENCE)
    return getattr(error, "pgcode", None) == _POSTGRES_FENCE
