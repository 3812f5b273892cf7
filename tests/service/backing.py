"""What the backup tests share: both stores behind one look, quick makers, and a store that meddles."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ops.backup.origin import Origin, Postgres
from ops.backup.restore import Restorer
from ops.backup.take import Taker
from ops.clients.clock import SystemClock
from ops.clients.folder import FolderStore
from ops.clients.pgtools import InstalledPgTools
from ops.clients.s3 import S3Store
from ops.database.connect import connect
from ops.interfaces import ObjectStore, PgTools, Progress, StoredObject
from ops.values import DatabaseUrl
from tests.servers.s3 import S3Server

TOOLS = InstalledPgTools()
PART = 5 << 20
AWKWARD = "p:a\\s's\"$%#@/ w"


@dataclass
class Heard:
    """A Reporter that remembers."""

    lines: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.lines.append(text)

    def detail(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str, *, hint: str = "") -> None:
        self.lines.append(f"{text} {hint}")

    def progress(self, label: str, total: int) -> AbstractContextManager[Progress]:
        raise NotImplementedError


@dataclass(frozen=True)
class Place:
    """A store, and a look at what is really there, leftovers included."""

    store: ObjectStore
    left: Callable[[], Sequence[str]]
    replace: Callable[[str, bytes], None]


def folder_place(root: Path) -> Place:
    def left() -> list[str]:
        return [str(path) for path in root.rglob("*")] if root.exists() else []

    def replace(key: str, data: bytes) -> None:
        (root / key).write_bytes(data)

    return Place(FolderStore(root), left, replace)


def s3_place(server: S3Server, bucket: str) -> Place:
    client = server.client()

    def replace(key: str, data: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"deep/er/{key}", Body=data)

    def left() -> list[str]:
        objects = client.list_objects_v2(Bucket=bucket).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [found["Key"] for found in objects] + [f"upload {found['Key']}" for found in uploads]

    store = S3Store(bucket, "deep/er", endpoint_url=server.endpoint_url, attempts=2, smallest_part=PART)
    return Place(
        store,
        left,
        lambda key, data: client.put_object(Bucket=bucket, Key=f"deep/er/{key}", Body=data) and None,
    )


@dataclass
class Meddling:
    """A store during whose first write `act` happens, after `after` bytes were read."""

    inner: ObjectStore
    act: Callable[[], None]
    after: int = PART + 1
    done: bool = False

    def put(self, key: str, source: BinaryIO, *, expected: int = 0) -> int:
        return self.inner.put(key, io.BufferedReader(_Watched(source, self), 1 << 16), expected=expected)

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        return self.inner.open(key)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        return self.inner.list(prefix)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def describe(self) -> str:
        return self.inner.describe()


class _Watched(io.RawIOBase):
    def __init__(self, source: BinaryIO, meddling: Meddling) -> None:
        self._source, self._meddling, self._read = source, meddling, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._read >= self._meddling.after and not self._meddling.done:
            self._meddling.done = True
            self._meddling.act()
        chunk = self._source.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._read += len(chunk)
        return len(chunk)


def taker(store: ObjectStore, origin: Origin | DatabaseUrl, work: Path, *, tools: PgTools = TOOLS) -> Taker:
    return Taker(
        store=store,
        tools=tools,
        clock=SystemClock(),
        reporter=Heard(),
        origin=Postgres(origin) if isinstance(origin, DatabaseUrl) else origin,
        app="shop",
        tool="gigops test",
        work=work,
        token=lambda: secrets.token_hex(3),
    )


def restorer(
    store: ObjectStore,
    work: Path,
    current: DatabaseUrl | None = None,
    *,
    maker: DatabaseUrl | None = None,
    tools: PgTools = TOOLS,
) -> Restorer:
    folder = work.parent / "restored"
    return Restorer(store, tools, SystemClock(), Heard(), "shop", work, folder, current, maker)


def execute(url: DatabaseUrl, *statements: str) -> list[tuple[Any, ...]]:
    """Runs them one by one outside a transaction; the rows of the last."""
    with closing(connect(url, autocommit=True)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def clean_server(admin: DatabaseUrl) -> Iterator[None]:
    """Drops the databases that restores made."""
    try:
        yield
    finally:
        for (name,) in execute(
            admin, "SELECT datname FROM pg_database WHERE datname LIKE '%\\_restored\\_%'"
        ):
            execute(admin, f'DROP DATABASE "{name}" WITH (FORCE)')


def restored_databases(admin: DatabaseUrl) -> list[str]:
    found = execute(admin, "SELECT datname FROM pg_database WHERE datname LIKE '%\\_restored\\_%' ORDER BY 1")
    return [name for (name,) in found]


def children(name: str) -> list[int]:
    """The pids of this process' running children with this program name."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            comm, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if comm == name and int(parent) == os.getpid() and state != "Z":
            found.append(int(folder.name))
    return found


def contents(url: DatabaseUrl) -> list[Any]:
    tables = ("users", "blobs", "empty", "names", 'side."Odd ""name"')
    sums = [
        execute(url, f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t)) FROM {n} t") for n in tables
    ]
    keys = execute(url, "SELECT conrelid::regclass::text, conname FROM pg_constraint ORDER BY 1, 2")
    return [*sums, keys]
