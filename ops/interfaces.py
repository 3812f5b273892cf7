"""All that gigops may do outside, on one page. The clients implement these; the domains are handed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from ops.values import DatabaseUrl


@dataclass(frozen=True)
class Completed:
    """A finished command: its exit code and what it printed (texts, already redacted)."""

    exit_code: int
    stdout: str
    stderr: str


class Shell(Protocol):
    """Runs a command line the user wrote in gigops.yaml or a playbook (`/bin/sh -c`)."""

    def run(
        self,
        command: str,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed: ...


class Http(Protocol):
    """Asks a URL; used for health checks."""

    def status(self, url: str, *, timeout: float) -> int:
        """The HTTP status of a GET. Raises NotReady when there is no answer."""
        ...


class Clock(Protocol):
    """Time, so that tests can hand in another."""

    def now(self) -> datetime:
        """The present moment, with UTC as its zone."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Progress(Protocol):
    """One running bar: `advance` by units done."""

    def advance(self, amount: int) -> None: ...


class Reporter(Protocol):
    """Says to the user what happens: lines and bars on stderr, never on stdout."""

    def say(self, text: str) -> None:
        """What is about to happen or has happened, one line."""
        ...

    def detail(self, text: str) -> None:
        """The same, shown with --verbose only."""
        ...

    def warn(self, text: str, *, hint: str = "") -> None: ...

    def progress(self, label: str, total: int) -> AbstractContextManager[Progress]: ...


class Pace(Protocol):
    """How much time a long step still has."""

    def check(self) -> None:
        """Returns at once, or raises when the window is over or the user wants to stop."""
        ...


@dataclass(frozen=True)
class StoredObject:
    """One object of a store: its key below the store's prefix, bytes, and when it was written."""

    key: str
    size: int
    modified: datetime


class ObjectStore(Protocol):
    """A place for backups: a folder or a bucket, each with a prefix of its own. Keys use `/`."""

    def put(self, key: str, source: BinaryIO, *, expected: int = 0) -> int:
        """Stores what `source` yields until its end, and returns the bytes written. All or nothing:
        when reading raises, nothing is left under `key` and the error goes on. Refuses (Refused) to
        overwrite. `expected` is a guess of the size, from which a store may plan its parts."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The object's bytes, streamed. Raises Missing."""
        ...

    def list(self, prefix: str = "") -> Iterator[StoredObject]: ...

    def delete(self, key: str) -> None: ...

    def describe(self) -> str:
        """The store as a user writes it, without secrets: `s3://bucket/prefix`, `/srv/backups`."""
        ...


class PgTools(Protocol):
    """pg_dump and pg_restore of a major version that suits the server."""

    def dump(self, url: DatabaseUrl, *, snapshot: str = "") -> AbstractContextManager[BinaryIO]:
        """A running `pg_dump -Fc`, read as a stream, of the exported `snapshot` where one is given.
        Reading its end raises NotReady unless it exited with 0, so whoever copies the stream fails
        with it. Raises VersionSkew before any byte when no client suits the server."""
        ...

    def restore(self, archive: BinaryIO, url: DatabaseUrl, *, options: Sequence[str] = ()) -> None:
        """Feeds `archive` to `pg_restore --exit-on-error` into an existing, empty database."""
        ...

    def versions(self, url: DatabaseUrl) -> Mapping[str, str]:
        """`{"server": "15.18", "pg_dump": "15.18"}`."""
        ...
