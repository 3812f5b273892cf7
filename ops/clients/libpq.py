"""How PostgreSQL's own programs are told where to connect, with the password in neither argv nor environ."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.errors import Refused
from ops.values import DatabaseUrl, Secret

_GUARDS = {
    "connect_timeout": "15",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "application_name": "gigops backup",
}
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "KRB5CCNAME")


@dataclass(frozen=True)
class Access:
    """What a child process gets: its environment, and the file descriptors it must inherit."""

    environment: Mapping[str, str]
    descriptors: tuple[int, ...]


def password_of(url: DatabaseUrl) -> Secret | None:
    """The password libpq would use: the URL's, that of its `?password=`, or PGPASSWORD."""
    words = dict(url.query)
    for text in (url.password.reveal() if url.password else "", words.get("password", "")):
        if text:
            return Secret(text)
    inherited = os.environ.get("PGPASSWORD", "")
    return Secret(inherited) if inherited else None


def conninfo(url: DatabaseUrl) -> str:
    """The connection in libpq's `keyword='value'` form, without the password: it may be seen by all.

    Raises Refused when the URL holds another secret, which libpq takes in no hidden way."""
    words = {**_GUARDS, **dict(url.query)}
    words.pop("password", None)
    if words.get("sslpassword"):
        raise Refused(
            "`sslpassword` in the database URL would be visible to every user of this machine",
            hint="use a client key without a passphrase, in a file with mode 0600",
        )
    words |= {"host": url.host, "port": str(url.port), "dbname": url.database}
    if url.user:
        words["user"] = url.user
    return " ".join(f"{name}='{_escaped(value)}'" for name, value in words.items())


@contextmanager
def access(password: Secret | None) -> Iterator[Access]:
    """The environment for a child: only what libpq needs of ours, and the password in a passfile.

    The passfile is an anonymous file in memory, which no other process can open by a name on disk;
    where there is no /proc it is a 0600 file that lives as long as the block.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or (name.startswith("PG") and name != "PGPASSWORD")
    }
    environment["LC_ALL"] = "C"  # messages are read by ops.clients.pgtools
    if password is None:
        yield Access(environment, ())
        return
    line = f"*:*:*:*:{password.reveal().replace(chr(92), chr(92) * 2).replace(':', chr(92) + ':')}\n".encode()
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("gigops-passfile", 0)
        try:
            os.fchmod(descriptor, 0o600)  # libpq ignores a passfile that others may read
            os.write(descriptor, line)
            environment["PGPASSFILE"] = f"/proc/self/fd/{descriptor}"
            yield Access(environment, (descriptor,))
        finally:
            os.close(descriptor)
        return
    with tempfile.NamedTemporaryFile(prefix="gigops-") as file:  # made with mode 0600
        file.write(line)
        file.flush()
        environment["PGPASSFILE"] = file.name
        yield Access(environment, ())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
