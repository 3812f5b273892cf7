"""Opens a PostgreSQL connection, and says in plain words why it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.errors import NotReady, VersionSkew
from ops.values import DatabaseUrl, redact

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

OLDEST_MAJOR = 13


def connect(
    url: DatabaseUrl, *, application_name: str = "gigops", connect_timeout: int = 10, autocommit: bool = False
) -> Connection:
    """A psycopg2 connection to `url`, in UTC and UTF-8.

    Raises NotReady (unreachable, refused, wrong password, no such database) and VersionSkew (a server
    older than 13). No error text holds the password.
    """
    import psycopg2

    words = libpq_words(url, application_name, connect_timeout)
    try:
        connection: Connection = psycopg2.connect(**words)
    except psycopg2.OperationalError as error:
        raise _explained(url, redact(str(error), url.password)) from None
    except psycopg2.ProgrammingError as error:
        text = redact(str(error), url.password).strip()
        raise NotReady(f"`{url}` is refused by libpq: {text}", hint="look at the part behind `?`") from None
    if connection.server_version < OLDEST_MAJOR * 10000:
        version = connection.server_version // 10000
        connection.close()
        raise VersionSkew(
            f"the server at {url.host}:{url.port} is PostgreSQL {version}; gigops needs {OLDEST_MAJOR} or "
            "newer",
            hint="provision a newer one: gigops provision --provider embedded",
        )
    connection.autocommit = autocommit
    return connection


def libpq_words(
    url: DatabaseUrl, application_name: str = "gigops", connect_timeout: int = 10
) -> dict[str, Any]:
    """What psycopg2 is given to connect; the password is among it."""
    words: dict[str, Any] = {**dict(url.query)}
    words.update(
        host=url.host,
        port=url.port,
        dbname=url.database,
        application_name=application_name,
        connect_timeout=connect_timeout,
        client_encoding="UTF8",
    )
    if url.user:
        words["user"] = url.user
    if url.password is not None:
        words["password"] = url.password.reveal()
    return words


def _explained(url: DatabaseUrl, text: str) -> NotReady:
    where = f"{url.host}:{url.port}"
    reason = text.strip().splitlines()[-1].strip() if text.strip() else "no reason given"
    reason = reason.split("FATAL:")[-1].strip()
    if "password authentication failed" in text or "no password supplied" in text:
        return NotReady(
            f"the server at {where} refuses the password of `{url.user}`",
            hint="check DATABASE_URL, or target.url in gigops.yaml",
        )
    if "SSL" in text or "root certificate" in text or "server certificate" in text:
        return NotReady(
            f"no safe connection to {where}: {reason}",
            hint="look at sslmode and sslrootcert behind `?` of the URL",
        )
    if "does not exist" in text:
        return NotReady(
            f"the server at {where} answers: {reason}", hint="check the name at the end of the URL"
        )
    return NotReady(f"no PostgreSQL can be reached at {where}: {reason}", hint="is it running? gigops status")
