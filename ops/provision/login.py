"""The application's role and database inside a server: made once, without superuser rights, and tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ops.database.connect import connect
from ops.errors import NotReady
from ops.values import DatabaseUrl, Size

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


def version(url: DatabaseUrl) -> str:
    """The server's version (`15.18`), asked with this login. Raises NotReady."""
    link = connect(url, autocommit=True, connect_timeout=5)
    try:
        return version_of(link)
    finally:
        link.close()


def version_of(link: Connection) -> str:
    with link.cursor() as cursor:
        cursor.execute("SELECT split_part(current_setting('server_version'), ' ', 1)")
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def works(url: DatabaseUrl) -> bool:
    try:
        version(url)
    except NotReady:
        return False
    return True


def ensure(admin: DatabaseUrl, wanted: DatabaseUrl) -> Sequence[str]:
    """Makes `wanted`'s role and database where they are missing, and its password the one in `wanted`.

    Returns what it changed. The server is told a SCRAM verifier, never the password.
    """
    if works(wanted):
        return []
    from psycopg2 import sql
    from psycopg2.extensions import encrypt_password

    done = []
    role, database = sql.Identifier(wanted.user), sql.Identifier(wanted.database)
    link = connect(replace(admin, database="postgres"), autocommit=True)
    try:
        with link.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (wanted.user,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
                done.append(f"created the role `{wanted.user}`")
            if wanted.password is not None and not works(replace(wanted, database="postgres")):
                verifier = encrypt_password(wanted.password.reveal(), wanted.user, link, "scram-sha-256")
                cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(role), (verifier,))
                done.append(f"set the password of `{wanted.user}`")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (wanted.database,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
                done.append(f"created the database `{wanted.database}`")
    finally:
        link.close()
    version(wanted)
    return done


def size(url: DatabaseUrl) -> Size:
    """What the database takes on the server's disk. Raises NotReady."""
    link = connect(url, autocommit=True, connect_timeout=5)
    try:
        with link.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            row = cursor.fetchone()
    finally:
        link.close()
    return Size(int(row[0]) if row else 0)
