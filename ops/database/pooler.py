"""A pooler between us and PostgreSQL: is there one, does it keep sessions whole, how many does it give.

PgBouncer, Supavisor and Odyssey answer for the server, so the number that libpq was told for cancelling is
not that of the process behind it. In transaction mode two connections meet the same process: settings and
locks of one session would land in those of the application.
"""

from __future__ import annotations

import select
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ops.database.connect import connect, libpq_words
from ops.errors import NotReady
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_PATIENCE_SECONDS = 3.0
_PID = "SELECT pg_backend_pid()"


def check_sessions(url: DatabaseUrl) -> None:
    """Raises NotReady where each transaction may run in another session (transaction or statement mode)."""
    first = connect(url, autocommit=True)
    try:
        own = _pid(first)
        if own == first.info.backend_pid:
            return
        with ExitStack() as stack:
            # While nothing runs on the first connection, such a pooler lends its process to the second.
            second = _opened(url, stack, f"BEGIN; {_PID}", time.monotonic() + _PATIENCE_SECONDS)
            if own == second or own != _pid(first):
                raise NotReady(
                    f"the pooler at {url.host}:{url.port} changes the session with each transaction, so "
                    "gigops's settings and locks would land in the application's sessions",
                    hint="use the direct address, or a port in session mode (PgBouncer: pool_mode = session;"
                    " Supabase: port 5432 in place of 6543; Neon: the host without `-pooler`)",
                )
    finally:
        first.close()


def room(url: DatabaseUrl, wanted: int) -> int:
    """How many of `wanted` more connections can be had at once. PostgreSQL itself refuses one too many, so
    there the answer is `wanted`; a pooler lets it wait for minutes, so there they are tried. Raises NotReady
    (none)."""
    first = connect(url, autocommit=True)
    try:
        if _pid(first) == first.info.backend_pid:
            return wanted
    finally:
        first.close()
    until, found = time.monotonic() + _PATIENCE_SECONDS, 0
    with ExitStack() as stack:
        while found < wanted and _opened(url, stack, _PID, until) is not None:
            found += 1
    if not found:
        raise NotReady(
            f"the pooler at {url.host}:{url.port} gives no more connections",
            hint="close other clients, or allow more (PgBouncer: default_pool_size), then run it again",
        )
    return found


def _pid(connection: Connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_PID)
        return int((cursor.fetchone() or (0,))[0])


def _opened(url: DatabaseUrl, stack: ExitStack, sql: str, until: float) -> int | None:
    """What `sql` answers on one more connection, which `stack` closes; None when none is to be had."""
    import psycopg2

    try:
        connection = psycopg2.connect(**libpq_words(url), async_=True)
        stack.callback(connection.close)
        if not _ready(connection, until):
            return None
        cursor = connection.cursor()
        cursor.execute(sql)
        return int((cursor.fetchone() or (0,))[0]) if _ready(connection, until) else None
    except psycopg2.Error:
        return None


def _ready(connection: Connection, until: float) -> bool:
    from psycopg2 import extensions

    while (state := connection.poll()) != extensions.POLL_OK:
        left = until - time.monotonic()
        if left <= 0:
            return False
        descriptor = [connection.fileno()]
        reads, writes = (descriptor, []) if state == extensions.POLL_READ else ([], descriptor)
        select.select(reads, writes, [], left)
    return True
