"""Providers for tests: a quiet reporter, a folder of their own, and everything removed at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.clients.clock import SystemClock
from ops.interfaces import Progress
from ops.provision.account import Account, lookup, server_account
from ops.provision.binaries import Places, places
from ops.provision.embedded import Embedded
from ops.settings import Target


class Heard:
    """A reporter that remembers what was said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def say(self, text: str) -> None:
        self.texts.append(text)

    def detail(self, text: str) -> None:
        self.texts.append(text)

    def warn(self, text: str, *, hint: str = "") -> None:
        self.texts.append(f"{text} ({hint})")

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Progress]:
        raise AssertionError("no provider draws a bar")
        yield


def runner() -> Account | None:
    return server_account(os.geteuid(), os.environ, lookup)


def embedded(
    room: Path, target: Target | None = None, where: Places | None = None, account: Account | None = None
) -> Embedded:
    """An embedded server of the application in `room`; what root needs elsewhere lies there too."""
    return Embedded(
        "shop",
        target or Target(),
        room / "app" / ".gigops",
        where or places(),
        account or runner(),
        Heard(),
        SystemClock(),
        room / "system",
    )


@contextmanager
def room() -> Iterator[Path]:
    """A folder that every account of this machine can enter, with an application's folder in it."""
    path = Path(tempfile.mkdtemp(prefix="gigops-test-", dir="/tmp"))
    path.chmod(0o755)
    (path / "app").mkdir()
    try:
        yield path
    finally:
        embedded(path).destroy(delete_data=False)
        shutil.rmtree(path)


@pytest.fixture(name="room")
def room_for_one_test() -> Iterator[Path]:
    with room() as path:
        yield path
